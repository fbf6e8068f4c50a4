import pytest
import torch
from graph_checks import assert_root_last, assert_same_batch, assert_same_values
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Data

from gnnseq.graphs import path_batch, path_graph

LENGTHS = st.one_of(
    st.lists(st.integers(1, 8), min_size=1, max_size=6),
    st.tuples(st.integers(1, 8), st.integers(1, 6)).map(lambda pair: [pair[0]] * pair[1]),
)
DIRECTIONS = st.sampled_from(["forward", "backward", "both"])


def slow_path(x, y, direction, self_loops) -> Data:
    """A path written down edge by edge."""
    pairs = []
    for step in range(len(x) - 1):
        if direction in ("forward", "both"):
            pairs.append((step, step + 1))
        if direction in ("backward", "both"):
            pairs.append((step + 1, step))
    if self_loops:
        pairs += [(step, step) for step in range(len(x))]
    edge_index = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).t().contiguous()
    return Data(x=x, edge_index=edge_index, y=y)


@given(LENGTHS, DIRECTIONS, st.booleans(), st.booleans(), st.booleans())
@settings(max_examples=50)
def test_a_batch_is_what_pyg_makes_of_the_paths(lengths, direction, loops, features, per_node):
    if features:
        sequences = [torch.randn(length, 3) for length in lengths]
    else:
        sequences = [torch.randint(0, 9, (length,)) for length in lengths]
    targets = [torch.randint(0, 9, (length if per_node else 1,)) for length in lengths]
    options = {"direction": direction, "self_loops": loops}
    batch = path_batch(sequences, y=torch.cat(targets), **options)
    expected = [slow_path(x, y, direction, loops) for x, y in zip(sequences, targets, strict=True)]
    assert_same_batch(batch, expected)
    for x, y, graph in zip(sequences, targets, expected, strict=True):
        assert_same_values(path_graph(x, y=y, **options), graph)
    if len(set(lengths)) == 1:
        dense = path_batch(torch.stack(sequences), y=torch.cat(targets), **options)
        assert_same_batch(dense, expected)


@given(LENGTHS)
def test_the_last_symbol_is_the_root(lengths):
    assert_root_last(path_batch([torch.zeros(length, dtype=torch.long) for length in lengths]))


def test_without_targets():
    batch = path_batch(torch.tensor([[1, 2], [3, 4]]))
    assert "y" not in batch
    assert_same_batch(batch, [slow_path(row, None, "forward", False) for row in batch.x.view(2, 2)])


def test_characters():
    batch = path_batch(["abc", "ca"], alphabet="abc")
    assert batch.x.tolist() == [0, 1, 2, 2, 0]
    assert batch.edge_index.tolist() == [[0, 1, 3], [1, 2, 4]]
    assert path_batch(["ab"]).x.tolist() == [97, 98]
    assert path_graph("cab", alphabet="abc").x.tolist() == [2, 0, 1]


def test_a_batch_of_equal_lengths_is_a_view():
    sequences = torch.tensor([[1, 2, 3], [4, 5, 6]])
    assert path_batch(sequences).x.data_ptr() == sequences.data_ptr()


def test_gradients_flow_to_the_features():
    features = torch.randn(2, 3, 4, requires_grad=True)
    path_batch(features).x.square().sum().backward()
    assert torch.equal(features.grad, 2 * features)


def test_a_single_symbol_is_a_graph_without_edges():
    graph = path_graph(torch.tensor([5]), y=torch.tensor(3))
    assert graph.edge_index.shape == (2, 0)
    assert graph.num_nodes == 1
    assert graph.y.tolist() == [3]


def test_targets_of_a_graph():
    assert path_graph(torch.tensor([5, 6]), y=torch.tensor(3)).y.tolist() == [3]
    assert path_graph(torch.tensor([5, 6]), y=torch.tensor([3, 4])).y.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("sequences", "options", "message"),
    [
        (torch.ones(2, 3, dtype=torch.long), {"y": torch.ones(4)}, r"y has shape \[4\], expected"),
        (torch.ones(2, 3, dtype=torch.long), {"direction": "up"}, "direction is 'up', expected"),
        (["ab", "ax"], {"alphabet": "ab"}, r"sequences\[1\] at position 1 is 'x', expected a char"),
        ([], {}, "sequences is empty, expected at least one sequence"),
        ([torch.tensor([1]), torch.tensor([1.0])], {}, r"sequences\[1\] has dtype torch.float32"),
    ],
)
def test_what_does_not_fit(sequences, options, message):
    with pytest.raises(ValueError, match=message):
        path_batch(sequences, **options)


def test_a_string_is_no_batch():
    with pytest.raises(TypeError, match="sequences is a str, expected a tensor, or a list"):
        path_batch("abc")
