import pytest
import torch
from drawings import texts
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch
from torch_geometric.data import Data

from gnnseq.graphs import balanced_tree_batch, path_batch, symbol_signal_batch, to_networkx
from gnnseq.plots.graphs import plot_graphs, positions
from gnnseq.plots.style import COLOURS

DIGITS = torch.tensor([[3, 1, 4, 4, 1]])


def colours(axes):
    (nodes,) = [found for found in axes.collections if len(found.get_offsets()) > 1]
    return [to_hex(colour).upper() for colour in nodes.get_facecolors()]


def arrows(axes):
    return [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]


def test_nodes_bear_their_symbols_and_the_root_its_colour(drawn):
    (axes,) = drawn(plot_graphs, {"a path": path_batch(DIGITS).get_example(0)}).axes
    assert axes.get_title() == "a path"
    assert texts(axes) == ["3", "1", "4", "4", "1"]
    assert colours(axes) == [COLOURS[5].upper()] * 4 + [COLOURS[4].upper()]
    assert len(arrows(axes)) == 4


def test_labels_take_the_place_of_symbols(drawn):
    graphs = {"symbols": symbol_signal_batch(DIGITS, 6).get_example(0), "path": path_batch(DIGITS).get_example(0)}
    symbols, path = drawn(plot_graphs, graphs, labels={"symbols": list("uvwxyz")}).axes
    assert texts(symbols) == list("uvwxyz")
    assert texts(path) == ["3", "1", "4", "4", "1"]
    assert set(colours(symbols)) == {COLOURS[5].upper()}  # edges both ways: no root


def test_a_path_lies_and_a_tree_stands():
    lying = positions(to_networkx(path_batch(DIGITS).get_example(0)))
    assert [lying[node] for node in range(5)] == [(float(node), 0.0) for node in range(5)]
    tree = to_networkx(balanced_tree_batch(DIGITS, empty=10).get_example(0))
    standing = positions(tree)
    assert all(standing[child][1] < standing[parent][1] for child, parent in tree.edges)
    assert [node for node, _ in sorted(((n, standing[n][0]) for n in range(5)), key=lambda p: p[1])] == list(range(5))


def test_a_parent_stands_over_the_middle_of_its_children():
    edges = torch.tensor([[0, 1, 3, 2], [3, 3, 4, 4]])
    assert positions(to_networkx(Data(edge_index=edges, num_nodes=5))) == {
        0: (0.0, -2.0), 1: (1.0, -2.0), 2: (2.0, -1.0), 3: (0.5, -1.0), 4: (1.25, 0.0),
    }  # fmt: skip


def test_any_other_graph_is_a_circle():
    placed = positions(to_networkx(path_batch(DIGITS, direction="both").get_example(0)))
    assert [x * x + y * y for x, y in placed.values()] == pytest.approx([1.0] * 5)
    assert len(set(placed.values())) == 5


def test_nothing_to_draw(drawn):
    with pytest.raises(ValueError, match="graphs is empty"):
        drawn(plot_graphs, {})
