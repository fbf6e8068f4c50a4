"""Expressions level by level, against a recursion over nested lists."""

from statistics import median

import numpy as np
import pytest

from gnnseq.data.counters import derive, key_of
from gnnseq.data.synthetic.expressions import DIGITS, OPERATORS, Level, evaluate, first_positions, grow, starts, sums

APPLY = (min, max, lambda values: int(median(values)), lambda values: sum(values) % 10)


def integers(*values):
    return np.array(values, np.int64)


# [MAX 2 [MIN 4 7] 0] and [SM 9 8]: two roots, five arguments, two arguments.
LEVELS = [
    Level(integers(0, 0), integers(0, 0), integers(0, 1), integers(3, 2), integers(11, 13)),
    Level(integers(0, 0, 0, 1, 1), integers(0, 1, 2, 0, 1), integers(1), integers(2), integers(2, 10, 0, 9, 8)),
    Level(integers(0, 0), integers(0, 1), integers(), integers(), integers(4, 7)),
]


def keys(count=50):
    return derive(key_of(3), np.arange(count))


def nested(levels, level=0, node=0):
    """An expression as a digit or a pair of its operator and arguments."""
    symbol = int(levels[level].symbol[node])
    if symbol < DIGITS:
        return symbol
    place = levels[level].lists.tolist().index(node)
    children = np.flatnonzero(levels[level + 1].parent == place)
    assert levels[level + 1].slot[children].tolist() == list(range(len(children)))
    return symbol - DIGITS, [nested(levels, level + 1, child) for child in children]


def value(tree):
    return tree if isinstance(tree, int) else APPLY[tree[0]]([value(child) for child in tree[1]])


def size(tree, own):
    return 1 if isinstance(tree, int) else own + sum(size(child, own) for child in tree[1])


def depth(tree):
    return 1 if isinstance(tree, int) else 1 + max(map(depth, tree[1]))


def lists(tree):
    return [] if isinstance(tree, int) else [tree, *(own for child in tree[1] for own in lists(child))]


def test_values_of_a_small_example():
    assert nested(LEVELS) == (1, [2, (0, [4, 7]), 0])
    assert [found.tolist() for found in evaluate(LEVELS)] == [[4, 7], [2, 4, 0, 9, 8], [4, 7]]


def test_sizes_of_a_small_example():
    assert [found.tolist() for found in sums(LEVELS, 1)] == [[6, 3], [1, 3, 1, 1, 1], [1, 1]]
    assert [found.tolist() for found in sums(LEVELS, 2)] == [[8, 4], [1, 4, 1, 1, 1], [1, 1]]


def test_positions_of_a_small_example():
    """As text: MAX 2 MIN 4 7 ] 0 ] SM 9 8 ]."""
    found = first_positions(LEVELS, sums(LEVELS, 2), integers(0, 8), 1)
    assert [places.tolist() for places in found] == [[0, 8], [1, 2, 6, 9, 10], [3, 4]]


@pytest.mark.parametrize(("most", "arguments"), [(2, 2), (4, 3), (6, 5), (9, 9)])
def test_what_is_grown_is_what_a_recursion_finds(most, arguments):
    levels = grow(keys(), most, arguments)
    trees = [nested(levels, 0, root) for root in range(50)]
    assert evaluate(levels)[0].tolist() == [value(tree) for tree in trees]
    for own in (1, 2):
        assert sums(levels, own)[0].tolist() == [size(tree, own) for tree in trees]
    assert max(map(depth, trees)) <= most
    assert all(2 <= len(found[1]) <= arguments for tree in trees for found in lists(tree))
    assert not any(isinstance(tree, int) for tree in trees)


def test_subtrees_stand_side_by_side_after_their_list_begins():
    levels = grow(keys(20), 5, 4)
    sizes, roots = sums(levels, 2), starts(sums(levels, 2)[0])
    symbols = np.full(sizes[0].sum(), -1)
    for level, places in zip(levels, first_positions(levels, sizes, roots, 1), strict=True):
        assert (symbols[places] == -1).all()
        symbols[places] = level.symbol
    assert (symbols == -1).sum() == sum(len(level.lists) for level in levels)  # room for each "]"


def test_an_expression_depends_on_its_own_key_alone():
    together = grow(keys(), 6, 5)
    for row in (0, 17, 49):
        assert nested(grow(keys()[row : row + 1], 6, 5)) == nested(together, 0, row)


def test_all_operators_digits_and_numbers_of_arguments_come_up_alike():
    levels = grow(keys(4000), 3, 5)
    roots = levels[0]
    for values, kinds in ((roots.symbol - DIGITS, OPERATORS), (roots.counts - 2, 4)):
        counts = np.bincount(values, minlength=kinds)
        assert len(counts) == kinds
        assert np.abs(counts / 4000 - 1 / kinds).max() < 4 * 0.5 / 4000**0.5
    inner = levels[1]
    assert len(inner.lists) / len(inner.symbol) == pytest.approx(0.25, abs=4 * 0.5 / len(inner.symbol) ** 0.5)
    digits = np.bincount(inner.symbol, minlength=14)[:10] / (inner.symbol < 10).sum()
    assert np.abs(digits - 0.1).max() < 4 * 0.3 / len(inner.symbol) ** 0.5


def test_groups_end_to_end():
    assert starts(integers(3, 0, 2)).tolist() == [0, 3, 3]
    assert starts(integers()).tolist() == []
