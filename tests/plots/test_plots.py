import pytest
import torch
from matplotlib.image import imread

from gnnseq.experiments import PalindromeTask, find_family
from gnnseq.experiments.sight import measure_sight
from gnnseq.graphs import balanced_tree_batch, path_batch, symbol_signal_batch, to_networkx
from gnnseq.plots import plot_graphs, plot_sight
from gnnseq.plots.graphs import positions


def test_influence_against_distance(tmp_path):
    records = [
        measure_sight(find_family(name), PalindromeTask(12), tuned=False, seeds=2, width=4) for name in ("gcn", "lstm")
    ]
    assert imread(plot_sight(records, tmp_path / "sight.png")).std() > 0.01


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="records"):
        plot_sight([], tmp_path / "empty.png")
    assert not list(tmp_path.iterdir())


def test_graphs_side_by_side(tmp_path):
    digits = torch.tensor([[3, 1, 4, 4, 1]])
    graphs = {
        "path": path_batch(digits).get_example(0),
        "tree": balanced_tree_batch(digits, empty=10).get_example(0),
        "symbols": symbol_signal_batch(digits, 6).get_example(0),
    }
    path = plot_graphs(graphs, tmp_path / "graphs.png", {"symbols": list("012345")})
    assert imread(path).std() > 0.01
    with pytest.raises(ValueError, match="graphs is empty"):
        plot_graphs({}, tmp_path / "none.png")


def test_a_path_lies_and_a_tree_stands():
    digits = torch.tensor([[3, 1, 4, 4, 1]])
    lying = positions(to_networkx(path_batch(digits).get_example(0)))
    assert [lying[node] for node in range(5)] == [(float(node), 0.0) for node in range(5)]
    tree = to_networkx(balanced_tree_batch(digits, empty=10).get_example(0))
    standing = positions(tree)
    assert all(standing[child][1] < standing[parent][1] for child, parent in tree.edges)
    assert [node for node, _ in sorted(((n, standing[n][0]) for n in range(5)), key=lambda p: p[1])] == list(range(5))
