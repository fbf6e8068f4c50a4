import pytest
from comparison import make_record, make_regression
from matplotlib.colors import to_hex
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from gnnseq.experiments import collect
from gnnseq.plots.comparison import verdicts as room
from gnnseq.plots.comparison.report import verdicts, write_report

SEEDS = range(8)
SCORES = {"lstm": 0.5, "rnn": 0.3, "gcn": 0.11, "gru": 0.97}


def records(seeds=SEEDS):
    return [
        make_record(family, 5, seed, score + 0.01 * (seed % 3)) for family, score in SCORES.items() for seed in seeds
    ]


def draw(monkeypatch, tmp_path, data):
    """The cells of the figure as (row, column) -> (colour, text), and the figure."""
    kept = []
    monkeypatch.setattr(room, "save", lambda drawn, path: kept.append(drawn))
    room.plot_verdicts(data, verdicts(collect(data), reference="LSTM"), tmp_path / "v.png", "LSTM")
    axes = kept[0].axes[0]
    colours = {
        (round(p.get_y() + 0.5), round(p.get_x() + 0.5)): to_hex(p.get_facecolor())
        for p in axes.patches
        if isinstance(p, Rectangle)
    }
    texts = {(round(t.get_position()[1]), round(t.get_position()[0])): t for t in axes.texts}
    return colours, texts, axes


def test_each_cell_has_its_score_and_the_colour_of_its_verdict(monkeypatch, tmp_path):
    colours, texts, axes = draw(monkeypatch, tmp_path, records())
    assert [label.get_text() for label in axes.get_yticklabels()] == ["LSTM", "RNN", "GCN, 8 layers on the path", "gru"]
    assert [colours[row, 0] for row in range(4)] == [room.REFERENCE, room.WORSE, room.WORSE, room.BETTER]
    assert texts[0, 0].get_text() == "50.9 %"
    assert texts[1, 0].get_text() == "▼ 30.9 %"
    assert texts[3, 0].get_text() == "▲ 97.9 %"
    assert texts[3, 0].get_weight() == "bold"
    assert [texts[row, 0].get_style() for row in range(4)] == ["normal", "normal", "italic", "normal"]


def test_the_title_tells_the_seeds_and_the_steps_if_all_had_the_same(monkeypatch, tmp_path):
    *_, axes = draw(monkeypatch, tmp_path, records())
    assert "over 8 seeds, at most 30 steps;" in axes.figure.get_suptitle().replace("\n", " ")
    shorter = [r if r["family"]["name"] == "lstm" else r | {"trial": r["trial"] | {"steps": 7}} for r in records()]
    *_, axes = draw(monkeypatch, tmp_path, shorter)
    assert "over 8 seeds; bold" in axes.figure.get_suptitle().replace("\n", " ")


def test_few_seeds_decide_nothing(monkeypatch, tmp_path):
    colours, texts, _ = draw(monkeypatch, tmp_path, records(range(3)))
    assert {colours[row, 0] for row in (1, 2, 3)} == {room.UNDECIDED}
    assert not any(mark in texts[row, 0].get_text() for mark in "▲▼" for row in range(4))


def test_a_task_that_a_model_cannot_read_is_an_empty_cell(monkeypatch, tmp_path):
    both = records() + [make_record("lstm", 5, seed, 0.2, name="copies") for seed in SEEDS]
    colours, _, axes = draw(monkeypatch, tmp_path, both)
    assert sorted(colours) == [(0, 0), (0, 1), (1, 0), (2, 0), (3, 0)]
    assert [label.get_text().split("\n(")[0].replace("\n", " ") for label in axes.get_xticklabels()] == [
        "palindromes of length 5",
        "copies of length 5",
    ]


def test_an_unknown_reference_is_named(tmp_path):
    with pytest.raises(ValueError, match="reference is 'LSMT', expected one of LSTM; RNN"):
        room.plot_verdicts(records(), [], tmp_path / "v.png", "LSMT")


def test_errors_are_shown_as_numbers(monkeypatch, tmp_path):
    data = make_regression(2)
    title = collect(data)[0].model
    kept = []
    monkeypatch.setattr(room, "save", lambda drawn, path: kept.append(drawn))
    room.plot_verdicts(data, verdicts(collect(data), reference=title), tmp_path / "v.png", title)
    assert not any("%" in text.get_text() for text in kept[0].axes[0].texts)
    assert "less is\nbetter" in kept[0].axes[0].get_xticklabels()[0].get_text()


def test_a_report_against_one_reference_begins_with_it(tmp_path):
    found = verdicts(collect(records()), reference="LSTM")
    paths = write_report(records(), tmp_path / "one", found)
    assert imread(next(path for path in paths if path.name == "verdicts.png")).std() > 0.01
    assert (tmp_path / "one" / "page.html").read_text().index("Verdicts against LSTM") > 0
    all_pairs = verdicts(collect(records()))
    assert "verdicts.png" not in [path.name for path in write_report(records(), tmp_path / "all", all_pairs)]
