"""Data in parts, such as "train": which there must be, and a hash of what models read."""

import hashlib
from collections.abc import Collection, Iterable

import numpy as np
from torch import Tensor

from gnnseq.data.sequences import IntArray
from gnnseq.data.trees.corpus import TreeCorpus


def require_parts(parts: Collection[str], *names: str) -> None:
    """Raises a ``ValueError`` that names the first part that is missing."""
    for name in names:
        if name not in parts:
            raise ValueError(f"parts has no {name!r}, expected {', '.join(names)}")


def tree_arrays(corpus: TreeCorpus) -> list[IntArray]:
    """All that a model reads of trees, without their labels."""
    return [corpus.ptr, corpus.parents, corpus.slots, corpus.places, corpus.symbols]


def hash_values(values: Iterable[str | IntArray | Tensor]) -> str:
    """A hash of strings and numbers in their order, of 16 hexadecimal digits."""
    found = hashlib.sha256()
    for value in values:
        array = np.asarray(value)
        content = value.encode() if isinstance(value, str) else array.astype(array.dtype.newbyteorder("<")).tobytes()
        found.update(f"{array.dtype.kind} {len(content)} ".encode() + content)
    return found.hexdigest()[:16]
