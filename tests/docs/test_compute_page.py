"""The page on computability: tables and figures are those of the stored records."""

import re

import make_compute

PAGE = make_compute.PAGE.read_text(encoding="utf-8")


def test_tables_are_those_of_the_records():
    for path, text in make_compute.filled().items():
        assert path.read_text(encoding="utf-8") == text, path.name


def test_no_prediction_is_contradicted():
    assert not [found.cell for found in make_compute.outcomes(make_compute.final()) if found.is_contradicted]


def test_figures_are_shown_and_drawn():
    shown = set(re.findall(r"\]\(figures/([\w.]+)\)", PAGE))
    assert shown == {"compute.png", "drift.png"}
    assert all((make_compute.FIGURES / name).stat().st_size > 10_000 for name in shown)
