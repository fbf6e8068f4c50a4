import pytest
import torch

from gnnseq.data.signals.forecasts import ForecastDataset
from gnnseq.data.signals.series import spreading_signals


@pytest.fixture(scope="module")
def signals():
    return spreading_signals(6, 100)


@pytest.mark.parametrize(("split", "first", "end"), [("train", 0, 70), ("validation", 70, 80), ("test", 80, 100)])
def test_windows_and_what_follows_lie_in_their_part(signals, split, first, end):
    series, following = ForecastDataset(signals, 4, split=split)[:300]
    starts = set()
    for window, after in zip(series, following, strict=True):
        found = [s for s in range(96) if torch.equal(signals.values[s : s + 4].t(), window)]
        assert len(found) == 1
        assert torch.equal(signals.values[found[0] + 4], after)
        starts.add(found[0])
    assert starts == set(range(first, end - 4))


def test_the_error_of_the_mean(signals):
    dataset = ForecastDataset(signals, 4, split="test")
    assert dataset.mean_error == pytest.approx(float((signals.values[84:100] ** 2).mean()))


def test_bad_length(signals):
    with pytest.raises(ValueError, match="length is 10, expected less than the 10 steps of the validation part"):
        ForecastDataset(signals, 10, split="validation")
    with pytest.raises(ValueError, match="length is 0, expected an integer >= 1"):
        ForecastDataset(signals, 0)
    assert "length=4" in repr(ForecastDataset(signals, 4))
