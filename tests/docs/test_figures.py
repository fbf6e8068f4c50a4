"""The table of figures: complete, with a page and a command for each; pictures that a dark page leaves as they are."""

import re
from pathlib import Path

import pytest
from matplotlib.image import imread

DOCS = Path(__file__).parents[2] / "docs"
FIGURES = sorted((DOCS / "figures").glob("*.png"))
PAGE = (DOCS / "figures.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| `")]


def listed(row):
    """The figures of a row: the names in its first cell."""
    return re.findall(r"`([\w.]+\.png)`", row.split("|")[1])


def test_every_figure_is_listed_once():
    assert sorted(name for row in ROWS for name in listed(row)) == [figure.name for figure in FIGURES]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: listed(row)[0])
def test_a_row_names_the_page_and_the_command(row):
    _, _, page, command, records, _ = row.split("|")
    text = (DOCS / re.search(r"\]\(([\w.]+)\)", page)[1]).read_text(encoding="utf-8")
    assert [name for name in listed(row) if name not in text] == []
    assert re.search(r"`(python \S+|gnnseq\.[\w.]+)", command)
    assert records.strip()


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.stem)
def test_a_figure_has_a_ground_of_its_own(figure):
    picture = imread(figure)
    assert picture[[0, 0, -1, -1], [0, -1, 0, -1], :3].min() == 1
    assert picture.shape[2] == 3 or picture[..., 3].min() == 1
