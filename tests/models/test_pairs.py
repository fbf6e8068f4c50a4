import pytest
import torch
from gradients import assert_same
from torch.testing import assert_close

from gnnseq.graphs import pair_batch, path_batch
from gnnseq.layers import LSTM, MeanReadout
from gnnseq.models import (
    EdgeEncoder,
    OrderedComparison,
    PairClassifier,
    PairComparison,
    expected_score,
    score_loss,
    score_targets,
)

F, H, C = 3, 4, 5


def features(lengths):
    return [torch.randn(length, F, dtype=torch.float64) for length in lengths]


@pytest.mark.parametrize("readout", [None, MeanReadout()])
@pytest.mark.parametrize("comparison", [PairComparison, OrderedComparison])
def test_pairs_are_both_graphs_encoded_alone_and_compared(comparison, readout):
    left, right = (path_batch(features(lengths)) for lengths in ([2, 1, 4], [3, 5, 1]))
    model = PairClassifier(None, EdgeEncoder(LSTM(F, H)), readout, comparison(H, 6, C)).double()
    states = [model.readout(model.encoder(side.x, side), side.ptr) for side in (left, right)]
    out = model(pair_batch(left, right))
    assert_same([out], [model.head(*states)], list(model.parameters()))
    for row in range(3):
        one, two = (path_batch([side[row].x]) for side in (left, right))
        assert_close(model(pair_batch(one, two))[0], out[row])


def test_a_nan_stays_in_its_pair():
    model = PairClassifier(None, EdgeEncoder(LSTM(F, H)), None, PairComparison(H, 6, C)).double()
    left, right = path_batch(features([2, 3])), path_batch(features([1, 2]))
    clean = model(pair_batch(left, right))
    left.x[0] = float("nan")
    dirty = model(pair_batch(left, right))
    assert dirty[0].isnan().all()
    assert torch.equal(clean[1], dirty[1])


def test_the_comparison_of_the_paper():
    head, (left, right) = PairComparison(H, 6, C).double(), torch.randn(2, 7, H, dtype=torch.float64)
    w_product, w_distance = head.inner.weight.split(H, dim=1)
    inner = torch.sigmoid((left * right) @ w_product.T + (left - right).abs() @ w_distance.T + head.inner.bias)
    assert_close(head(left, right), inner @ head.outer.weight.T + head.outer.bias)
    assert_close(head(left, right), head(right, left))
    ordered = OrderedComparison(H, 6, C).double()
    assert not torch.allclose(ordered(left, right), ordered(right, left))


def test_scores_as_distributions():
    y = torch.tensor([1.0, 3.6, 5.0])
    assert_close(score_targets(y, 5), torch.tensor([[1.0, 0, 0, 0, 0], [0, 0, 0.4, 0.6, 0], [0, 0, 0, 0, 1.0]]))
    assert_close(score_targets(y, 5) @ torch.arange(1.0, 6), y)
    logits = torch.randn(3, 5, dtype=torch.float64)
    assert_close(expected_score(logits), sum((k + 1) * logits.softmax(1)[:, k] for k in range(5)))
    target, log_p = score_targets(y, 5).double(), logits.log_softmax(1)
    by_hand = sum(float(t * (t.log() - p)) for t, p in zip(target.flatten(), log_p.flatten(), strict=True) if t > 0) / 3
    assert float(score_loss(logits, y)) == pytest.approx(by_hand, rel=1e-6)
    assert float(score_loss((target + 1e-30).log(), y)) == pytest.approx(0, abs=1e-6)


def test_bad_input():
    for value in (0.9, 5.1, float("nan")):
        with pytest.raises(ValueError, match=r"y\[1\] is .*, expected a score from 1 to 5"):
            score_loss(torch.zeros(2, 5), torch.tensor([1.0, value]))
    model = PairClassifier(None, EdgeEncoder(LSTM(F, H)), None, PairComparison(H, 6, C))
    with pytest.raises(ValueError, match="batch has no left_nodes, expected pairs"):
        model(path_batch([torch.randn(2, F)]))
    with pytest.raises(ValueError, match="hidden is 0, expected at least 1"):
        PairComparison(H, 0, C)


@pytest.mark.parametrize("shape", [(2, 1), (1,), (), (3,), (1, 2)])
def test_scores_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"y has shape \[.*\], expected \[2\], one score per row of logits"):
        score_loss(torch.zeros(2, 5), torch.full(shape, 2.0))
    if len(shape) != 1:
        with pytest.raises(ValueError, match=r"y has shape \[.*\], expected \[B\]"):
            score_targets(torch.full(shape, 2.0), 5)
