"""Tables between two marks of a page are those that its script makes of the stored records."""

import re
import runpy
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
MARK = re.compile(r"<!-- ([\w ]+):[^>]*-->")
SCRIPTS = {
    "verdicts.md": "make_verdicts",
    "comparison.md": "make_comparison",
    "guides/own_data.md": "make_comparison",
    "results/comparison/tables.md": "make_comparison",
    "optimizers.md": "make_optimizers",
    "choices.md": "make_choices",
    "trees.md": "make_trees",
    "logic.md": "make_trees",
    "fairy_tales.md": "make_fairy_tales",
}


@pytest.mark.parametrize("page", SCRIPTS)
def test_tables_are_those_of_the_records(page, monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    text = (DOCS / page).read_text(encoding="utf-8")
    assert MARK.search(text)
    script = runpy.run_path(str(DOCS / f"{SCRIPTS[page]}.py"), run_name="docs")
    assert script["filled"](text) == text
    sys.modules.pop("stored", None)
