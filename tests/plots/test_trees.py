import pytest

from gnnseq.plots.trees import plot_listops, plot_sentiment


def listops_record(title, seed):
    curve = [{"validation": 0.1 * (n + seed), "loss": 1.0, "seconds": 1.0} for n in range(3)]
    trial = {"round_steps": 100, "budget": 9000, "seed": seed}
    groups = {"by_length": {"20": [30, 40], "100": [1, 3]}, "by_depth": {"2": [5, 30], "10": [8, 40]}}
    return {"title": title, "trial": trial, "curve": curve, **groups}


def sentiment_record(title, classes, seed):
    curve = [{"dev": {"sentences": 0.4 + 0.02 * n + 0.01 * seed}} for n in range(3)]
    return {"title": title, "trial": {"classes": classes, "seed": seed}, "curve": curve}


def test_listops(tmp_path):
    records = [listops_record(title, seed) for title in ("tree", "row") for seed in (0, 1)]
    assert plot_listops(records, 0.1, tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(ValueError, match="records is empty"):
        plot_listops([], 0.1, tmp_path / "b.png")


def test_sentiment(tmp_path):
    records = [sentiment_record(title, classes, seed) for title in "ab" for classes in (5, 2) for seed in (0, 1)]
    records.append(sentiment_record("only five", 5, 0))
    assert plot_sentiment(records, tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(ValueError, match="records is empty"):
        plot_sentiment([], tmp_path / "b.png")
