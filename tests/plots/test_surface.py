import pytest
from matplotlib.image import imread

from gnnseq.experiments.optimizer_trial import METHODS
from gnnseq.experiments.surface import descend, ravine, two_weight_rnn
from gnnseq.plots.surface import plot_paths


def test_paths_over_contours(tmp_path):
    paths = {
        ravine(5.0): [descend(ravine(5.0), METHODS[0], 0.1, 4)],
        two_weight_rnn(3, 4): [descend(two_weight_rnn(3, 4), method, 0.1, 4) for method in METHODS[:2]],
    }
    assert imread(plot_paths(paths, tmp_path / "paths.png")).std() > 0.01


@pytest.mark.parametrize("paths", [{}, {ravine(): []}])
def test_nothing_to_draw(paths, tmp_path):
    with pytest.raises(ValueError, match="paths is empty"):
        plot_paths(paths, tmp_path / "paths.png")
