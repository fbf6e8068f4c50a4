""".ci/versions.py: what pip is held to for every row; nothing is installed."""

import importlib.util
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPEC = importlib.util.spec_from_file_location("ci_versions", ROOT / ".ci" / "versions.py")
versions = importlib.util.module_from_spec(SPEC)
sys.modules["ci_versions"] = versions  # where dataclasses look
SPEC.loader.exec_module(versions)


def test_all_rows_hold_every_package_to_one_version():
    for row in versions.ROWS:
        names = [versions.canonical(line.partition("==")[0]) for line in versions.constraints(row)]
        assert len(names) == len(set(names)), row.name
        assert {"torch", "torch-geometric"} <= set(names)


def test_rows_pin_what_their_names_say():
    (row,) = [row for row in versions.ROWS if row.name == "torch-2.12"]
    lines = versions.constraints(row)
    assert {"torch==2.12.1", "torch-geometric==2.7.0"} <= set(lines)
    assert [line for line in lines if re.match(r"torch==(?!2\.12\.1)", line)] == []


def test_the_oldest_row_has_pyproject_s_lower_bounds_alone():
    (row,) = [row for row in versions.ROWS if row.oldest]
    bounds = dict(requirement.split(">=") for requirement in versions.PROJECT["dependencies"])
    lines = versions.constraints(row)
    assert {f"{name}=={bound}" for name, bound in bounds.items()} <= set(lines)
    assert any(line.startswith("dask==") for line in lines)
    assert not any(line.startswith("ruff") for line in lines)


def test_every_python_that_the_project_names_has_a_row():
    named = [c.rpartition(" ")[2] for c in versions.PROJECT["classifiers"] if "Python :: 3." in c]
    assert sorted({row.python for row in versions.ROWS}) == sorted(named)


def test_a_row_without_an_interpreter_is_left_out(monkeypatch):
    monkeypatch.setattr(versions, "interpreter", lambda python: None)
    record = versions.run(versions.ROWS[0], [])
    assert record["status"].startswith("left out: no python3.11")
    assert "left out" in versions.table([record])


def test_the_table_counts_what_failed():
    ran = {"row": "a", "python": "3.12", "status": "run", "versions": {"torch": "2", "torch-geometric": "3"}}
    ran |= {"passed": 1200, "failed": ["x"], "skipped": 3}
    assert versions.table([ran]).endswith("| a | 3.12 | 2 | 3 | 1,200 pass, 1 fail, 3 skipped |")
