import pytest
import torch
from torch.testing import assert_close

from gnnseq.analysis.jacobian.forward.blocks import Blocks, Mix, Pairs, Term, combined

ROWS, SEEDS, K, F = 5, 4, 2, 3


def random_blocks(share=0.5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    key = (torch.rand(ROWS * SEEDS, generator=generator) < share).nonzero().view(-1)
    value = torch.randn(len(key), K, F, dtype=torch.float64, generator=generator)
    return Blocks(Pairs(key, SEEDS), value)


def dense(blocks, rows=ROWS):
    whole = blocks.value.new_zeros(rows * SEEDS, *blocks.value.shape[1:])
    whole[blocks.pairs.key] = blocks.value
    return whole.view(rows, SEEDS, *blocks.value.shape[1:])


def is_ascending(blocks):
    key = blocks.pairs.key
    return bool((key[1:] > key[:-1]).all())


def test_pairs_are_rows_and_seeds():
    pairs = Pairs(torch.tensor([0, 3, 4, 11]), 4)
    assert pairs.row.tolist() == [0, 0, 1, 2]
    assert pairs.seed.tolist() == [0, 3, 0, 3]


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_mixing_is_the_product_with_a_matrix(share, weighted):
    blocks = random_blocks(share)
    source, target = torch.tensor([0, 1, 1, 4, 3, 0]), torch.tensor([2, 2, 0, 5, 2, 2])
    weight = torch.rand(6).double() if weighted else None
    matrix = torch.zeros(6, ROWS).double()
    matrix.index_put_((target, source), torch.ones(6).double() if weight is None else weight, accumulate=True)
    found = blocks.mixed(Mix(source, target, weight, ROWS))
    assert_close(dense(found, 6), torch.einsum("vr,rskf->vskf", matrix, dense(blocks)))
    assert is_ascending(found)
    reached = (matrix > 0).double() @ (dense(blocks).abs().sum((2, 3)) > 0).double()
    assert len(found.pairs.key) == int((reached > 0).sum())  # no block where none can be


def test_a_mix_can_be_scaled_by_row():
    mix = Mix(torch.tensor([0, 1, 2]), torch.tensor([1, 1, 0]), None, 3)
    assert mix.scaled(torch.tensor([2.0, 3.0])).weight.tolist() == [3, 3, 2]
    assert mix.scaled(torch.tensor([2.0, 3.0])).scaled(torch.tensor([5.0, 7.0])).weight.tolist() == [21, 21, 10]


def test_rows_move_and_some_are_left_out():
    blocks = random_blocks()
    found = blocks.moved(torch.tensor([3, -1, 0, 2, -1]))
    expected = torch.zeros(4, SEEDS, K, F).double()
    expected[[3, 0, 2]] = dense(blocks)[[0, 2, 3]]
    assert_close(dense(found, 4), expected)
    assert is_ascending(found)
    assert blocks.moved(torch.full((5,), -1)).value.shape == (0, K, F)


def test_times_a_matrix():
    blocks, matrix = random_blocks(), torch.randn(F, 6).double()
    assert_close(dense(blocks.times(matrix)), dense(blocks) @ matrix)


@pytest.mark.parametrize("shares", [(0.4, 0.4), (1.0, 0.3), (0.3, 1.0), (0.2, 0.0), (0.5, 0.5, 0.5)])
def test_sums_of_terms_with_different_pairs(shares):
    blocks = [random_blocks(share, number) for number, share in enumerate(shares)]
    slopes = [None, *(torch.rand(ROWS, F).double() for _ in shares[1:])]
    terms = [Term(number, None, slope) for number, slope in enumerate(slopes)]
    before = [part.value.clone() for part in blocks]
    expected = sum(
        dense(part) * (1.0 if slope is None else slope.view(ROWS, 1, 1, F))
        for part, slope in zip(blocks, slopes, strict=True)
    )
    found = combined(blocks, terms)
    assert_close(dense(found), expected)
    assert is_ascending(found)
    assert all(torch.equal(part.value, old) for part, old in zip(blocks, before, strict=True))


def test_terms_of_the_same_and_of_other_pairs():
    one, other = random_blocks(), random_blocks(0.7, 1)
    slope = torch.rand(ROWS, F).double()
    terms = [Term(0), Term(0, None, slope), Term(1), Term(1, None, slope), Term(1)]
    found = combined([one, one, other, other, other], terms)
    factor = 1 + slope.view(ROWS, 1, 1, F)
    assert_close(dense(found), dense(one) * factor + dense(other) * (1 + factor))
    assert_close(dense(one), dense(random_blocks()))
    assert_close(dense(other), dense(random_blocks(0.7, 1)))


def test_channels_and_slopes_of_a_term():
    blocks, slope = random_blocks(), torch.rand(1, 2).double()
    found = combined([blocks], [Term(0, (1, 3)).times(slope).times(slope)])
    assert_close(dense(found), dense(blocks)[..., 1:] * slope.square())


def test_in_place_writes_where_the_blocks_are():
    blocks, slope = random_blocks(), torch.rand(ROWS, F).double()
    expected = dense(combined([blocks], [Term(0, None, slope)]))
    found = combined([blocks], [Term(0, None, slope)], in_place=True)
    assert found.value.data_ptr() == blocks.value.data_ptr()
    assert_close(dense(found), expected)
