"""The file of a checkpoint: written atomically, verified when loaded."""

import copy
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

import gnnseq
from gnnseq.files import write_atomically

FORMAT = 1
MARK = "gnnseq checkpoint"  # holds the format
_SHOWN = 5  # differences that are named
Types: TypeAlias = type | tuple[type, ...]
Fields: TypeAlias = Mapping[str, Types]


class CheckpointError(ValueError):
    """A file that is no checkpoint, or of another run; the file is not changed."""


def write_checkpoint(path: str | Path, kind: str, state: Mapping[str, Any]) -> None:
    """Writes tensors and plain values so that the file is there as a whole or not at all.

    The new file is loaded before it replaces the old one, so a damaged file never replaces a good one.

    Args:
        path: of the file.
        kind: what was saved, e.g. "training"; loading checks it.
        state: tensors, plain values, and lists and dictionaries of them; NumPy's scalars and paths are made plain.

    Raises:
        OSError: if it cannot be written, e.g. on a full disk; an older file stays as it was.
        CheckpointError: if the state holds something else, such as an object of a class.
    """
    data = io.BytesIO()  # torch's own writer turns the errors of a file into others
    try:
        torch.save(as_plain({MARK: FORMAT, "library": gnnseq.__version__, "kind": kind, **state}), data)
        torch.load(io.BytesIO(data.getbuffer()), map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:
        raise CheckpointError(
            f"state of {path} cannot be read back ({error}), expected tensors, numbers, strings, lists and dictionaries"
        ) from error
    with write_atomically(path) as file:
        file.write(data.getbuffer())


def read_checkpoint(path: str | Path, kind: str, fields: Fields | None = None) -> dict[str, Any]:
    """What `write_checkpoint` wrote, with tensors on the CPU; no code in the file is run.

    Args:
        path: of the file.
        kind: what is expected to be saved in it.
        fields: names that the state must have, and their types.

    Raises:
        OSError: if the file cannot be read.
        CheckpointError: if it is damaged, something else, or of a newer format.
    """
    data = Path(path).read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            damaged = archive.testzip()  # torch reads without a look at the checksums
            for member in archive.infolist():
                if member.external_attr & 0x10:  # marked as a folder: torch would leave its tensor unread
                    damaged = member.filename
        if damaged is not None:
            raise zipfile.BadZipFile(f"wrong checksum of {damaged}")
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(f"{path} is no checkpoint of a {kind}, or is damaged: {type(error).__name__}") from error
    if not isinstance(state, dict) or not isinstance(state.get(MARK), int):
        raise CheckpointError(f"{path} is no checkpoint of a {kind}, but something else")
    if state[MARK] > FORMAT:
        raise CheckpointError(
            f"{path} is a checkpoint of format {state[MARK]}, written by gnnseq {state.get('library')}; this is gnnseq "
            f"{gnnseq.__version__}, which reads formats up to {FORMAT}: update it"
        )
    if state.get("kind") != kind:
        raise CheckpointError(f"{path} is no checkpoint of a {kind}, but of a {state.get('kind')}")
    for name, types in (fields or {}).items():
        if not isinstance(state.get(name, _Missing()), types):
            found = type(state[name]).__name__ if name in state else "missing"
            raise CheckpointError(f"{path} is damaged: {name} is {found}, expected {_named(types)}")
    return state


def as_plain(value: Any) -> Any:
    """A value with NumPy's scalars and paths in it made Python's own, however deep."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, dict):
        plain = copy.copy(value)  # a state_dict keeps its metadata
        for key, item in value.items():
            plain[key] = as_plain(item)
        return plain
    return type(value)(map(as_plain, value)) if type(value) in (list, tuple) else value


class _Missing:
    pass


def _named(types: Types) -> str:
    return " or ".join(kind.__name__ for kind in (types if isinstance(types, tuple) else (types,)))


def differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, str]:
    """The settings of a checkpoint that differ from those expected, by name, each in words."""
    values = {name: (found.get(name), expected.get(name)) for name in {**found, **expected}}
    names = [name for name, (a, b) in values.items() if a != b and repr(a) != repr(b)]  # NaN is NaN
    return {name: f"{name} is {found.get(name)!r}, not {expected.get(name)!r}" for name in names}


def load_weights(path: str | Path, model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Puts the weights of a checkpoint into a model.

    Raises:
        CheckpointError: if they are those of another architecture, with the names and shapes that differ.
    """
    own = model.state_dict()
    parts = [f"{name} is missing" for name in own if name not in weights]
    parts += [f"{name} is not in the model" for name in weights if name not in own]
    parts += [
        f"{name} is {list(weights[name].shape)}, not {list(value.shape)}"
        for name, value in own.items()
        if name in weights and isinstance(value, Tensor) and weights[name].shape != value.shape
    ]
    if parts:
        more = f" and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
        raise CheckpointError(f"{path} is of another architecture: {', '.join(parts[:_SHOWN])}{more}")
    model.load_state_dict(weights)
