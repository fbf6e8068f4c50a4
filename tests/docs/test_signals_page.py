"""The page on signals: its tables are those of the stored results."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

DOCS = Path(__file__).parents[2] / "docs"
SCRIPT = SimpleNamespace(**runpy.run_path(str(DOCS / "make_signals.py"), run_name="docs"))


def test_tables_are_those_of_the_results():
    text = (DOCS / "signals.md").read_text()
    assert text.count("<!-- table ") == len(SCRIPT.tables())
    assert SCRIPT.filled(text) == text


def test_results_are_of_three_seeds_and_name_no_path():
    for name in ("spreading", "traffic", "one_step"):
        found = SCRIPT.read(name)
        assert len(found["results"][SCRIPT.TRUE]["runs"]) == 3
        assert not {"series", "adjacency", "output"} & found["options"].keys()


def test_an_error_of_the_page_is_the_mean_over_the_runs():
    result = SCRIPT.read("traffic")["results"][SCRIPT.TRUE]
    mean = sum(run["MAE"][5] for run in result["runs"]) / len(result["runs"])
    line = next(line for line in SCRIPT.by_step("traffic", 2).splitlines() if line.startswith(f"| {SCRIPT.TRUE} |"))
    assert f"{mean:.2f}" in line
    assert float(SCRIPT.spread(result)) == pytest.approx(0.0, abs=0.2)
