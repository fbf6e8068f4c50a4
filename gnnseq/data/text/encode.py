"""A text file of any length as ids, and a long text in parts."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from torch import Tensor

from gnnseq.data.files import read_chunks
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.files import write_atomically

IdArray: TypeAlias = npt.NDArray[np.integer[Any]]
Ids: TypeAlias = IdArray | Tensor


def read_pieces(path: str | Path, *, whole_words: bool = False) -> Iterator[str]:
    """The text of a file of any length in pieces, cut anywhere, or only behind white space.

    ``Vocabulary.from_words(read_pieces(path, whole_words=True))`` needs no more memory than a piece.

    Args:
        path: of a UTF-8 file.
        whole_words: whether no word may be cut in two.

    Raises:
        ValueError: if some bytes are not UTF-8; it names the first and its offset in the file.
    """
    parts: list[str] = []  # since the last white space
    for chunk in read_chunks(path):
        end = _behind_white_space(chunk) if whole_words else len(chunk)
        if end:
            yield "".join([*parts, chunk[:end]])
            parts = []
        parts.append(chunk[end:])
    yield "".join(parts)


def encode_file(text: str | Path, ids: str | Path, vocabulary: Vocabulary) -> IdArray:
    """Writes the ids of a text file of any length to an ``.npy`` file, piece by piece.

    Args:
        text: path of a UTF-8 file.
        ids: path of the file to write; it appears when it is complete.
        vocabulary: of characters or words.

    Returns:
        The ids ``[N]`` in the smallest unsigned type that holds them, mapped into memory.

    Raises:
        ValueError: if the file is empty or not UTF-8, or has unknown symbols.
    """
    dtype = np.min_scalar_type(len(vocabulary) - 1)
    count = 0
    with write_atomically(ids) as file:
        _write_header(file, dtype, count)
        for piece in read_pieces(text, whole_words=bool(vocabulary.separator)):
            try:
                part = vocabulary.encode(piece, first=count).numpy()
            except ValueError as error:
                raise ValueError(f"{text}: {error}") from None
            file.write(part.astype(dtype).tobytes())
            count += len(part)
        if not count:
            raise ValueError(f"{text} is empty, expected at least one symbol")
        file.seek(0)
        _write_header(file, dtype, count)
    mapped: IdArray = np.load(ids, mmap_mode="r")
    return mapped


def split_ids(ids: Ids, fractions: Sequence[float] = (0.8, 0.1, 0.1)) -> tuple[IdArray, ...]:
    """Contiguous parts of a text, such as training, validation and test; views of ``ids``.

    Args:
        ids: of the whole text ``[N]``.
        fractions: of the text, in order; their sum is 1.

    Raises:
        ValueError: if a fraction is not positive, or they do not add up to 1.
    """
    if not (len(fractions) and all(share > 0 for share in fractions) and abs(sum(fractions) - 1) <= 1e-6):
        raise ValueError(f"fractions is {fractions}, expected positive numbers that add up to 1")
    values = check_ids(ids, 0)
    cuts = np.rint(np.cumsum(fractions) * len(values)).astype(np.int64)
    return tuple(np.split(values, cuts[:-1]))


def _behind_white_space(text: str) -> int:
    """The place behind the last white space; 0 if there is none."""
    if text[-1:].isspace():
        return len(text)
    return len(text) - len(text.rsplit(maxsplit=1)[-1]) if text else 0


def check_ids(ids: Ids, least: int) -> IdArray:
    """Ids ``[N]`` as an array, at least so many of them."""
    values: object = ids.numpy() if isinstance(ids, Tensor) else ids
    if not isinstance(values, np.ndarray):
        raise TypeError(f"ids is a {type(values).__name__}, expected an array or a tensor of integers")
    if values.ndim != 1 or values.dtype.kind not in "iu":
        shape, dtype = list(values.shape), values.dtype
        raise ValueError(f"ids has shape {shape} and dtype {dtype}, expected one row of integers")
    if len(values) < least:
        raise ValueError(f"ids has {len(values)} symbols, expected at least {least}")
    return values


def _write_header(file: IO[bytes], dtype: np.dtype[Any], count: int) -> None:
    """The header of an ``.npy`` file; NumPy gives it the same size for every count."""
    header = {"descr": dtype.str, "fortran_order": False, "shape": (count,)}
    np.lib.format.write_array_header_1_0(file, header)
