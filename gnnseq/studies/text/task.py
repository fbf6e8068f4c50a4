"""A book as a task: the next character, and how a language model of it is run among others."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from gnnseq.data.streams import Split, check_split
from gnnseq.data.text.encode import IdArray, split_ids
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.text.windows import ConsecutiveWindows, TextStreams, TextWindows, Window
from gnnseq.experiments.run import run_trial
from gnnseq.experiments.tasks.base import Collate, Level, find_view
from gnnseq.experiments.tasks.kinds import Classification, SequenceTask, WithData, batches_of
from gnnseq.experiments.trial import Trial
from gnnseq.graphs.cooccurrence import word_graph
from gnnseq.models.language_model import CharLanguageModel
from gnnseq.models.modes import evaluating
from gnnseq.runs.store import Record
from gnnseq.studies.text.families import BATCHES, HOPS, ToBatch

STREAMS = 16  # at most, in which the held-out text is read in order


class Parts(NamedTuple):
    """A text as integers.

    Attributes:
        vocabulary: all its characters.
        train: what is trained on.
        held_out: the rest.
        symbols: graph of characters of the training part, with an edge between characters that stand side by side,
            weighted by the logarithm of how often.
    """

    vocabulary: Vocabulary
    train: IdArray
    held_out: IdArray
    symbols: Data


@dataclass(frozen=True)
class BookTask(WithData, SequenceTask, Classification):
    """At every character of a window, the character that follows; `of` makes it of a text.

    The first nine tenths of the text are trained on, in windows from anywhere; the last tenth is held out, of a small
    text a window and the symbol behind it at least. Held-out windows stand side by side. They are both validation and
    test data, so that small texts suffice: they show the course of training, and nothing may be selected on them. A
    task with three parts is `gnnseq.experiments.tasks.text.TextTask`.

    Attributes:
        length: characters of a window.
        digest: SHA-256 of the text.
        text: the text; the key contains its hash instead.

    Raises:
        ValueError: if the text has no two windows.
    """

    digest: str
    text: str = field(repr=False, compare=False, default="")

    name: ClassVar[str] = "book"
    level: ClassVar[Level] = "node"
    num_features: ClassVar[None] = None
    solved: ClassVar[float] = 1.0
    hops: ClassVar[tuple[int, ...]] = HOPS

    @classmethod
    def of(cls, text: str, length: int) -> "BookTask":
        """The task of a text in windows of some length."""
        return cls(length, hashlib.sha256(text.encode()).hexdigest(), text)

    @property
    def parts(self) -> Parts:
        """The text as integers."""
        return _parts(self.text, self.length)

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"characters of a book, windows of {self.length}"

    @property
    def vocabulary(self) -> Vocabulary:
        """The characters of the text."""
        return self.parts.vocabulary

    @property
    def num_symbols(self) -> int:
        """Number of characters."""
        return len(self.vocabulary)

    @property
    def num_outputs(self) -> int:
        """Number of characters."""
        return self.num_symbols

    @property
    def chance(self) -> float:
        """Share of the held-out text that is training's commonest character."""
        return float((self.parts.held_out == np.bincount(self.parts.train).argmax()).mean())

    @property
    def views(self) -> Mapping[str, Collate]:
        """The graphs that causal families read."""
        return {name: partial(_collate, to_batch) for name, to_batch in BATCHES.items()}

    @property
    def held_out_windows(self) -> int:
        """Windows that are held out."""
        return len(ConsecutiveWindows(self.parts.held_out, self.length))

    def dataset(self, seed: int, split: Split) -> TextWindows | ConsecutiveWindows:
        """The windows; see `Sampled`."""
        if check_split(split) == "train":
            return TextWindows(self.parts.train, self.length, seed=seed)
        return ConsecutiveWindows(self.parts.held_out, self.length)

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches; see `Task`. Of the held-out text at most as many as there are."""
        if split != "train":
            num_batches = min(num_batches, -(-self.held_out_windows // batch_size) - first)
        return batches_of(self.dataset(seed, split), find_view(self, view), batch_size, num_batches, first)


def _collate(to_batch: ToBatch, windows: Window) -> Batch:
    return to_batch(windows[0], y=windows[1].reshape(-1))


@lru_cache(maxsize=4)
def _parts(text: str, length: int) -> Parts:
    vocabulary = Vocabulary.from_characters(text)
    train, held_out = _split(vocabulary.encode(text), length)
    symbols = word_graph([text[: len(train)]], vocabulary, window=2)
    symbols.edge_weight = symbols.edge_weight.log1p()
    return Parts(vocabulary, train, held_out, symbols)


def _split(ids: Tensor, window: int) -> tuple[IdArray, IdArray]:
    """The part for training and the part held out, each with a window and the symbol behind it."""
    if len(ids) < 2 * (window + 1):
        raise ValueError(
            f"text has {len(ids)} characters, expected at least {window + 1} to train on and as many to hold out: "
            f"a window of {window} and the symbol behind it"
        )
    train, held_out = split_ids(ids, (0.9, 0.1))
    short = max(0, window + 1 - len(held_out))
    return train[: len(train) - short], np.concatenate([train[len(train) - short :], held_out])


@torch.no_grad()
def carried_loss(model: CharLanguageModel, task: BookTask, to_batch: ToBatch, streams: int = STREAMS) -> float:
    """Loss on the held-out text read in order, with the state carried from window to window.

    Args:
        model: one that carries its state.
        task: has the text.
        to_batch: makes the graphs that the model reads.
        streams: in which the text is read at a time; fewer where it is too short for a window in each.
    """
    held_out, total, state = task.parts.held_out, 0.0, None
    steps = TextStreams(held_out, task.length, min(streams, (len(held_out) - 1) // task.length))
    with evaluating(model):
        for x, y in (steps[place] for place in range(len(steps))):
            logits, state = model.advance(to_batch(x), state)
            total += float(torch.nn.functional.cross_entropy(logits, y.reshape(-1)))
    return total / len(steps)


def run_text(trial: Trial, folder: Path | None = None, device: str = "cpu") -> Record:
    """`gnnseq.experiments.run_trial`, with ``carried``, the loss of the held-out text read in order, or None."""
    return run_trial(trial, folder=folder, device=device, after=_carried)


def _carried(model: Any, trial: Trial) -> Record:
    task: Any = trial.task
    return {"carried": carried_loss(model, task, BATCHES[trial.family.view]) if model.carries_state else None}
