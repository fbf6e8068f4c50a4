"""Every figure that the tests of this folder draw is looked at in grey."""

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
        if one.get_label() != other.get_label()
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
