"""Looks at validation data while a trial trains, and the judgement on fresh data when it has ended."""

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from gnnseq.data.streams import Split
from gnnseq.experiments.trial import Trial
from gnnseq.training import Callback, Evaluation, History, evaluate

TEST_BATCH = 250


class Looks(Callback):
    """Looks at validation data every ``validate_every`` steps; training may end where one reaches the threshold.

    Attributes:
        reached: the step of the first look that reached it; None before.
        values: step, score and loss of every look.
    """

    def __init__(self, model: nn.Module, trial: Trial) -> None:
        self.model, self.trial = model, trial
        self.reached: int | None = None
        self.values: list[list[float]] = []
        self._best: dict[str, Tensor] = {}

    def step(self, history: History) -> bool:
        """Looks where it is time to; whether training may end."""
        settings, task = self.trial.settings, self.trial.task
        if settings.validate_every is None or history.steps % settings.validate_every:
            return False
        found = judged(self.model, self.trial, "validation", settings.validation_samples)
        sign = 1 if task.higher_is_better else -1
        if self.reached is None and sign * found.accuracy >= sign * task.solved:
            self.reached = history.steps
        if settings.keep_best and _is_best(sign * found.accuracy, [sign * score for _, score, _ in self.values]):
            self._best = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.values.append([history.steps, found.accuracy, found.loss])
        return self.reached is not None and settings.stop_at is not None

    def load_best(self) -> None:
        """Puts the weights of the best look into the model, if there was one."""
        if self._best:
            self.model.load_state_dict(self._best)

    def state_dict(self) -> dict[str, Any]:
        """The state of the validation so far."""
        return {"reached": self.reached, "values": self.values, "best": self._best}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores that state."""
        self.reached, self.values, self._best = state["reached"], list(state["values"]), state["best"]


def _is_best(score: float, others: list[float]) -> bool:
    """Whether a score is above all others; NaN is neither the best nor better than another."""
    return not math.isnan(score) and all(math.isnan(other) or score > other for other in others)


def judged(model: nn.Module, trial: Trial, split: Split, samples: int | None = None) -> Evaluation:
    """Score and loss on so many fresh samples of a split, ``test_samples`` by default."""
    task, count = trial.task, math.ceil((samples or trial.settings.test_samples) / TEST_BATCH)
    batches = task.batches(trial.family.view, trial.seed, split, TEST_BATCH, count)
    return evaluate(model, batches, loss=task.loss, metric=task.metric)
