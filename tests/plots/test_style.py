"""The palette: seen on white, told apart by the colour-blind, and in grey with the help of markers."""

from itertools import combinations, pairwise

import pytest
from colours import BLIND, contrast, lightness, seen_distance
from matplotlib.image import imread

from gnnseq.plots.style import COLOURS, MARKERS, bare, decades, figure, panels, save


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


def test_a_figure_has_its_size_and_is_white():
    drawn = figure(3.0, 2.0)
    assert drawn.get_size_inches().tolist() == [3.0, 2.0]
    assert drawn.get_facecolor() == (1.0, 1.0, 1.0, 1.0)
    assert drawn.get_layout_engine() is not None


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 3, 2), (7, 3, 3)])
def test_panels_stand_three_in_a_row(count, columns, rows):
    drawn, grid = panels(count, 2.0, 1.5)
    assert len(grid) == count
    assert drawn.get_size_inches().tolist() == [2.0 * columns, 1.5 * rows + 0.9]
    assert [axes.get_visible() for axes in drawn.axes] == [True] * count + [False] * (columns * rows - count)


@pytest.mark.parametrize("shared", [True, False])
def test_panels_have_their_axes_in_common_if_asked(shared):
    _, (first, second) = panels(2, 2.0, 2.0, shared)
    first.set_xlim(3, 4)
    assert (second.get_xlim() == (3, 4)) is shared


def test_a_file_is_written_whole_in_place_of_an_old_one(tmp_path):
    path = tmp_path / "new" / "figure.png"
    for width in (2.0, 3.0):
        assert save(figure(width, 1.0), str(path)) == path
        assert imread(path).shape[:2] == (150, 150 * width)
    assert [file.name for file in path.parent.iterdir()] == ["figure.png"]


def test_a_drawing_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "figure.png"
    save(figure(1.0, 1.0), path)
    before, broken = path.read_bytes(), figure(1.0, 1.0)
    broken.suptitle("$\\nothing$")
    with pytest.raises(ValueError, match="nothing"):
        save(broken, path)
    assert path.read_bytes() == before


def test_a_bare_panel_keeps_two_sides():
    _, (axes,) = panels(1, 2.0, 2.0)
    bare(axes)
    assert [name for name, spine in axes.spines.items() if spine.get_visible()] == ["left", "bottom"]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (15, 340, ["20", "50", "100", "200"]),
        (0.002, 30, ["0.01", "0.1", "1", "10"]),
        (10, 30_000, ["10", "100", "1,000", "10,000"]),
        (1e-6, 1, ["$10^{-6}$", "$10^{-5}$", "$10^{-4}$", "$10^{-3}$"]),
        (1e-6, 3e-5, ["$10^{-6}$", "$2\\cdot10^{-6}$", "$5\\cdot10^{-6}$"]),
        (1e5, 1e8, ["$10^{5}$", "$10^{6}$", "$10^{7}$"]),
        (2e-4, 0.04, ["0.001", "0.01"]),
    ],
)
def test_decades_are_plain_numbers_where_these_are_short(low, high, labels):
    _, (axes,) = panels(1, 3.0, 3.0)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    decades(axes.yaxis)
    axes.figure.canvas.draw()
    shown = [t.get_text() for t, place in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)
             if low <= place <= high]  # fmt: skip
    assert shown[: len(labels)] == labels


def test_the_lowest_panel_of_each_column_has_tick_labels():
    _, grid = panels(4, 2.0, 2.0)
    assert [axes.xaxis.get_tick_params()["labelbottom"] for axes in grid] == [False, True, True, True]
