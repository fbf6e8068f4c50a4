"""Training of a language model on a text, which may stop at any step and go on exactly."""

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.data.text.encode import IdArray, split_ids
from gnnseq.data.text.vocabulary import Vocabulary
from gnnseq.data.text.windows import ConsecutiveWindows, TextStreams, TextWindows
from gnnseq.experiments.family import find_named
from gnnseq.graphs.cooccurrence import word_graph
from gnnseq.models.causal import check_causal
from gnnseq.models.modes import evaluating
from gnnseq.studies.text.families import CAUSAL_FAMILIES, TextFamily
from gnnseq.training import CheckpointError, Evaluation, History, Progress, Step, evaluate, fit
from gnnseq.training.checkpoint_file import differences, load_weights, read_checkpoint, write_checkpoint
from gnnseq.training.random_state import random_state, set_random_state

KIND = "text run"
EVALUATION_BATCH = 64  # a GCRN holds a state for every symbol
STREAMS = 16  # at most, in which the held-out text is read in order


@dataclass(frozen=True)
class TextSettings:
    """What decides a run, besides the text and the number of steps.

    Attributes:
        family: name of one of `CAUSAL_FAMILIES`.
        width: features of a state H.
        embedding: features of a character.
        window: characters of a training sample T.
        batch_size: windows of a batch B.
        learning_rate: of Adam.
        max_norm: gradients are clipped at this norm.
        seed: of the weights and of the windows.
    """

    family: str = "lstm"
    width: int = 128
    embedding: int = 64
    window: int = 30
    batch_size: int = 64
    learning_rate: float = 2e-3
    max_norm: float = 5.0
    seed: int = 0

    def find_family(self) -> TextFamily:
        """The family of that name.

        Raises:
            ValueError: if there is none.
        """
        return find_named(self.family, CAUSAL_FAMILIES, "family")


@dataclass
class TextCurve:
    """What happened in training.

    Attributes:
        loss: of every training batch, in nats per character.
        accuracy: of every training batch, before its step; from 0 to 1.
        held_out: ``[step, loss, accuracy]`` on the held-out text, now and then.
        samples: ``[step, text]``, now and then.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    held_out: list[list[float]] = field(default_factory=list)
    samples: list[list[Any]] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Number of steps taken."""
        return len(self.loss)


class TextRun:
    """A language model in training on the first nine tenths of a text; the last tenth is held out.

    Of a small text more is held out: a window and the symbol behind it at least.

    The windows of step k depend on the seed and k alone, so a run that was restored repeats no batch and leaves none
    out, and its weights are those of a run without a break, bit by bit.

    Args:
        settings: of the run.
        text: the whole text. All its characters make the vocabulary; the graph of characters is made of the training
            part, with an edge between characters that stand side by side, weighted by the logarithm of how often.

    Raises:
        ValueError: if the text has no two windows, a setting is out of range, or the model looks ahead.
    """

    def __init__(self, settings: TextSettings, text: str) -> None:
        self.settings = settings
        self.family = settings.find_family()
        self.vocabulary = Vocabulary.from_characters(text)
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        self.train_ids, self.held_out_ids = _split(self.vocabulary.encode(text), settings.window)
        self.windows = TextWindows(self.train_ids, settings.window, seed=settings.seed)
        self.symbols = word_graph([text[: len(self.train_ids)]], self.vocabulary, window=2)
        self.symbols.edge_weight = self.symbols.edge_weight.log1p()
        torch.manual_seed(settings.seed)
        self.model = self.family.build(self.symbols, settings.width, settings.embedding)
        check_causal(self.model, self.family.to_batch)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=settings.learning_rate)
        self.curve = TextCurve()

    def train(self, steps: int, after_step: Callable[["TextRun"], None] | None = None) -> History:
        """Goes on until ``steps`` steps were taken in all; see `gnnseq.training.fit` for the history."""

        def note(history: History) -> None:
            self.curve.loss.append(history.loss[-1])
            self.curve.accuracy.append(history.accuracy[-1])
            if after_step is not None:
                after_step(self)

        batches = self._batches(self.curve.steps, steps)
        step, bar = Step(max_norm=self.settings.max_norm), Progress("training", steps - self.curve.steps)
        return fit(self.model, batches, self.optimizer, step=step, callbacks=[note, bar])

    def evaluate(self) -> Evaluation:
        """Loss and accuracy on the held-out text, in windows of the training's length, each read from nothing."""
        windows = ConsecutiveWindows(self.held_out_ids, self.settings.window)
        places = range(0, len(windows), EVALUATION_BATCH)
        cuts = (windows[place : place + EVALUATION_BATCH] for place in places)
        return evaluate(self.model, (self.family.to_batch(x, y=y.reshape(-1)) for x, y in cuts))

    @torch.no_grad()
    def evaluate_carried(self, streams: int = STREAMS) -> float:
        """Loss on the held-out text read in order, with the state carried from window to window.

        Args:
            streams: in which the text is read at a time; fewer where it is too short for a window in each.
        """
        total, state = 0.0, None
        streams = min(streams, (len(self.held_out_ids) - 1) // self.settings.window)
        steps = TextStreams(self.held_out_ids, self.settings.window, streams)
        with evaluating(self.model):
            for x, y in (steps[place] for place in range(len(steps))):
                logits, state = self.model.advance(self.family.to_batch(x), state)
                total += float(torch.nn.functional.cross_entropy(logits, y.reshape(-1)))
        return total / len(steps)

    def save(self, path: str | Path) -> None:
        """Writes everything that `restore` needs, so that the file is there as a whole or not at all."""
        state = {
            "settings": asdict(self.settings),
            "text": self.digest,
            "vocabulary": self.vocabulary.state_dict(),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.curve.steps,
            "random": random_state(),
            "curve": asdict(self.curve),
        }
        write_checkpoint(path, KIND, state)

    def restore(self, path: str | Path) -> None:
        """Goes back to where `save` was called.

        Raises:
            OSError: if the file cannot be read.
            CheckpointError: if it is no checkpoint, or one of another text or other settings.
        """
        state = read_checkpoint(path, KIND)
        if state["text"] != self.digest:
            raise CheckpointError(f"{path} was trained on another text, expected the same one")
        differing = differences(state["settings"], asdict(self.settings))
        if differing:
            raise CheckpointError(f"{path} has other settings: {', '.join(differing.values())}")
        load_weights(path, self.model, state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.curve = TextCurve(**state["curve"])
        set_random_state(state["random"])

    def _batches(self, first: int, last: int) -> Iterator[Batch]:
        size = self.settings.batch_size
        for step in range(first, last):
            x, y = self.windows[step * size : (step + 1) * size]
            yield self.family.to_batch(x, y=y.reshape(-1))


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


def bits(loss: float) -> float:
    """Nats to bits."""
    return loss / math.log(2)
