import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gnnseq.data.files import read_chunks
from gnnseq.data.text import encode as module
from gnnseq.data.text.encode import check_ids, encode_file, split_ids
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.text.words import words

LETTERS = st.text("ab \nü", min_size=1, max_size=60)


@given(text=LETTERS, size=st.integers(1, 7))
def test_file_in_pieces_is_the_text_at_once(tmp_path_factory, text, size):
    folder = tmp_path_factory.mktemp("ids")
    (folder / "text").write_text(text, encoding="utf-8", newline="\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "read_chunks", lambda path: read_chunks(path, size))
        for vocabulary in (Vocabulary("ab \nü"), Vocabulary.from_words([text, "a"])):
            expected = vocabulary.encode(text)
            if len(expected):
                ids = encode_file(folder / "text", folder / "ids.npy", vocabulary)
                assert ids.tolist() == expected.tolist()
            else:
                assert not words(text)
        pieces = list(module.read_pieces(folder / "text", whole_words=True))
    assert "".join(pieces) == text
    assert [word for piece in pieces for word in words(piece)] == words(text)
    assert {file.name for file in folder.iterdir()} == {"text", "ids.npy"}


@pytest.mark.parametrize(("size", "dtype"), [(2, np.uint8), (256, np.uint8), (257, np.uint16)])
def test_ids_are_small_and_mapped(tmp_path, size, dtype):
    (tmp_path / "text").write_text("\x00\x01" * 500, newline="\n")
    vocabulary = Vocabulary(map(chr, range(size)))
    ids = encode_file(tmp_path / "text", tmp_path / "ids.npy", vocabulary)
    assert isinstance(ids, np.memmap)
    assert ids.dtype == dtype
    assert len(ids) == 1000
    assert np.load(tmp_path / "ids.npy").tolist() == ids.tolist()


def test_unknown_symbols_are_placed_in_the_file(tmp_path, monkeypatch):
    (tmp_path / "text").write_text("aaaaaaaaax")
    monkeypatch.setattr(module, "read_chunks", lambda path: read_chunks(path, 4))
    with pytest.raises(ValueError, match=r"'x' at position 9$"):
        encode_file(tmp_path / "text", tmp_path / "ids.npy", Vocabulary("a"))
    assert not (tmp_path / "ids.npy").exists()


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_empty_files(tmp_path, content):
    (tmp_path / "text").write_bytes(content)
    with pytest.raises(ValueError, match="text is empty, expected at least one symbol"):
        encode_file(tmp_path / "text", tmp_path / "ids.npy", Vocabulary("a"))
    assert [file.name for file in tmp_path.iterdir()] == ["text"]


def test_undecodable_files(tmp_path):
    (tmp_path / "text").write_bytes(b"aa\xff")
    with pytest.raises(ValueError, match="byte 0xff at offset 2"):
        encode_file(tmp_path / "text", tmp_path / "ids.npy", Vocabulary("a"))


@given(st.integers(0, 200), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_parts_are_the_text_in_order(length, shares):
    ids = np.arange(length)
    parts = split_ids(ids, [share / sum(shares) for share in shares])
    assert len(parts) == len(shares)
    assert np.concatenate(parts).tolist() == ids.tolist()
    for part, share in zip(parts, shares, strict=True):
        assert abs(len(part) - length * share / sum(shares)) <= 1


def test_parts_are_views():
    ids = torch.arange(10)
    train, validation, test = split_ids(ids)
    assert (train.tolist(), validation.tolist(), test.tolist()) == (list(range(8)), [8], [9])
    ids[9] = 77
    assert test.tolist() == [77]


@pytest.mark.parametrize("fractions", [(), (0.5, 0.4), (0.9, 0.2), (1.1, -0.1), (0.0, 1.0)])
def test_bad_fractions(fractions):
    with pytest.raises(ValueError, match=r"fractions is .*, expected positive numbers that add up to 1"):
        split_ids(np.arange(10), fractions)


@pytest.mark.parametrize("ids", [np.zeros((2, 2), int), np.zeros(5), torch.zeros(5)])
def test_bad_ids(ids):
    with pytest.raises(ValueError, match="expected one row of integers"):
        check_ids(ids, 0)


@pytest.mark.parametrize("fractions", [(float("nan"),), (0.5, float("nan")), (float("nan"), 0.5), (float("inf"), 0.5)])
def test_fractions_that_are_no_numbers(fractions):
    with pytest.raises(ValueError, match=r"fractions is .*, expected positive numbers that add up to 1"):
        split_ids(np.arange(10), fractions)


def test_a_text_without_white_space_takes_no_longer(tmp_path):
    (tmp_path / "text").write_text("ab" * 15_000_000)
    start = time.process_time()
    pieces = list(module.read_pieces(tmp_path / "text", whole_words=True))
    assert time.process_time() - start < 3
    assert "".join(pieces) == "ab" * 15_000_000
    assert max(map(len, pieces)) == 30_000_000  # cut nowhere


def test_ids_that_are_a_list():
    with pytest.raises(TypeError, match="ids is a list, expected an array or a tensor of integers"):
        split_ids([1, 2, 3])
