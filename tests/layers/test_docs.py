"""The pages about layers: every public name is on one, and their code runs."""

import re
from pathlib import Path

import pytest

from gnnseq import layers

PAGES = sorted((Path(__file__).parents[2] / "docs" / "layers").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_runs(page):
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert blocks or page.stem == "README"
    names = {}
    for block in blocks:
        exec(compile(block, str(page), "exec"), names)


def test_every_layer_is_on_a_page():
    table = next(page for page in PAGES if page.stem == "README").read_text()
    linked = set(re.findall(r"\((\w+\.md)\)", table))
    assert linked == {page.name for page in PAGES} - {"README.md"}
    assert [name for name in layers.__all__ if f"`{name}`" not in table] == []
