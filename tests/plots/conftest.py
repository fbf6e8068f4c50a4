"""Figures that tests look at instead of files."""

import sys

import pytest


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Calls what draws a figure and gives the figure, which is not written."""

    def call(plot, *arguments, **options):
        found = []
        monkeypatch.setattr(sys.modules[plot.__module__], "save", lambda figure, path: found.append((figure, path)))
        plot(*arguments, path=tmp_path / "figure.png", **options)
        ((figure, path),) = found
        assert path == tmp_path / "figure.png"
        return figure

    return call
