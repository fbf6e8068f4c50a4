import re

import pytest
import torch

from gnnseq.data.sequences import flatten, locate

INTS, FLOATS = torch.tensor([1, 2]), torch.ones(2, 3)


def test_a_tensor_of_symbols_is_not_copied():
    sequences = torch.arange(6).view(2, 3)
    values, lengths = flatten(sequences)
    assert values.data_ptr() == sequences.data_ptr()
    assert values.tolist() == [0, 1, 2, 3, 4, 5]
    assert lengths.tolist() == [3, 3]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_symbols_become_int64(dtype):
    values, lengths = flatten([torch.tensor([1, 2], dtype=dtype), torch.tensor([3], dtype=dtype)])
    assert values.dtype == torch.int64
    assert values.tolist() == [1, 2, 3]
    assert lengths.tolist() == [2, 1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_features_keep_their_dtype_and_gradient(dtype):
    rows = [torch.ones(2, 3, dtype=dtype), torch.zeros(1, 3, dtype=dtype, requires_grad=True)]
    values, lengths = flatten(rows)
    assert values.dtype == dtype
    assert torch.equal(values, torch.cat(rows))
    assert values.requires_grad
    assert lengths.tolist() == [2, 1]


def test_finite_features_may_overflow_in_sum():
    values, _ = flatten(torch.full((1, 2, 1), torch.finfo(torch.float32).max))
    assert values.isfinite().all()


def test_characters_are_code_points():
    values, lengths = flatten(["ab", "é😀\ud800", "c"])
    assert values.tolist() == [97, 98, 233, 128512, 0xD800, 99]
    assert lengths.tolist() == [2, 3, 1]


def test_characters_are_places_in_the_alphabet():
    assert flatten(["cab", "b😀"], "abc😀").values.tolist() == [2, 0, 1, 1, 3]


@pytest.mark.parametrize("far", ["d", "é", "😀", "\U0010ffff", "\0"])
def test_an_unknown_character_is_named(far):
    message = f"sequences[1] at position 2 is {far!r}, expected a character of 'abc'"
    with pytest.raises(ValueError, match=re.escape(message)):
        flatten(["abc", "ba" + far], "abc")


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "sequences is empty, expected at least one"),
        (torch.ones(0, 3, dtype=torch.long), "sequences is empty, expected at least one"),
        (torch.ones(2, 0, dtype=torch.long), r"sequences\[0\] is empty, expected at least one"),
        ([INTS, torch.ones(0, dtype=torch.long)], r"sequences\[1\] is empty"),
        ([FLOATS, torch.ones(0, 3)], r"sequences\[1\] is empty"),
        (["ab", ""], r"sequences\[1\] is empty"),
        ([INTS, INTS.int()], r"sequences\[1\] has dtype torch.int32, expected torch.int64"),
        ([FLOATS, FLOATS.double()], r"sequences\[1\] has dtype torch.float64, expected torch.flo"),
        ([INTS, INTS[None]], r"sequences\[1\] has number of dimensions 2, expected 1"),
        ([FLOATS, FLOATS, FLOATS[:, :2]], r"sequences\[2\] has width 2, expected 3"),
        ([INTS, torch.tensor([3, 0, -4])], r"sequences\[1\] at position 2 is -4, expected a sym"),
        (torch.tensor([[1, 2], [-3, 1]]), r"sequences\[1\] at position 0 is -3, expected a symbol"),
        ([FLOATS, FLOATS / 0], r"sequences\[1\] at position 0 is \[inf, inf, inf\], expected fin"),
        ([FLOATS * torch.nan], r"sequences\[0\] at position 0 is \[nan, nan, nan\], expected fin"),
        (torch.ones(2, 3), r"shape \[2, 3\] and dtype torch.float32, expected integers \[B, T\]"),
        (torch.ones(2, 3, 1, dtype=torch.long), r"expected integers \[B, T\] or floats \[B, T, F"),
        (torch.tensor(3), "sequences has shape"),
        ([torch.ones(3)], r"sequences\[0\] has shape \[3\] and dtype torch.float32, expected int"),
        ([INTS[None]], r"sequences\[0\] has shape \[1, 2\] and dtype torch.int64, expected integ"),
        (INTS[None] > 1, "sequences has dtype torch.bool, expected integers or floats"),
        ([FLOATS.to(torch.complex64)], "has dtype torch.complex64, expected integers or floats"),
    ],
)
def test_sequences_that_do_not_fit(sequences, message):
    with pytest.raises(ValueError, match=message):
        flatten(sequences)


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ("abc", "sequences is a str, expected a tensor, or a list"),
        (3, "sequences is a int, expected a tensor, or a list"),
        ([3, 4], r"sequences\[0\] is a int, expected a Tensor"),
        ([INTS, "ab"], r"sequences\[1\] is a str, expected a Tensor"),
        (["ab", INTS], r"sequences\[1\] is a Tensor, expected a str"),
    ],
)
def test_sequences_of_other_types(sequences, message):
    with pytest.raises(TypeError, match=message):
        flatten(sequences)


@pytest.mark.parametrize(
    ("sequences", "alphabet", "message"),
    [
        (["a"], "", "alphabet is '', expected distinct characters"),
        (["a"], "aba", "alphabet is 'aba', expected distinct characters"),
        ([INTS], "ab", "alphabet is 'ab', expected None: sequences holds no characters"),
    ],
)
def test_alphabets_that_do_not_fit(sequences, alphabet, message):
    with pytest.raises(ValueError, match=message):
        flatten(sequences, alphabet)


def test_locate():
    lengths = flatten(["ab", "c", "def"]).lengths
    found = [locate(lengths, node) for node in range(6)]
    places = [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (2, 2)]
    assert found == [f"sequences[{row}] at position {step}" for row, step in places]
