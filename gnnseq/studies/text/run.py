"""Training of a language model on a text, which may stop at any step and go on exactly."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from gnnseq.experiments.family import find_named
from gnnseq.models.causal import check_causal
from gnnseq.studies.text.families import CAUSAL_FAMILIES, TextFamily
from gnnseq.studies.text.task import STREAMS, BookTask, carried_loss
from gnnseq.training import Callback, Checkpoint, Evaluation, History, Progress, Step, evaluate, fit
from gnnseq.training.callbacks import AfterStep

EVALUATION_BATCH = 64  # a GCRN holds a state for every symbol


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
class TextCurve(Callback):
    """What happened in training; a checkpoint keeps it.

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

    def step(self, history: History) -> None:
        """Follows the history."""
        self.loss, self.accuracy = history.loss, history.accuracy

    def state_dict(self) -> dict[str, Any]:
        """What the history does not hold."""
        return {"held_out": self.held_out, "samples": self.samples}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from there."""
        self.held_out, self.samples = list(state["held_out"]), list(state["samples"])


class TextRun:
    """A language model in training on the first nine tenths of a text; the last tenth is held out.

    Of a small text more is held out: a window and the symbol behind it at least.

    The windows of step k depend on the seed and k alone, so a run that goes on from a checkpoint repeats no batch and
    leaves none out, and its weights are those of a run without a break, bit by bit.

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
        self.task = BookTask.of(text, settings.window)
        self.vocabulary, self.train_ids, self.held_out_ids, self.symbols = self.task.parts
        torch.manual_seed(settings.seed)
        self.model = self.family.build(self.symbols, settings.width, settings.embedding)
        check_causal(self.model, self.family.to_batch)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=settings.learning_rate)
        self.curve = TextCurve()

    def train(
        self, steps: int, callbacks: Sequence[Callback | AfterStep] = (), checkpoint: Checkpoint | None = None
    ) -> History:
        """Trains up to ``steps`` steps in all; see `gnnseq.training.fit`.

        Args:
            steps: all of them, those before the checkpoint too.
            callbacks: told of every step, when `curve` has it.
            checkpoint: where the run is saved, and goes on from; see `checkpoint`.
        """
        view, seed, size = self.family.view, self.settings.seed, self.settings.batch_size
        history = fit(
            self.model,
            lambda first: self.task.batches(view, seed, "train", size, steps - first, first),
            self.optimizer,
            step=Step(max_norm=self.settings.max_norm),
            callbacks=[self.curve, *callbacks, Progress("training", steps)],
            checkpoint=checkpoint,
        )
        self.curve.step(history)
        return history

    def checkpoint(self, path: str | Path, every: int) -> Checkpoint:
        """A checkpoint of this run, which refuses one of another text or other settings.

        The best one beside it is that with the lowest loss on the held-out text, where that is measured.

        Args:
            path: of the file.
            every: steps between two saves.
        """
        settings = asdict(self.settings) | {"text": self.task.digest}
        return Checkpoint(path, every=every, score=self._score, settings=settings)

    def evaluate(self) -> Evaluation:
        """Loss and accuracy on the held-out text, in windows of the training's length, each read from nothing."""
        count = -(-self.task.held_out_windows // EVALUATION_BATCH)
        return evaluate(self.model, self.task.batches(self.family.view, 0, "test", EVALUATION_BATCH, count))

    def evaluate_carried(self, streams: int = STREAMS) -> float:
        """Loss on the held-out text read in order; see `gnnseq.studies.text.task.carried_loss`."""
        return carried_loss(self.model, self.task, self.family.to_batch, streams)

    def _score(self, history: History) -> float:
        return -self.curve.held_out[-1][1] if self.curve.held_out else -math.inf


def bits(loss: float) -> float:
    """Nats to bits."""
    return loss / math.log(2)
