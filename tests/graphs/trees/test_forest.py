"""Arrays of parents, against loops over the nodes."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.graphs.trees.forest import check_parents, check_slots, depths, join_rows, sibling_ranks


def integers(*values):
    return np.array(values, np.int64)


@st.composite
def forests(draw):
    """Parents of some trees in the numbers of their own tree, -1 for roots, in any order."""
    rows = []
    for size in draw(st.lists(st.integers(1, 8), min_size=1, max_size=4)):
        order = draw(st.permutations(range(size)))
        parents = [0] * size
        for place, node in enumerate(order):
            parents[node] = -1 if place == 0 else order[draw(st.integers(0, place - 1))]
        rows.append(parents)
    return rows


def joined(rows):
    lengths = integers(*map(len, rows))
    return check_parents(integers(*[parent for row in rows for parent in row]), lengths), lengths


@given(forests())
def test_parents_are_numbered_through_and_roots_are_their_own(rows):
    first, expected = 0, []
    for row in rows:
        expected += [first + (node if parent < 0 else parent) for node, parent in enumerate(row)]
        first += len(row)
    assert joined(rows)[0].tolist() == expected


@given(forests())
def test_depths_count_the_edges_to_the_root(rows):
    def depth(row, node):
        return 0 if row[node] < 0 else 1 + depth(row, row[node])

    assert depths(*joined(rows)).tolist() == [depth(row, node) for row in rows for node in range(len(row))]


@given(forests())
def test_ranks_count_earlier_siblings(rows):
    expected = [row[:node].count(row[node]) if row[node] >= 0 else 0 for row in rows for node in range(len(row))]
    assert sibling_ranks(joined(rows)[0]).tolist() == expected


@pytest.mark.parametrize("nodes", [2**16, 2**16 + 1])
def test_ranks_of_many_nodes(nodes):
    """On both sides of the change of the sort; children go in turn to node 0 and to the root, the last one."""
    root = nodes - 1
    parents = np.where(np.arange(nodes) % 2 == 1, 0, root)
    parents[root] = root
    expected = np.arange(nodes) // 2
    expected[root] = 0
    assert np.array_equal(sibling_ranks(parents), expected)


def test_a_path_is_as_deep_as_it_is_long():
    nodes = 1000
    assert np.array_equal(depths(np.maximum(np.arange(nodes) - 1, 0), integers(nodes)), np.arange(nodes))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[-1], [2, -1]], r"parents\[1\] refers to node 2 of 2, expected -1"),
        ([[-1, -2]], r"parents\[0\] refers to node -2 of 2"),
        ([[-1], [1, -1, -1]], r"parents\[1\] has roots 1 and 2, expected one root"),
        ([[-1], [-1, 1]], r"parents\[1\] has the cycle 1 -> 1, expected a tree"),
    ],
)
def test_parents_that_are_none(rows, message):
    with pytest.raises(ValueError, match=message):
        joined(rows)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[-1], [1, 2, 0]], r"parents\[1\] has the cycle (0 -> 1 -> 2|1 -> 2 -> 0|2 -> 0 -> 1) -> ., expected a tree"),
        ([[-1, 2, 1, 2]], r"parents\[0\] has the cycle (1 -> 2 -> 1|2 -> 1 -> 2), expected a tree"),
    ],
)
def test_nodes_that_never_get_to_a_root(rows, message):
    with pytest.raises(ValueError, match=message):
        depths(*joined(rows))


def test_slots_are_given_back_where_siblings_differ():
    parents, lengths = joined([[-1, 0, 0], [1, -1]])
    slots = integers(0, 2, 1, 1, 0)
    assert check_slots(slots, parents, lengths) is slots


@pytest.mark.parametrize(
    ("slots", "message"),
    [
        ([0, 2, 2, 0, 0], r"slots\[0\] gives two children of node 0 slot 2"),
        ([0, 0, 1, -1, 0], r"slots\[1\] is -1 at node 0, expected >= 0"),
    ],
)
def test_slots_that_do_not_fit(slots, message):
    with pytest.raises(ValueError, match=message):
        check_slots(integers(*slots), *joined([[-1, 0, 0], [1, -1]]))


def test_the_slot_of_a_root_does_not_count():
    assert check_slots(integers(-5, 0), *joined([[-1, 0]])).tolist() == [-5, 0]


def test_rows_stand_end_to_end():
    rows = [torch.tensor([3, 1]), torch.tensor([7], dtype=torch.int32)]
    found = join_rows("symbols", rows, integers(2, 1))
    assert (found.tolist(), found.dtype) == ([3, 1, 7], np.int64)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([torch.tensor([1, 2])], "symbols has 1 rows, expected 2, one per tree"),
        ([torch.tensor([1, 2]), torch.tensor([1, 2])], r"symbols\[1\] is torch.int64 \[2\], expected 1 integers"),
        ([torch.tensor([1, 2]), torch.tensor([0.5])], r"symbols\[1\] is torch.float32 \[1\], expected 1 integers"),
        ([torch.tensor([[1, 2]]), torch.tensor([1])], r"symbols\[0\] is torch.int64 \[1, 2\], expected 2 integers"),
    ],
)
def test_rows_that_do_not_fit(rows, message):
    with pytest.raises(ValueError, match=message):
        join_rows("symbols", rows, integers(2, 1))
