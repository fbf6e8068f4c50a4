"""Texts as graphs of characters or words, and back."""

from collections.abc import Sequence
from typing import TypeAlias, cast

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data.batch import Batch
from torch_geometric.data.data import Data

from gnnseq.data.padded import Samples, split_samples
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.graphs.edges import Direction
from gnnseq.graphs.path import path_batch

Texts: TypeAlias = Sequence[str] | Sequence[Sequence[str]]


def text_path_batch(
    texts: Texts, vocabulary: Vocabulary, *, y: Tensor | None = None, direction: Direction = "forward"
) -> Batch:
    """Texts as path graphs: a node for every character or word, an edge to the next.

    Args:
        texts: strings, or lists of symbols.
        vocabulary: of characters or words; it decides what the nodes are.
        y: one target per text ``[B]`` or per symbol ``[N]``.
        direction: "forward" (earlier to later), "backward" or "both".

    Returns:
        As :func:`gnnseq.graphs.path_batch`.

    Raises:
        ValueError: if a text is empty or has symbols that are not in the vocabulary.
    """
    return path_batch(encode_texts(texts, vocabulary), y=y, direction=direction)


def to_texts(batch: Data, vocabulary: Vocabulary) -> list[str]:
    """The texts of a batch, for reading.

    Symbols are read in the order of the nodes, or of ``position`` where the batch has it, as parses
    do. Nodes without a symbol (``x`` is ``len(vocabulary)``) or with a position of -1 are left out.

    Args:
        batch: with ``x`` ``[N]`` (int64), such as :func:`text_path_batch`, :func:`parse_batch` or
            :func:`gnnseq.graphs.balanced_tree_batch` make it; or one graph, which is one text.
        vocabulary: that of the symbols.

    Raises:
        TypeError: if ``batch`` is no ``Data`` nor a batch of them.
        ValueError: if ``x`` holds no symbols.
    """
    given: object = batch
    if not isinstance(given, Data):
        raise TypeError(f"batch is a {type(given).__name__}, expected a Batch or Data")
    x = batch.x
    if x is None or x.dim() != 1 or x.is_floating_point():
        found = "missing" if x is None else f"{x.dtype} {list(x.shape)}"
        raise ValueError(f"x is {found}, expected symbols [N] (int64)")
    owners = batch.batch if "batch" in batch else torch.zeros_like(x)
    num_texts = batch.num_graphs if isinstance(batch, Batch) else int(owners.max()) + 1 if len(owners) else 1
    symbols, owner = x.cpu().numpy(), cast(Tensor, owners).cpu().numpy()
    shown = symbols < len(vocabulary)
    if "position" in batch:
        position = cast(Tensor, batch.position).cpu().numpy()
        shown &= position >= 0
        order = np.lexsort((position, owner))
    else:
        order = np.arange(len(symbols))
    order = order[shown[order]]
    ends = np.cumsum(np.bincount(owner[order], minlength=num_texts))
    return [vocabulary.decode(part.tolist()) for part in np.split(symbols[order], ends[:-1])]


def to_text_paths(samples: Samples, *, vocabulary: Vocabulary, direction: Direction = "forward") -> Batch:
    """Collates ``(text, target)`` pairs: :func:`text_path_batch`.

    Args:
        samples: texts with a target each, or with one per symbol.
        vocabulary: of characters or words.
        direction: "forward", "backward" or "both".
    """
    texts, y = split_samples(samples)
    return text_path_batch(cast(Texts, texts), vocabulary, y=y, direction=direction)


def encode_texts(texts: Texts, vocabulary: Vocabulary) -> list[Tensor]:
    """The ids of every text.

    Raises:
        TypeError: if ``texts`` is one string.
        ValueError: if a text has unknown symbols; the message names the text.
    """
    if isinstance(texts, str):
        raise TypeError("texts is a str, expected a list of texts")
    parts = [vocabulary.cut(text) for text in texts]
    return list(torch.split(vocabulary.encode_rows("texts", parts), [len(part) for part in parts]))
