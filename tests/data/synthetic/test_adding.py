import pytest
import torch

from gnnseq.data.synthetic.adding import AddingDataset


@pytest.mark.parametrize("length", [2, 7, 10])
def test_one_mark_in_each_half_and_their_sum(length):
    features, sums = AddingDataset(length)[:200]
    assert features.dtype == sums.dtype == torch.float32
    for rows, total in zip(features.tolist(), sums.tolist(), strict=True):
        marked = [step for step, (_, mark) in enumerate(rows) if mark == 1.0]
        assert all(mark in (0.0, 1.0) for _, mark in rows)
        assert len(marked) == 2
        assert marked[0] < length // 2 <= marked[1]
        assert total == pytest.approx(sum(rows[step][0] for step in marked), abs=1e-6)


def test_every_place_of_a_half_is_marked_as_often():
    features, _ = AddingDataset(9, seed=1)[:20_000]
    counts = features[:, :, 1].sum(0).double()
    expected = torch.tensor([5000.0] * 4 + [4000.0] * 5)
    assert ((counts - expected) ** 2 / expected).sum() < 24.32  # 0.999 quantile of chi-square, 7 degrees


def test_the_best_constant_errs_by_a_sixth():
    _, sums = AddingDataset(20, seed=2)[:200_000]
    # The error of the mean square has standard deviation sqrt(7 / 180 / 200000) = 4.4e-4.
    assert float(((sums.double() - 1.0) ** 2).mean()) == pytest.approx(AddingDataset.constant_error, abs=2e-3)
    assert float(sums.double().mean()) == pytest.approx(1.0, abs=4e-3)


def test_length_out_of_range():
    with pytest.raises(ValueError, match="length is 1, expected an integer >= 2"):
        AddingDataset(1)
