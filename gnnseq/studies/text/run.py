"""Training of a language model on a text, which resumes exactly after any step."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch

from gnnseq.experiments.run import build
from gnnseq.experiments.trial import Trial
from gnnseq.models.causal import check_causal
from gnnseq.models.language_model import CharLanguageModel
from gnnseq.studies.text.families import BATCHES
from gnnseq.studies.text.task import BookTask
from gnnseq.training import Callback, Checkpoint, Evaluation, History, Progress, Step, evaluate, fit
from gnnseq.training.callbacks import AfterStep

_EVALUATION_BATCH = 64  # a GCRN holds a state for every symbol


@dataclass
class TextCurve(Callback):
    """The curves of a training, part of its checkpoint.

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
        """Restores that state."""
        self.held_out, self.samples = list(state["held_out"]), list(state["samples"])


class TextRun:
    """The training of a language model on a `BookTask`; it can be stopped, evaluated and resumed.

    The windows of step k depend on the seed and k alone, so a run that resumes from a checkpoint repeats and omits
    no batch, and its weights equal those of an uninterrupted run bit by bit. It trains with Adam.

    Args:
        trial: of a `BookTask` and one of `CAUSAL_FAMILIES`; its settings say the model's size, the batch size and the
            norm at which gradients are clipped.

    Raises:
        ValueError: if the text has no two windows, or the model looks ahead.
    """

    def __init__(self, trial: Trial) -> None:
        self.trial, self.task = trial, cast(BookTask, trial.task)
        self.vocabulary, self.train_ids, self.held_out_ids, self.symbols = self.task.parts
        self.model = cast(CharLanguageModel, build(trial)[0])
        self.to_batch = BATCHES[trial.family.view]
        check_causal(self.model, self.to_batch)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=trial.rate)
        self.curve = TextCurve()

    def train(
        self, steps: int, callbacks: Sequence[Callback | AfterStep] = (), checkpoint: Checkpoint | None = None
    ) -> History:
        """Trains up to ``steps`` steps in all; see `gnnseq.training.fit`.

        Args:
            steps: all of them, those before the checkpoint too.
            callbacks: called after every step, when `curve` has it.
            checkpoint: where the run is saved and resumed; see `checkpoint`.
        """
        view, seed, size = self.trial.family.view, self.trial.seed, self.trial.settings.batch_size
        history = fit(
            self.model,
            lambda first: self.task.batches(view, seed, "train", size, steps - first, first),
            self.optimizer,
            step=Step(max_norm=self.trial.settings.max_norm),
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
        names = ("family", "width", "embedding", "batch_size", "learning_rate", "max_norm", "seed")
        settings = {name: self.trial.plain[name] for name in names}
        settings |= {"window": self.task.length, "text": self.task.digest}
        return Checkpoint(path, every=every, score=self._score, settings=settings)

    def evaluate(self) -> Evaluation:
        """Loss and accuracy on the held-out text, in windows of the training's length, each from a zero state."""
        count = -(-self.task.held_out_windows // _EVALUATION_BATCH)
        return evaluate(self.model, self.task.batches(self.trial.family.view, 0, "test", _EVALUATION_BATCH, count))

    def _score(self, history: History) -> float:
        return -self.curve.held_out[-1][1] if self.curve.held_out else -math.inf


def bits(loss: float) -> float:
    """Nats to bits."""
    return loss / math.log(2)
