"""The pages of the documentation: their code runs, their links lead somewhere, and none is left out."""

import ast
import re
from pathlib import Path
from textwrap import dedent

import nbformat
import pytest
from myst_parser.slugs import github_slugify

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TOP = ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY", "CODE_OF_CONDUCT", "paper")
PAGES = [ROOT / f"{name}.md" for name in TOP]
PAGES += sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)
NOTEBOOKS = sorted(book for book in DOCS.rglob("*.ipynb") if not {"_build", ".ipynb_checkpoints"} & set(book.parts))
OPTIONAL = DOCS / "guides" / "other_libraries.md"  # tests/docs/test_other_libraries.py runs what can run
NEEDS = {DOCS / "guides" / "lightning.md": "lightning"}  # no dependency: skipped where it is not installed
WITH_CODE = [page for page in PAGES if "```python\n" in page.read_text(encoding="utf-8") and page != OPTIONAL]
FOLDERS = ("benchmarks", "docs", "examples", "gnnseq")
SOURCES = PAGES + sorted(
    path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if path.parent.name != "peers"
)


def name(page):
    return str(page.relative_to(ROOT))


def prose(page):
    """The text of a page, or of a notebook's cells without code."""
    if page.suffix == ".ipynb":
        return "\n\n".join(c.source for c in nbformat.read(page, as_version=4).cells if c.cell_type == "markdown")
    return page.read_text(encoding="utf-8")


def anchors(page):
    """What a link may name on a page: its headings, as GitHub and MyST spell them."""
    text = re.sub(r"^```.*?^```", "", prose(page), flags=re.DOTALL | re.MULTILINE)
    return {github_slugify(heading.replace("`", "")) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def dead_links(page):
    """Links of a page to files that are not there, or to headings that they do not have."""
    text = re.sub(r"```.*?```|\$[^$\n]*\$", "", prose(page), flags=re.DOTALL)
    dead = []
    for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)", text):
        file, _, heading = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (heading and heading not in anchors(target)):
            dead.append(link)
    return dead


def docstrings(source):
    """The docstrings of a module."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(source)) if isinstance(node, documented)]


@pytest.mark.parametrize("page", WITH_CODE, ids=name)
@pytest.mark.filterwarnings("ignore:.*:Warning:lightning")
def test_code_runs_in_order(page, tmp_path, monkeypatch):
    if page in NEEDS:
        pytest.importorskip(NEEDS[page])
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(dedent(block), name(page), "exec"), names)


def test_pages_with_code_are_found():
    assert ROOT / "README.md" in WITH_CODE
    assert len(WITH_CODE) > 15


@pytest.mark.parametrize("page", PAGES + NOTEBOOKS, ids=name)
def test_links_lead_somewhere(page):
    assert dead_links(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "other.md").write_text("# One `two`, three\n")
    page = tmp_path / "page.md"
    links = ["other.md", "other.md#one-two-three", "#a-b", "https://there", "gone.md", "other.md#four", "#c"]
    page.write_text("# A b\n" + " ".join(f"[x]({link})" for link in links) + "\n```\n# C\n[x](shown.md)\n```\n")
    assert dead_links(page) == ["gone.md", "other.md#four", "#c"]


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_named_in_docstrings_and_pages_are_there(path):
    text = path.read_text(encoding="utf-8")
    text = "\n".join(docstrings(text)) if path.suffix == ".py" else re.sub(r"https?://\S+", "", text)
    named = re.findall(r"(?<![\w/.-])(?:benchmarks|docs|examples|gnnseq|tests)/[\w/.-]*\.\w+", text)
    assert [file for file in named if not (ROOT / file).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pictures_say_what_they_show(page):
    texts = re.findall(r"!\[([^\]]*)\]\(", page.read_text(encoding="utf-8"))
    assert [text for text in texts if len(text) < 15] == []


def test_every_figure_is_on_a_page():
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [figure.name for figure in (DOCS / "figures").glob("*.png") if figure.name not in text] == []
