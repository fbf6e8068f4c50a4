"""Formulas of the site: MathML in the page itself, and a mistake in one stops the build."""

import importlib
import re
import sys
import xml.etree.ElementTree as ElementTree
from io import StringIO
from pathlib import Path

import pytest
from sphinx.application import Sphinx

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def extension(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    yield importlib.import_module("mathml")
    del sys.modules["mathml"]


def build(source: str, folder: Path) -> tuple[str, str]:
    """A page as HTML, and the warnings."""
    (folder / "index.md").write_text(source, encoding="utf-8")
    (folder / "conf.py").write_text(
        'extensions = ["mathml", "myst_parser"]\n'
        'myst_enable_extensions = ["dollarmath"]\n'
        'html_math_renderer = "mathml"\n'
    )
    said = StringIO()
    Sphinx(folder, folder, folder / "out", folder / "doctrees", "html", status=None, warning=said).build()
    return (folder / "out" / "index.html").read_text(encoding="utf-8"), said.getvalue()


def test_formulas_stand_in_the_page(extension, tmp_path):
    page, warnings = build("# Title\n\nWith $h_t < 1$:\n\n$$\\frac{a}{b} = \\sum_i x_i$$\n", tmp_path)
    assert warnings == ""
    line, lines = re.findall(r"<math.*?</math>", page, re.DOTALL)
    assert "display" not in ElementTree.fromstring(line).attrib
    assert ElementTree.fromstring(lines).attrib["display"] == "block"
    assert "<mfrac>" in lines
    assert re.findall(r'src="https?:', page) == []


def test_a_mistake_is_a_warning_that_quotes_it(extension, tmp_path):
    page, warnings = build("# Title\n\n$\\tanq x$\n", tmp_path)
    assert "index.md" in warnings
    assert r'formula \tanq x: 0: Unknown command "\tanq"' in warnings
    assert r"<code>\tanq x</code>" in page


def test_several_lines_are_aligned(extension):
    assert extension.mathml(r"a &= b \\ c &= d", block=True).count("<mtr>") == 2


def test_no_page_needs_the_network_for_its_formulas():
    conf = (DOCS / "conf.py").read_text(encoding="utf-8")
    assert 'html_math_renderer = "mathml"' in conf
    assert "mathjax" not in conf
