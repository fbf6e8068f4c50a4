"""Reading sequences: tensors or characters as one flat tensor and the lengths."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Sequences: TypeAlias = Tensor | Sequence[Tensor] | Sequence[str]
IntArray: TypeAlias = npt.NDArray[np.int64]

UNLABELLED = -100  # stands where there is no class, as torch's cross-entropy has it


class Flat(NamedTuple):
    """Sequences end to end.

    Args:
        values: symbols ``[N]`` (int64) or features ``[N, F]`` (floating point).
        lengths: ``[B]``, on the CPU; ``N`` is their sum.
    """

    values: Tensor
    lengths: IntArray


def flatten(sequences: Sequences, alphabet: str | None = None) -> Flat:
    """Checks sequences and joins them end to end.

    Args:
        sequences: integers ``[B, T]``, floats ``[B, T, F]``, or a list of either ``[T]`` or
            ``[T, F]`` tensors or of strings, whose lengths may differ.
        alphabet: a character's symbol is its position here; its Unicode code point if ``None``.

    Raises:
        TypeError: if the sequences are of another type, or of several.
        ValueError: if they are empty, of mixed dtype or width, negative, infinite or NaN.
    """
    if isinstance(sequences, Tensor):
        flat = _view_dense(sequences)
    elif isinstance(sequences, str) or not isinstance(sequences, Sequence):
        what = type(sequences).__name__
        raise TypeError(f"sequences is a {what}, expected a tensor, or a list of tensors or of str")
    elif len(sequences) == 0:
        raise ValueError("sequences is empty, expected at least one sequence")
    elif isinstance(sequences[0], str):
        return _join_characters(cast(Sequence[str], sequences), alphabet)
    else:
        flat = _join_tensors(sequences)
    if alphabet is not None:
        raise ValueError(f"alphabet is {alphabet!r}, expected None: sequences holds no characters")
    _check_values(flat)
    return flat if flat.values.is_floating_point() else Flat(flat.values.long(), flat.lengths)


def locate(lengths: IntArray, node: int) -> str:
    """A flat position in words, for messages: ``sequences[2] at position 5``."""
    row, position = place_of(lengths, node)
    return f"sequences[{row}] at position {position}"


def place_of(lengths: IntArray, node: int) -> tuple[int, int]:
    """The row in which a flat position lies, and its number there."""
    ends = np.cumsum(lengths)
    row = int(np.searchsorted(ends, node, side="right"))
    return row, node - int(ends[row] - lengths[row])


def _view_dense(sequences: Tensor) -> Flat:
    expected = 3 if _is_features("sequences", sequences) else 2
    if sequences.dim() != expected:
        raise ValueError(
            f"sequences has shape {list(sequences.shape)} and dtype {sequences.dtype}, "
            "expected integers [B, T] or floats [B, T, F]"
        )
    if sequences.size(0) == 0:
        raise ValueError("sequences is empty, expected at least one sequence")
    if sequences.size(1) == 0:
        raise ValueError("sequences[0] is empty, expected at least one symbol")
    lengths = np.full(sequences.size(0), sequences.size(1))
    return Flat(sequences.flatten(0, 1), lengths)


def _join_tensors(sequences: Sequence[Tensor] | Sequence[str]) -> Flat:
    _require_type(sequences, Tensor)
    sequences = cast(Sequence[Tensor], sequences)
    _same("dtype", sequences, attrgetter("dtype"))
    _same("number of dimensions", sequences, Tensor.dim)
    first = sequences[0]
    expected = 2 if _is_features("sequences[0]", first) else 1
    if first.dim() != expected:
        raise ValueError(
            f"sequences[0] has shape {list(first.shape)} and dtype {first.dtype}, "
            "expected integers [T] or floats [T, F]"
        )
    if expected == 2:
        _same("width", sequences, lambda sequence: sequence.size(1))
        return Flat(torch.cat(list(sequences)), _lengths([len(sequence) for sequence in sequences]))
    return Flat(torch.cat(list(sequences)), _lengths([sequence.numel() for sequence in sequences]))


def _join_characters(sequences: Sequence[str], alphabet: str | None) -> Flat:
    _require_type(sequences, str)
    lengths = _lengths([len(sequence) for sequence in sequences])
    encoded = "".join(sequences).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(encoded, np.uint32).astype(np.int64)
    if alphabet is None:
        return Flat(torch.from_numpy(codes), lengths)
    if len(set(alphabet)) != len(alphabet) or not alphabet:
        raise ValueError(f"alphabet is {alphabet!r}, expected distinct characters")
    letters = [ord(letter) for letter in alphabet]
    table = np.full(max(letters) + 2, -1)  # the last entry stands for all larger code points
    table[letters] = np.arange(len(letters))
    symbols = table[np.minimum(codes, len(table) - 1)]
    if (symbols < 0).any():
        node = int(np.argmax(symbols < 0))
        where = locate(lengths, node)
        raise ValueError(f"{where} is {chr(codes[node])!r}, expected a character of {alphabet!r}")
    return Flat(torch.from_numpy(symbols), lengths)


def _lengths(sizes: list[int]) -> IntArray:
    if 0 in sizes:
        raise ValueError(f"sequences[{sizes.index(0)}] is empty, expected at least one symbol")
    return np.array(sizes, np.int64)


def _require_type(sequences: Sequence[object], kind: type) -> None:
    for row, sequence in enumerate(sequences):
        if not isinstance(sequence, kind):
            what = type(sequence).__name__
            raise TypeError(f"sequences[{row}] is a {what}, expected a {kind.__name__}")


def _same(name: str, sequences: Sequence[Tensor], value: Callable[[Tensor], object]) -> None:
    """Requires one value of all sequences."""
    values = list(map(value, sequences))
    if values.count(values[0]) < len(values):
        row = next(row for row, other in enumerate(values) if other != values[0])
        message = f"sequences[{row}] has {name} {values[row]}, expected {values[0]} as sequences[0]"
        raise ValueError(message)


def _is_features(name: str, values: Tensor) -> bool:
    if values.is_complex() or values.dtype == torch.bool:
        raise ValueError(f"{name} has dtype {values.dtype}, expected integers or floats")
    return values.is_floating_point()


def _check_values(flat: Flat) -> None:
    values, lengths = flat
    if not values.is_floating_point():
        if int(values.min()) < 0:
            node = int((values < 0).int().argmax())
            where = locate(lengths, node)
            raise ValueError(f"{where} is {int(values[node])}, expected a symbol >= 0")
    # A finite sum proves that every feature is finite; an infinite one may be an overflow.
    elif not values.detach().sum().isfinite():
        finite = values.isfinite().all(dim=1)
        if not finite.all():
            node = int((~finite).int().argmax())
            where = locate(lengths, node)
            raise ValueError(f"{where} is {values[node].tolist()}, expected finite features")
