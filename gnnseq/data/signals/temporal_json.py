"""The JSON files of PyTorch Geometric Temporal."""

import json
from pathlib import Path
from reprlib import repr as shorten
from typing import Any

import torch
from torch import Tensor

from gnnseq.data.files import check_finite, read_text
from gnnseq.data.signals.tables import Series

_VALUES = ("FX", "X", "block")


def read_temporal_json(path: str | Path) -> tuple[Series, Tensor]:
    """Reads a data set of PyTorch Geometric Temporal: chickenpox, Pedal Me deliveries, wind farms.

    The file is an object with ``edges``, perhaps ``weights`` of them and ``node_ids``, and rows of values ``[T][N]``
    under "FX", "X" or "block". Values are as in the file, which for these data sets are z-scores over all steps.

    Args:
        path: of the file.

    Returns:
        The series, without times, and weights ``[N, N]`` from row to column; repeated edges add up.

    Raises:
        ValueError: for no JSON object, a missing or malformed entry, or values that are not finite; it names the file
            and the entry.
    """
    try:
        data = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON: {error}") from None
    except ValueError as error:
        raise ValueError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    if not isinstance(data, dict):
        raise ValueError(f"{path} holds a {type(data).__name__}, expected an object")
    key = next((key for key in _VALUES if key in data), None)
    if key is None or "edges" not in data:
        raise ValueError(
            f"{path} has the entries {shorten(list(data))}, expected edges and one of {', '.join(_VALUES)}"
        )
    values = _numbers(path, key, data[key], 2)
    edges = _numbers(path, "edges", data["edges"], 2)
    T, N = values.shape
    if edges.size(1) != 2 or not T or bool(((edges < 0) | (edges >= N) | (edges % 1 != 0)).any()):
        raise ValueError(f"{path}: edges are {shorten(data['edges'])}, expected pairs of nodes 0 to {N - 1}")
    given = data.get("weights", [1.0] * len(edges))
    weights = _numbers(path, "weights", given, 1)
    if len(weights) != len(edges):
        raise ValueError(f"{path}: weights has {len(weights)} entries, expected {len(edges)}, one per edge")
    adjacency = torch.zeros(N, N, dtype=torch.float64).index_put(tuple(edges.long().t()), weights, accumulate=True)
    return Series(values, _names(path, data.get("node_ids"), N)), adjacency


def _numbers(path: str | Path, key: str, given: Any, dimensions: int) -> Tensor:
    try:
        found = torch.tensor(given, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ValueError(f"{path}: {key} is no table of numbers: {error}") from None
    if found.dim() != dimensions:
        raise ValueError(f"{path}: {key} has shape {list(found.shape)}, expected {dimensions} dimensions")
    check_finite(f"{path}: {key}", found.float())
    return found


def _names(path: str | Path, given: Any, count: int) -> list[str]:
    """Names in the order of their numbers."""
    if given is None:
        return [str(node) for node in range(count)]
    whole = isinstance(given, dict) and all(type(number) is int for number in given.values())
    if not whole or sorted(given.values()) != list(range(count)):
        raise ValueError(f"{path}: node_ids is {shorten(given)}, expected the numbers 0 to {count - 1} by name")
    return sorted(given, key=given.__getitem__)
