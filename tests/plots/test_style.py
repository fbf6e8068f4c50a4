"""The palette: seen on white, told apart by the colour-blind, and in grey with the help of markers."""

from itertools import combinations, pairwise

import pytest
from colours import BLIND, contrast, lightness, seen_distance

from gnnseq.plots.style import COLOURS, MARKERS


def test_lightness_is_that_of_greys():
    assert [round(lightness(grey)) for grey in ("black", "#777777", "white")] == [0, 50, 100]
    assert contrast("black") == pytest.approx(21)
    assert contrast("white") == pytest.approx(1)


def test_every_colour_stands_out_on_white():
    assert [colour for colour in COLOURS if contrast(colour) < 2.2] == []


def test_the_first_colours_are_steps_in_grey():
    steps = sorted(lightness(colour) for colour in COLOURS[:5])
    assert min(high - low for low, high in pairwise(steps)) > 3
    assert steps[-1] - steps[0] > 20


@pytest.mark.parametrize("blindness", BLIND)
def test_no_two_colours_are_one_to_the_colour_blind(blindness):
    assert min(seen_distance(one, other, blindness) for one, other in combinations(COLOURS, 2)) > 9


def test_colours_that_are_alike_in_grey_come_with_other_markers():
    assert len(set(MARKERS)) == len(MARKERS) == len(COLOURS)
