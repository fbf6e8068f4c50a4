import pytest
from drawings import legend, lines, spans, texts

from gnnseq.plots.studies.sight import plot_sight
from gnnseq.studies.reach.sight import SightRecord


def record(family="gcn", initialisation="default", influence=((0.6, 0.4, 0.0),), theory=(0.5, 0.25, 0.25)):
    return SightRecord(family, family.upper(), initialisation, 2, 1, [list(s) for s in influence], list(theory), "walk")


def test_means_theory_and_gaps_where_influence_is_exactly_zero(drawn):
    (axes,) = drawn(plot_sight, [record(influence=((0.6, 0.4, 0.0), (0.8, 0.2, 0.0)))]).axes
    assert lines(axes) == {
        "default initialisation": ([0, 1, 2], [pytest.approx(0.7), pytest.approx(0.3), None]),
        "theory, default: walk": ([0, 1, 2], [0.5, 0.25, 0.25]),
    }
    assert axes.get_yscale() == "log"
    assert spans(axes) == [(1.5, 2.5)]
    assert texts(axes) == ["exactly 0"]


def test_nothing_is_grey_where_all_is_seen(drawn):
    (axes,) = drawn(plot_sight, [record(influence=((0.6, 0.3, 0.1),))]).axes
    assert spans(axes) == []
    assert texts(axes) == []


def test_a_panel_for_each_family_with_both_initialisations(drawn):
    records = [record("lstm"), record("lstm", "chrono"), record("gcn")]
    figure = drawn(plot_sight, records)
    lstm, gcn = [axes for axes in figure.axes if axes.get_visible()]
    assert (lstm.get_title(), gcn.get_title()) == ("LSTM", "GCN")
    assert legend(lstm) == [
        "default initialisation", "theory, default: walk", "chrono initialisation", "theory, chrono: walk",
    ]  # fmt: skip
    assert legend(gcn) == ["default initialisation", "theory, default: walk"]
    assert figure._suptitle.get_text().endswith("over 1 initialisations")


def test_two_theories_differ_by_their_lines(drawn):
    axes = drawn(plot_sight, [record("lstm"), record("lstm", "chrono", theory=(0.2, 0.2, 0.2))]).axes[0]
    styles = {line.get_label(): line.get_linestyle() for line in axes.get_lines()}
    assert styles["theory, default: walk"] != styles["theory, chrono: walk"]


def test_one_model_under_two_names_has_one_panel(drawn):
    records = [record("lstm"), record("tree-lstm"), record("gcn")]
    titles = [axes.get_title() for axes in drawn(plot_sight, records).axes]
    assert titles == ["LSTM\n(equal: TREE-LSTM)", "GCN"]
    unlike = [record("lstm"), record("tree-lstm", influence=((0.5, 0.5, 0.0),))]
    assert len(drawn(plot_sight, unlike).axes) == 2


def test_the_band_spans_the_seeds_down_to_the_floor(drawn):
    (axes,) = drawn(plot_sight, [record(influence=((0.9, 0.1), (0.99, 0.0)), theory=(0.5, 0.5))]).axes
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (pytest.approx(0.01), 0.99)  # the floor, a tenth of the least share
    assert axes.get_ylim() == (pytest.approx(0.01), 2.0)


def test_nothing_to_draw(drawn):
    with pytest.raises(ValueError, match="records is empty"):
        drawn(plot_sight, [])
