# Python 3.11 or newer that .venv is made from, and words for the example: make compare ARGS="--help"
PYTHON ?= python3
ARGS ?=

export PYTHON
RUN := .venv/bin/python
PYTEST := $(RUN) -m pytest -n 2

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-dev setup-test compare lectures test lint types contracts tests \
	tests-without-scatter test-browser attack versions package docs links benchmark format clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-24s%s\n", $$1, $$2}' Makefile

setup:  ## .venv with gnnseq and what its examples use
	@.ci/setup core

setup-dev:  ## setup, and the tools for lint, types and tests
	@.ci/setup dev

setup-test:  ## setup-dev, and torch-scatter, compiled here
	@.ci/setup test

compare: setup  ## compare recurrent and graph networks on palindromes
	@$(RUN) examples/compare_rnn_vs_gnn.py $(ARGS)

lectures:  ## open the six lectures in the browser, with JupyterLab
	@.ci/setup lectures
	@$(RUN) -m jupyterlab docs/lectures $(ARGS)

test: setup-test lint types contracts tests tests-without-scatter docs package  ## the checks and tests below

lint: setup-dev  ## style, format and spelling
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@.venv/bin/codespell

types: setup-dev  ## mypy, strict
	@$(RUN) -m mypy

contracts: setup-dev  ## who may import whom
	@$(RUN) -c 'from importlinter.cli import lint_imports_command as run; run()' --no-logo

tests: setup-test  ## the tests, with torch-scatter
	@$(PYTEST)

tests-without-scatter: setup-test  ## the tests of what computes on graphs, with torch-scatter switched off
	@GNNSEQ_WITHOUT_SCATTER=1 $(PYTEST) $(addprefix tests/,analysis data examples experiments graphs layers models ops \
		studies training)

test-browser: setup-dev  ## the pages in Chromium, which is installed with playwright-core and axe-core where they are missing
	@.ci/browser
	@$(RUN) -m pytest tests/browser tests/page

attack: setup-dev  ## kills, flipped bits, mutated inputs and a server that lies, for minutes; docs/runs/reliability.md
	@PYTHONPATH=.:tests:docs $(RUN) -m attack $(ARGS)

versions:  ## the tests on other versions of Python, torch and PyG, each downloaded into an environment of its own: hours
	@$(PYTHON) .ci/versions.py $(ARGS)

package: setup-dev  ## build sdist and wheel into dist, and use the wheel where nothing else is installed
	@$(RUN) .ci/package.py

docs: setup-dev  ## the site, in docs/_build/html; runs the lectures, and takes warnings as errors
	@$(RUN) -m sphinx --quiet --fail-on-warning --keep-going --builder html docs docs/_build/html

links: setup-dev  ## ask every address that the site names; needs the network, so it is not part of test
	@$(RUN) -m sphinx --quiet --keep-going --builder linkcheck -D nb_execution_mode=off docs docs/_build/links

benchmark: setup  ## speed and memory against the peers, which go into .venv-bench
	@benchmarks/setup.sh
	@.venv-bench/bin/python benchmarks/run.py $(ARGS)

format: setup-dev  ## let ruff format and fix the sources
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

clean:  ## remove .venv if it was made here, and what the tools left; results are kept
	[ ! -f .venv/made-in ] || [ -L .venv ] || rm -rf .venv
	rm -rf .venv-bench build dist gnnseq.egg-info .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis
	find . -path './.venv*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
