"""The standard sequence loader's side: samples as a padded tensor with lengths."""

from collections.abc import Sequence
from numbers import Real
from typing import NamedTuple, TypeAlias, cast

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from gnnseq.data.indexing import check_integer
from gnnseq.data.sequences import UNLABELLED, Sequences, flatten

Target: TypeAlias = Tensor | int | float
Samples: TypeAlias = Sequence[tuple[Tensor, Target]] | Sequence[tuple[str, Target]] | tuple[Sequences, Tensor]


class PaddedBatch(NamedTuple):
    """Sequences of a batch, each followed by padding up to the longest.

    Args:
        x: symbols ``[B, T]`` or features ``[B, T, F]``.
        lengths: symbols of each sequence ``[B]``, int64, on the CPU as torch's packing requires.
        y: one target per sequence ``[B]``, or one per position ``[B, T]`` with -100 in the padding.
    """

    x: Tensor
    lengths: Tensor
    y: Tensor


def pad(samples: Samples, *, padding: float = 0) -> PaddedBatch:
    """Collates samples into a padded tensor; the equal of ``to_paths`` for sequence models.

    Args:
        samples: a list of ``(sequence, target)`` pairs, or the pair of all sequences and all
            targets, as ``dataset[slice]`` gives.
        padding: value after the end of a shorter sequence: a symbol, or a number where x has features.

    Raises:
        ValueError: if sequences or targets do not fit together, or the padding is no symbol where x has symbols.
    """
    sequences, targets = split_samples(samples)
    values, sizes = flatten(sequences)
    if not values.is_floating_point():
        check_integer("padding", padding, 0)
    elif not isinstance(cast(object, padding), Real):
        raise ValueError(f"padding is {padding!r}, expected a number")
    lengths = torch.from_numpy(sizes)
    if _has_rows(samples):
        signed = targets if targets.dtype.is_signed else targets.long()  # bool and uint8 cannot hold -100
        targets = _pad_rows(signed, sizes.tolist(), UNLABELLED)
    return PaddedBatch(_pad_rows(values, sizes.tolist(), padding), lengths, targets)


def split_samples(samples: Samples) -> tuple[Sequences, Tensor]:
    """Samples of either form as their sequences and their targets.

    Returns:
        The sequences, and the targets ``[B]``, or end to end if there is one per position ``[N]``.

    Raises:
        ValueError: if there are no samples or the targets do not fit the sequences.
    """
    if len(samples) == 0:
        raise ValueError("samples is empty, expected at least one (sequence, target) pair")
    if len(samples) == 2 and isinstance(samples[1], Tensor):
        sequences, targets = cast(tuple[Sequences, Tensor], samples)
        return sequences, _fit_targets(sequences, targets)
    pairs = cast(Sequence[tuple[Tensor, Target]], samples)
    rows = [row for row, sample in enumerate(pairs) if len(sample) != 2]
    if rows:
        raise ValueError(f"samples[{rows[0]}] is no pair, expected (sequence, target)")
    return [sequence for sequence, _ in pairs], _join_targets(pairs)


def _has_rows(samples: Samples) -> bool:
    """Whether there is one target per position, which the sizes do not say where every sequence has one symbol."""
    if len(samples) == 2 and isinstance(samples[1], Tensor):
        return samples[1].dim() == 2
    return torch.as_tensor(samples[0][1]).dim() == 1


def _fit_targets(sequences: Sequences, targets: Tensor) -> Tensor:
    rows, shape = len(sequences), list(targets.shape)
    if not shape or shape[0] != rows:
        raise ValueError(f"targets has shape {shape}, expected {rows} rows, one per sequence")
    if targets.dim() == 1:
        return targets
    if isinstance(sequences, Tensor) and targets.shape == sequences.shape[:2]:
        return targets.flatten()
    raise ValueError(f"targets has shape {shape}, expected one per sequence or per position")


def _join_targets(pairs: Sequence[tuple[Tensor, Target]]) -> Tensor:
    targets = [torch.as_tensor(target) for _, target in pairs]
    if targets[0].dim() == 0 and all(target.dim() == 0 for target in targets):
        return torch.stack(targets)
    for row, (sequence, _) in enumerate(pairs):
        if targets[row].dim() != 1 or len(targets[row]) != len(sequence):
            raise ValueError(
                f"samples[{row}] has a target of shape {list(targets[row].shape)}, "
                f"expected [] or [{len(sequence)}], and the same form in all samples"
            )
    return torch.cat(targets)


def _pad_rows(values: Tensor, sizes: list[int], padding: float) -> Tensor:
    """Cuts ``[N, ...]`` into rows of the given sizes and pads them to ``[B, T, ...]``."""
    if min(sizes) == max(sizes):
        return values.reshape(len(sizes), sizes[0], *values.shape[1:])
    return pad_sequence(list(torch.split(values, sizes)), batch_first=True, padding_value=padding)
