"""Figures that tests look at instead of files; every one that is written or looked at is seen in grey too."""

import sys
from itertools import combinations

import pytest
from colours import lightness
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def alike_in_grey(axes: Axes) -> list[tuple[str, str]]:
    """Named lines of a panel that only their colours tell apart."""
    named = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
    return [
        (str(one.get_label()), str(other.get_label()))
        for one, other in combinations(named, 2)
        if str(one.get_label()).strip() != str(other.get_label()).strip()
        and (one.get_linestyle(), one.get_marker()) == (other.get_linestyle(), other.get_marker())
        and abs(lightness(one.get_color()) - lightness(other.get_color())) < 15
    ]


@pytest.fixture(autouse=True)
def figures_are_readable_in_grey(monkeypatch):
    drawn, written = [], Figure.savefig

    def savefig(self, *args, **options):
        drawn.append(self)
        return written(self, *args, **options)

    monkeypatch.setattr(Figure, "savefig", savefig)
    yield
    assert [pair for figure in drawn for axes in figure.axes for pair in alike_in_grey(axes)] == []


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Calls what draws a figure and gives the figure, which is not written."""

    def call(plot, *arguments, **options):
        found = []
        monkeypatch.setattr(sys.modules[plot.__module__], "save", lambda figure, path: found.append((figure, path)))
        plot(*arguments, path=tmp_path / "figure.png", **options)
        ((figure, path),) = found
        assert path == tmp_path / "figure.png"
        assert [pair for axes in figure.axes for pair in alike_in_grey(axes)] == []
        return figure

    return call
