import pytest
from comparison import make_record, make_regression

from gnnseq.plots.comparison import metrics as room


def draw(monkeypatch, data):
    kept = []
    monkeypatch.setattr(room, "save", lambda drawn, path: kept.append(drawn))
    room.plot_metrics(data, "unused.png")
    return kept[0]


def lines(axes):
    return {
        line.get_label(): line.get_xydata().round(6).tolist()
        for line in axes.lines
        if not line.get_label().startswith("_")
    }


def test_both_scores_stand_against_the_length(monkeypatch):
    data = [
        make_record("rnn", size, seed, score, best_50=best)
        for size, seed, score, best in [(5, 0, 1.0, 0.9), (5, 1, 0.9, 0.8), (10, 0, 0.2, 1.0), (10, 1, 0.1, 0.6)]
    ]
    drawn = draw(monkeypatch, [*data, make_record("lstm", 5, 0, 0.5, best_50=0.25)])
    rnn, lstm = drawn.axes
    assert [axes.get_title() for axes in drawn.axes] == ["RNN", "LSTM"]
    own = lines(rnn)
    assert own["RNN: test data\nat the end of training"] == [[5, 95], [10, 15]]
    assert own["mean of the 50 best\ntraining batches"] == [[5, 85], [10, 80]]
    assert lines(lstm)["LSTM: test data\nat the end of training"] == [[5, 50]]
    assert "1 to 2 seeds" in drawn.get_suptitle()


def test_one_seed_is_said_so(monkeypatch):
    assert ": one seed," in draw(monkeypatch, [make_record("rnn", 5)]).get_suptitle()


def test_records_without_the_second_score(tmp_path):
    with pytest.raises(ValueError, match="records hold no best_50"):
        room.plot_metrics([make_record("rnn", 5, best_50=None)], tmp_path / "m.png")
    with pytest.raises(ValueError, match="records are of the tasks adding, palindromes"):
        room.plot_metrics([make_record("rnn", 5), *make_regression(1)], tmp_path / "m.png")
