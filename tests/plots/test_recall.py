import pytest
from matplotlib.image import imread

from gnnseq.experiments.reach_models import REACH_MODELS
from gnnseq.experiments.recall import RecallTrial, run_recall
from gnnseq.plots.recall import _farthest, plot_before_after, plot_recall


@pytest.fixture(scope="module")
def records():
    tiny = {"steps": 1, "width": 4, "batch_size": 4, "test_samples": 250}
    return [
        run_recall(RecallTrial(name, length, **tiny), REACH_MODELS)
        for name in ("conv-2", "dilated-2", "lstm")
        for length in (2, 4, 8, 9)
    ]


@pytest.mark.parametrize("plot", [plot_recall, plot_before_after])
def test_a_panel_for_each_model(plot, records, tmp_path):
    assert imread(plot(records, tmp_path / "reach.png")).std() > 0.01
    assert imread(plot(records[:1], tmp_path / "one.png")).std() > 0.01


@pytest.mark.parametrize("plot", [plot_recall, plot_before_after])
def test_nothing_to_draw(plot, records, tmp_path):
    with pytest.raises(ValueError, match="no finished run"):
        plot([records[0] | {"status": "failed"}], tmp_path / "none.png")


def test_the_farthest_learned_else_seen_else_shortest(records):
    conv = records[:4]
    assert _farthest(conv) == 2
    assert _farthest([record | {"accuracy": 1.0} for record in conv[:2]] + conv[2:]) == 4
    assert _farthest(conv[1:]) == 4
