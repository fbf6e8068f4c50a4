from dataclasses import replace

import pytest
import torch
from torch.utils.data import DataLoader

from gnnseq.data.signals.forecasts import ConsecutiveForecasts, ForecastDataset
from gnnseq.data.signals.series import standardised
from gnnseq.data.signals.spreading import spreading_signals


@pytest.fixture(scope="module")
def signals():
    return spreading_signals(6, 100)


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize(("split", "first", "end"), [("train", 0, 70), ("validation", 70, 80), ("test", 80, 100)])
def test_windows_and_what_follows_lie_in_their_part(signals, split, first, end, horizon):
    series, following = ForecastDataset(signals, 4, split=split, horizon=horizon)[:300]
    assert series.shape == (300, 6, 4, 1)
    starts = set()
    for window, after in zip(series.squeeze(-1), following, strict=True):
        found = [s for s in range(96) if torch.equal(signals.values[s : s + 4].t(), window)]
        assert len(found) == 1
        assert torch.equal(signals.values[found[0] + 4 : found[0] + 4 + horizon].t(), after)
        starts.add(found[0])
    assert starts == set(range(first, end - 3 - horizon))


def test_samples_do_not_depend_on_how_they_are_drawn(signals):
    dataset = ForecastDataset(signals, 4, 20, seed=3, horizon=2)
    whole = dataset[:20]
    for workers in (0, 2):
        x, y = (torch.cat(parts) for parts in zip(*DataLoader(dataset, 6, num_workers=workers), strict=True))
        assert torch.equal(x, whole[0])
        assert torch.equal(y, whole[1])
    assert not torch.equal(ForecastDataset(signals, 4, 20, seed=4, horizon=2)[:20][0], whole[0])


@pytest.mark.parametrize(("split", "first", "end"), [("train", 4, 70), ("validation", 70, 80), ("test", 80, 100)])
def test_all_windows_in_order_ask_every_value_of_their_part(signals, split, first, end):
    dataset = ConsecutiveForecasts(signals, 4, 2, split=split)
    x, y = next(iter(DataLoader(dataset, len(dataset))))
    expected = torch.arange(first, end - 1)
    assert len(dataset) == len(expected)
    assert torch.equal(y, torch.stack([signals.values[t : t + 2].t() for t in expected]))
    assert torch.equal(x[..., 0], torch.stack([signals.values[t - 4 : t].t() for t in expected]))
    apart = ConsecutiveForecasts(signals, 4, 2, stride=5, split=split)
    assert torch.equal(apart[:][1], y[::5])
    assert torch.equal(apart[-1][1], y[::5][-1])
    longer = ConsecutiveForecasts(signals, 7, 2, split=split)
    assert torch.equal(longer[-3:][1], y[-3:])


def test_features_come_behind_the_value(signals):
    features = torch.randn(100, 2)
    x, _ = ConsecutiveForecasts(replace(signals, features=features), 4, split="train")[5]
    assert x.shape == (6, 4, 3)
    assert torch.equal(x[..., 1:], features[5:9].expand(6, 4, 2))


def test_the_future_changes_no_input_and_no_statistic():
    series, features = torch.randn(100, 3, dtype=torch.float64), torch.randn(100, 2)
    changed = torch.cat([series[:80], 50 * torch.rand(20, 3, dtype=torch.float64)])
    made = [standardised(s, torch.ones(3, 3), ["a", "b", "c"], features=features) for s in (series, changed)]
    assert torch.equal(made[0].units, made[1].units)
    for split in ("train", "validation"):
        one, other = (ForecastDataset(signals, 5, split=split, horizon=3)[:200] for signals in made)
        assert torch.equal(one[0], other[0])
        assert torch.equal(one[1], other[1])
    one, other = (ConsecutiveForecasts(signals, 5, 3)[0] for signals in made)
    assert torch.equal(one[0], other[0])
    assert not torch.equal(one[1], other[1])


def test_no_window_is_copied_before_it_is_drawn(signals):
    dataset = ConsecutiveForecasts(signals, 4, 2)
    tensors = [value for value in vars(dataset).values() if isinstance(value, torch.Tensor)]
    assert tensors == []
    assert dataset.signals.values is signals.values


def test_the_error_of_the_mean(signals):
    dataset = ForecastDataset(signals, 4, split="test")
    assert dataset.mean_error == pytest.approx(float((signals.values[84:100] ** 2).mean()))
    gaps = signals.values.clone()
    gaps[84:90] = torch.nan
    dataset = ForecastDataset(replace(signals, values=gaps), 4, split="test")
    assert dataset.mean_error == pytest.approx(float((signals.values[90:100] ** 2).mean()))


def test_bad_length(signals):
    message = r"length \+ horizon is 10 \+ 1, expected at most the 10 steps of the validation part"
    with pytest.raises(ValueError, match=message):
        ForecastDataset(signals, 10, split="validation")
    with pytest.raises(ValueError, match=r"is 4 \+ 21, expected at most the 24 steps of the test part"):
        ConsecutiveForecasts(signals, 4, 21)
    with pytest.raises(ValueError, match=r"expected at most the 4 steps of the test part"):
        ConsecutiveForecasts(replace(signals, shares=(0.1, 0.0)), 4)
    with pytest.raises(ValueError, match="length is 0, expected an integer >= 1"):
        ForecastDataset(signals, 0)
    with pytest.raises(ValueError, match="horizon is 0, expected an integer >= 1"):
        ForecastDataset(signals, 4, horizon=0)
    with pytest.raises(ValueError, match="stride is 0, expected an integer >= 1"):
        ConsecutiveForecasts(signals, 4, stride=0)
    assert "length=4, horizon=2" in repr(ConsecutiveForecasts(signals, 4, 2))
