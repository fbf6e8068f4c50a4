import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from gnnseq.data.text.encode import encode_file
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.text.windows import ConsecutiveWindows, TextStreams, TextWindows

IDS = np.arange(100)


@given(st.integers(2, 60), st.data(), st.integers(0, 5))
def test_random_windows_are_pieces_and_their_next_symbols(size, data, seed):
    length = data.draw(st.integers(1, size - 1))
    ids = np.arange(size) * 3
    inputs, targets = TextWindows(ids, length, seed=seed)[:20]
    assert inputs.shape == targets.shape == (20, length)
    assert inputs.dtype == targets.dtype == torch.int64
    assert inputs.is_contiguous()
    assert targets.is_contiguous()
    assert torch.equal(targets, inputs + 3)
    assert (inputs.diff(dim=1) == 3).all()
    assert int(inputs.min()) >= 0
    assert int(targets.max()) <= ids[-1]


def test_a_window_depends_on_the_seed_and_its_number_alone():
    windows = TextWindows(IDS, 7, seed=3)
    inputs, targets = windows[100:164]
    for rows in ([5, 63, 0], torch.tensor([5, 63, 0]), np.array([5, 63, 0])):
        again = TextWindows(IDS, 7, num_samples=1000, seed=3)[100 + np.asarray(rows)]
        assert torch.equal(again[0], inputs[rows])
        assert torch.equal(again[1], targets[rows])
    one = windows[105]
    assert one[0].shape == (7,)
    assert torch.equal(one[0], inputs[5])
    assert torch.equal(one[1], targets[5])
    assert not torch.equal(TextWindows(IDS, 7, seed=4)[100:164][0], inputs)


def test_random_windows_start_everywhere():
    starts = TextWindows(np.arange(12), 4)[:4000][0][:, 0]
    counts = torch.bincount(starts)
    assert len(counts) == 8
    assert counts.min() > 400
    assert counts.max() < 600


@given(st.integers(2, 60), st.data())
def test_consecutive_windows(size, data):
    length, stride = data.draw(st.integers(1, size - 1)), data.draw(st.integers(1, 10))
    windows = ConsecutiveWindows(np.arange(size), length, stride)
    starts = [start for start in range(0, size, stride) if start + length < size]
    inputs, targets = windows[:]
    assert len(windows) == len(starts)
    assert inputs.tolist() == [list(range(start, start + length)) for start in starts]
    assert torch.equal(targets, inputs + 1)


def test_consecutive_windows_cover_the_text_once():
    windows = ConsecutiveWindows(np.arange(23), 4)
    assert torch.cat([target for _, target in windows]).tolist() == list(range(1, 21))


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 40))
def test_streams_go_on_where_they_were(batch_size, length, extra):
    size = batch_size * length + 1 + extra
    streams = TextStreams(np.arange(size), length, batch_size)
    steps = list(streams)
    assert len(steps) == len(streams) == (size - 1) // batch_size // length
    rows = torch.cat([inputs for inputs, _ in steps], dim=1)  # [B, steps * T]
    assert rows.shape == (batch_size, len(steps) * length)
    assert (rows.diff(dim=1) == 1).all()
    assert len(rows.unique()) == rows.numel()
    assert torch.equal(torch.cat([targets for _, targets in steps], dim=1), rows + 1)


def test_loaders():
    inputs, targets = next(iter(DataLoader(TextWindows(IDS, 5, num_samples=64), batch_size=8)))
    assert torch.equal(targets, inputs + 1)
    assert inputs.shape == (8, 5)
    assert len(list(DataLoader(ConsecutiveWindows(IDS, 5), batch_size=8))) == 3
    steps = list(DataLoader(TextStreams(IDS, 5, 4), batch_size=None))
    assert [inputs[:, 0].tolist() for inputs, _ in steps[:2]] == [[0, 24, 48, 72], [5, 29, 53, 77]]


def test_windows_of_a_mapped_file(tmp_path):
    (tmp_path / "text").write_text("hello fairy tales " * 10)
    vocabulary = Vocabulary.from_characters(["hello fairy tales "])
    ids = encode_file(tmp_path / "text", tmp_path / "ids.npy", vocabulary)
    inputs, targets = TextWindows(ids, 6)[3]
    assert inputs.dtype == torch.int64
    text = vocabulary.decode(inputs) + vocabulary.decode(targets[-1:])
    assert text in "hello fairy tales " * 2


def test_lengths():
    assert len(TextWindows(IDS, 5, num_samples=9)) == 9
    with pytest.raises(TypeError, match="num_samples is None"):
        len(TextWindows(IDS, 5))
    with pytest.raises(IndexError, match="index 9 is out of range"):
        TextWindows(IDS, 5, num_samples=9)[9]
    with pytest.raises(IndexError):
        TextStreams(IDS, 5, 4)[4]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TextWindows(IDS[:5], 5), "ids has 5 symbols, expected at least 6"),
        (lambda: TextWindows(IDS[:0], 1), "ids has 0 symbols, expected at least 2"),
        (lambda: ConsecutiveWindows(IDS[:5], 5), "ids has 5 symbols, expected at least 6"),
        (lambda: TextStreams(IDS[:20], 5, 4), "ids has 20 symbols, expected at least 21"),
        (lambda: TextWindows(IDS, 0), "length is 0, expected an integer >= 1"),
        (lambda: TextWindows(IDS, 5, num_samples=0), "num_samples is 0"),
        (lambda: TextWindows(IDS, 5, seed=-1), "seed is -1"),
        (lambda: ConsecutiveWindows(IDS, 5, 0), "stride is 0"),
        (lambda: TextStreams(IDS, 5, 0), "batch_size is 0"),
        (lambda: TextWindows(IDS * 1.0, 5), "dtype float64, expected one row of integers"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
