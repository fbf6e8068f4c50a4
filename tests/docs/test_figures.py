"""The list of figures: complete, with files that are there; and pictures that a dark page leaves as they are."""

import re
from pathlib import Path

import pytest
from matplotlib.image import imread

DOCS = Path(__file__).parents[2] / "docs"
FIGURES = sorted((DOCS / "figures").glob("*.png"))
PAGE = (DOCS / "figures.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^- `([\w.]+\.png)` on (.*?)(?=^[-#]|\Z)", PAGE, re.MULTILINE | re.DOTALL)


def test_every_figure_is_listed_once():
    assert sorted(name for name, _ in ROWS) == [figure.name for figure in FIGURES]


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[name for name, _ in ROWS])
def test_a_row_names_the_page_and_the_history(name, row):
    pages = re.findall(r"\]\(([\w.]+)\)", row)
    assert pages
    assert [page for page in pages if name not in (DOCS / page).read_text(encoding="utf-8")] == []
    history = re.findall(r"^  - \d+ \w+ 20\d\d: (.*)$", row, re.MULTILINE)
    assert history[0] == "made"
    assert len(history) == row.count("\n  - ")


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.stem)
def test_a_figure_has_a_ground_of_its_own(figure):
    picture = imread(figure)
    assert picture[[0, 0, -1, -1], [0, -1, 0, -1], :3].min() == 1
    assert picture.shape[2] == 3 or picture[..., 3].min() == 1
