import itertools

import pytest
import torch
from graph_checks import assert_root_last, assert_same_batch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Batch, Data

from gnnseq.graphs import balanced_tree_batch, tree_batch

LENGTHS = st.one_of(
    st.lists(st.integers(1, 20), min_size=1, max_size=5),
    st.tuples(st.integers(1, 20), st.integers(1, 4)).map(lambda pair: [pair[0]] * pair[1]),
)


def children_of(graph: Data) -> dict[int, list[int]]:
    """The children of every node by slot."""
    children: dict[int, dict[int, int]] = {}
    for (child, parent), slot in zip(graph.edge_index.t().tolist(), graph.edge_slot.tolist(), strict=True):
        assert slot not in children.setdefault(parent, {})
        children[parent][slot] = child
    return {parent: [nodes[slot] for slot in sorted(nodes)] for parent, nodes in children.items()}


def leaves_with_depth(node: int, children: dict[int, list[int]]) -> list[tuple[int, int]]:
    if node not in children:
        return [(node, 0)]
    below = [leaves_with_depth(child, children) for child in children[node]]
    return [(leaf, depth + 1) for leaf, depth in itertools.chain(*below)]


@given(LENGTHS, st.booleans())
def test_balanced_trees(lengths, features):
    if features:
        sequences = [torch.randn(length, 2) for length in lengths]
    else:
        sequences = [torch.randint(0, 9, (length,)) for length in lengths]
    batch = balanced_tree_batch(sequences, empty=None if features else 9)
    assert_root_last(batch)
    for x, graph in zip(sequences, batch.to_data_list(), strict=True):
        length, children = len(x), children_of(graph)
        assert graph.num_nodes == 2 * length - 1
        assert all(len(nodes) == 2 for nodes in children.values())
        assert set(graph.edge_slot.tolist()) <= {0, 1}
        leaves, depths = zip(*leaves_with_depth(2 * length - 2, children), strict=True)
        assert leaves == tuple(range(length))  # from left to right in reading order
        assert max(depths) == (length - 1).bit_length()
        assert min(depths) >= max(depths) - 1
        assert torch.equal(graph.x[:length], x)
        empty = torch.zeros(length - 1, 2) if features else torch.full((length - 1,), 9)
        assert torch.equal(graph.x[length:], empty)


@given(LENGTHS)
@settings(max_examples=50)
def test_a_batch_of_balanced_trees_is_its_trees_one_by_one(lengths):
    sequences = [torch.randint(0, 9, (length,)) for length in lengths]
    graphs = []
    for x in sequences:
        one = balanced_tree_batch(x[None], empty=9)
        graphs.append(Data(x=one.x, edge_index=one.edge_index, edge_slot=one.edge_slot))
    assert_same_batch(balanced_tree_batch(sequences, empty=9), graphs)


def test_a_small_balanced_tree():
    batch = balanced_tree_batch(["abc"], empty=3, alphabet="abc", y=torch.tensor([1]))
    assert batch.x.tolist() == [0, 1, 2, 3, 3]
    assert batch.edge_index.tolist() == [[0, 1, 3, 2], [3, 3, 4, 4]]
    assert batch.edge_slot.tolist() == [0, 1, 0, 1]
    assert batch.y.tolist() == [1]


def test_inner_nodes_of_symbols_need_one():
    with pytest.raises(ValueError, match="empty is None, expected a symbol >= 0"):
        balanced_tree_batch(torch.tensor([[1, 2]]))
    with pytest.raises(ValueError, match="empty is 3, expected None"):
        balanced_tree_batch(torch.ones(1, 2, 3), empty=3)
    with pytest.raises(ValueError, match=r"sequences\[1\] is empty"):
        balanced_tree_batch(["a", ""], empty=3)


@st.composite
def forests(draw) -> list[list[int]]:
    """Parents of some random trees, in any numbering."""
    trees = []
    for _ in range(draw(st.integers(1, 4))):
        size = draw(st.integers(1, 9))
        parents = [draw(st.integers(node + 1, size - 1)) for node in range(size - 1)] + [-1]
        names = draw(st.permutations(range(size))) if draw(st.booleans()) else list(range(size))
        renamed = [-1] * size
        for node, parent in enumerate(parents):
            renamed[names[node]] = -1 if parent < 0 else names[parent]
        trees.append(renamed)
    return trees


@given(forests(), st.booleans())
def test_trees_keep_their_nodes_parents_and_slots(trees, given_slots):
    parents = [torch.tensor(tree) for tree in trees]
    symbols = [torch.randint(0, 99, (len(tree),)) for tree in trees]
    y = torch.randint(0, 5, (sum(map(len, trees)),))
    ranks = [[tree[:node].count(parent) for node, parent in enumerate(tree)] for tree in trees]
    slots = [[2 * rank for rank in row] for row in ranks] if given_slots else ranks
    rows = [torch.tensor(row) for row in slots] if given_slots else None
    batch = tree_batch(parents, symbols, slots=rows, y=y)
    assert_root_last(batch)
    targets = y.split([len(tree) for tree in trees])
    for number, graph in enumerate(batch.to_data_list()):
        tree, place = trees[number], graph.position
        assert sorted(place.tolist()) == list(range(len(tree)))
        assert torch.equal(graph.x, symbols[number][place])
        assert torch.equal(graph.y, targets[number][place])
        child, parent = place[graph.edge_index]
        assert [tree[node] for node in child.tolist()] == parent.tolist()
        assert [slots[number][node] for node in child.tolist()] == graph.edge_slot.tolist()
        if all(up > node or up < 0 for node, up in enumerate(tree)):
            assert place.tolist() == list(range(len(tree)))


@given(forests())
@settings(max_examples=50)
def test_a_batch_of_trees_is_its_trees_one_by_one(trees):
    symbols = [torch.randint(0, 99, (len(tree),)) for tree in trees]
    graphs = []
    for tree, x in zip(trees, symbols, strict=True):
        one = tree_batch([torch.tensor(tree)], [x])
        names = ("x", "edge_index", "position", "edge_slot")
        graphs.append(Data(**{name: one[name] for name in names}))
    assert_same_batch(tree_batch([torch.tensor(tree) for tree in trees], symbols), graphs)


def test_a_parse_is_renumbered_by_depth():
    """The cat sat on mats: cat and on hang on sat, the on cat, mats on on."""
    parents = [torch.tensor([1, 2, -1, 2, 3])]
    batch = tree_batch(parents, ["tcsom"], y=torch.tensor([9]))
    assert "".join(map(chr, batch.x.tolist())) == "tmcos"
    assert batch.position.tolist() == [0, 4, 1, 3, 2]
    assert batch.edge_index.tolist() == [[0, 1, 2, 3], [2, 3, 4, 4]]
    assert batch.edge_slot.tolist() == [0, 0, 0, 1]
    assert batch.y.tolist() == [9]


def test_a_deep_tree():
    size = 5000
    parents = torch.arange(-1, size - 1)  # the root first, a path behind it
    batch = tree_batch([parents], [torch.arange(size)])
    assert batch.x.tolist() == list(range(size))[::-1]
    assert_root_last(batch)


def test_features_and_stacked_trees():
    features = torch.randn(2, 3, 4, requires_grad=True)
    batch = tree_batch(torch.tensor([[2, 2, -1], [2, 2, -1]]), features)
    assert isinstance(batch, Batch)
    assert torch.equal(batch.x, features.flatten(0, 1))
    assert batch.x.requires_grad


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ([[1, 2, 1]], r"parents\[0\] has the cycle (1 -> 2 -> 1|2 -> 1 -> 2), expected a tree"),
        ([[-1], [0, -1, 2]], r"parents\[1\] has the cycle (0 -> 0|2 -> 2), expected a tree"),
        ([[-1], [2, -1, -1, 2]], r"parents\[1\] has roots 1 and 2, expected one root"),
        ([[-1], [2, 3, -1]], r"parents\[1\] refers to node 3 of 3"),
        ([[-1], [2, -2, -1]], r"parents\[1\] refers to node -2 of 3"),
        ([[1, 2, 3, 1, -1]], r"parents\[0\] has the cycle \d -> \d -> \d -> \d, expected a tree"),
    ],
)
def test_what_is_no_tree(parents, message):
    symbols = [torch.zeros(len(row), dtype=torch.long) for row in parents]
    with pytest.raises(ValueError, match=message):
        tree_batch([torch.tensor(row) for row in parents], symbols)


@pytest.mark.parametrize(
    ("parents", "slots", "message"),
    [
        ([[1, -1], [-1]], None, "parents has 2 rows, expected 1, one per tree"),
        ([[1, -1]], None, r"parents\[0\] is torch.int64 \[2\], expected 3 integers"),
        ([[2.0, 2.0, -1.0]], None, r"parents\[0\] is torch.float32 \[3\], expected 3 integers"),
        ([[2, 2, -1]], [[0, 1]], r"slots\[0\] is torch.int64 \[2\], expected 3 integers"),
        ([[2, 2, -1]], [[1, 1, 0]], r"slots\[0\] gives two children of node 2 slot 1"),
        ([[2, 2, -1]], [[1, -1, 0]], r"slots\[0\] is -1 at node 1, expected >= 0"),
    ],
)
def test_rows_that_do_not_fit(parents, slots, message):
    rows = None if slots is None else [torch.tensor(row) for row in slots]
    with pytest.raises(ValueError, match=message):
        tree_batch([torch.tensor(row) for row in parents], [torch.arange(3)], slots=rows)


def test_targets_are_per_tree_or_per_node():
    with pytest.raises(ValueError, match=r"y has shape \[2\], expected 1 rows .* or 3 rows"):
        tree_batch([torch.tensor([2, 2, -1])], [torch.arange(3)], y=torch.ones(2))


def test_parents_and_slots_that_are_no_tensors():
    with pytest.raises(TypeError, match=r"parents\[1\] is a list, expected a tensor of integers"):
        tree_batch([torch.tensor([-1]), [1, -1]], ["a", "bc"])
    with pytest.raises(TypeError, match=r"slots\[0\] is a list, expected a tensor of integers"):
        tree_batch([torch.tensor([1, -1])], ["bc"], slots=[[0, 0]])


def test_a_long_cycle_is_named_in_short():
    parents = torch.arange(1, 16_001)
    parents[-1] = 0
    with pytest.raises(
        ValueError, match=r"parents\[1\] has the cycle \d+ -> .* -> \.\.\. -> .* \(16000 of them\), expected"
    ) as caught:
        tree_batch([torch.tensor([-1]), parents], ["a", "b" * 16_000])
    assert len(str(caught.value)) < 200
