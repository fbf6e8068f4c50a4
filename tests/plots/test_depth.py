import pytest
from matplotlib.image import imread

from gnnseq.experiments.depth import measure_depths
from gnnseq.plots.depth import plot_depth


def test_a_row_for_each_stack(tmp_path):
    records = [record for stack in ("gcn", "graph-conv") for record in measure_depths(stack, (1, 3), seeds=1)]
    assert imread(plot_depth(records, tmp_path / "depth.png")).std() > 0.01
    with pytest.raises(ValueError, match="records is empty"):
        plot_depth([], tmp_path / "none.png")
