"""The pages on reach and gradients: their code runs, and their tables are those of the stored records."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "reach.md", DOCS / "gradients.md"]
SCRIPT = SimpleNamespace(**runpy.run_path(str(DOCS / "make_reach.py"), run_name="docs"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_runs(page):
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    names = {}
    for block in blocks:
        exec(compile(block, str(page), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_tables_are_those_of_the_records(page):
    text = page.read_text()
    assert "<!-- table" in text
    assert SCRIPT.filled(text) == text


def test_every_figure_is_there_and_drawn_by_the_script():
    shown = {name for page in PAGES for name in re.findall(r"\]\(figures/([\w.]+)\)", page.read_text())}
    drawn = set(re.findall(r'FIGURES / "([\w.]+)"', (DOCS / "make_reach.py").read_text()))
    assert drawn == shown
    assert all((DOCS / "figures" / name).stat().st_size > 10_000 for name in drawn)


def test_the_script_draws_from_the_records(tmp_path, monkeypatch):
    calls = {}
    names = [name for name in SCRIPT.draw.__globals__ if name.startswith("plot_")]
    for name in names:
        monkeypatch.setitem(
            SCRIPT.draw.__globals__, name, lambda records, path, name=name: calls.update({name: len(records)})
        )
    SCRIPT.draw()
    assert set(calls) == set(names)
    assert all(calls.values())
