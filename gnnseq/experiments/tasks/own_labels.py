"""Labels as a user has them, checked and encoded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gnnseq.data.sequences import UNLABELLED
from gnnseq.experiments.tasks.base import Level

Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


def encode_labels(labels: Sequence[Any] | Tensor, sizes: Rows) -> tuple[Tensor, Level, tuple[Any, ...]]:
    """Labels as codes or numbers, end to end, with their level and classes; none of these for numbers.

    Args:
        labels: one for each sample, or a list of one for each of its nodes.
        sizes: nodes of each sample.

    Raises:
        ValueError: for labels that do not fit the sizes or each other, that float32 cannot hold, or that are none.
    """
    given = [_plain(label) for label in _plain(labels)]
    if len(given) != len(sizes):
        raise ValueError(f"labels has {len(given)} entries, expected {len(sizes)}, one for each sample")
    level: Level = "node" if isinstance(given[0], list) else "graph"
    for number, label in enumerate(given):
        if isinstance(label, list) != (level == "node") or (level == "node" and len(label) != sizes[number]):
            wanted = "one label" if level == "graph" else f"{sizes[number]} labels, one for each node"
            raise ValueError(f"labels[{number}] is {label!r}, expected {wanted}")
    values = [_plain(one) for label in given for one in label] if level == "node" else given
    _check_kinds(values)
    if any(isinstance(value, float) for value in values):
        return _numbers(values), level, ()
    classes = tuple(sorted({value for value in values if value != UNLABELLED}))
    if not classes:
        raise ValueError("labels holds no label, expected at least one class")
    codes = {value: code for code, value in enumerate(classes)} | {UNLABELLED: UNLABELLED}
    return torch.tensor([codes[value] for value in values]), level, classes


def _numbers(values: list[float]) -> Tensor:
    found = torch.tensor(values, dtype=torch.float)
    if bool(found.isinf().any()):
        wrong = values[int(found.isinf().int().argmax())]
        raise ValueError(f"labels holds {wrong}, expected numbers that are finite in float32, or NaN for none")
    if bool(found.isnan().all()):
        raise ValueError("labels holds no label, expected at least one number")
    return found


def _check_kinds(values: list[Any]) -> None:
    wrong = [value for value in values if not isinstance(value, str | int | float)]
    if wrong:
        raise ValueError(f"labels holds {wrong[0]!r}, expected strings, integers or floats")
    others = [value for value in values if not isinstance(value, str) and value != UNLABELLED]
    if others and any(isinstance(value, str) for value in values):
        raise ValueError(f"labels holds {others[0]!r} beside strings, expected labels of one kind")


def _plain(label: Any) -> Any:
    if isinstance(label, Tensor | np.ndarray | np.generic):
        return label.tolist()
    return list(label) if isinstance(label, tuple) else label
