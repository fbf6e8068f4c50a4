"""The pages about layers: every public name is on one."""

import re
from pathlib import Path

from gnnseq import layers

PAGES = sorted((Path(__file__).parents[2] / "docs" / "layers").glob("*.md"))


def test_every_layer_is_on_a_page():
    table = next(page for page in PAGES if page.stem == "README").read_text()
    linked = set(re.findall(r"\((\w+\.md)\)", table))
    assert linked == {page.name for page in PAGES} - {"README.md"}
    assert [name for name in layers.__all__ if f"`{name}`" not in table] == []
