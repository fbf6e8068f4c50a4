"""Training that goes on where it was, whatever stopped it."""

import math
import statistics
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.training.checkpoint_file import (
    CheckpointError,
    differences,
    load_weights,
    read_checkpoint,
    write_checkpoint,
)
from gnnseq.training.devices import Devices, original
from gnnseq.training.history import History
from gnnseq.training.random_state import Generators, random_state, set_random_state

KIND = "training"
FIXED = ("optimizer", "scheduler")  # what was saved of them fits no other
Score = Callable[[History], float]
Scheduler = torch.optim.lr_scheduler.LRScheduler


@dataclass
class Parts:
    """What is trained, and with what.

    Attributes:
        model: it may be wrapped by a Fabric.
        optimizer: of its parameters; it may be wrapped too.
        scheduler: of the optimizer's learning rate.
        settings: of the training, as plain values.
        position: batches that were taken.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: Scheduler | None
    settings: dict[str, Any]
    position: int = 0


class Checkpoint:
    """Saves a training now and then, and lets it go on exactly: see `gnnseq.training.fit`.

    The file holds the model, the optimizer, the scheduler, the state of every random generator, the position in the
    data, the history and the settings. It is replaced as a whole, so a kill at any moment leaves the last or the one
    before; the best one so far is kept beside it. A save that fails warns and training goes on; the last save of a
    training raises.

    Args:
        path: of the last checkpoint, e.g. ``"run/checkpoint.pt"``; the best is ``"run/checkpoint.best.pt"``.
        every: steps between two saves.
        score: of a history, asked at every save; the best has the highest. By default it is minus the mean loss of
            the last ``every`` steps.
        settings: further plain values that decide the run; a checkpoint with others is refused.
        generators: further random generators by name, e.g. the one that shuffles the data.
        accept_changes: whether a checkpoint with other settings is used all the same; the optimizer then takes the
            new ones.

    Raises:
        ValueError: if ``every`` is under 1.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        every: int = 100,
        score: Score | None = None,
        settings: Mapping[str, Any] | None = None,
        generators: Generators | None = None,
        accept_changes: bool = False,
    ) -> None:
        if every < 1:
            raise ValueError(f"every is {every}, expected at least 1 step")
        self.path, self.every = Path(path), every
        self._score = score or self._recent_loss
        self._settings, self._generators = dict(settings or {}), dict(generators or {})
        self._accept_changes = accept_changes
        self._best: float | None = None
        self._random: dict[str, Any] = {}
        self._begin: list[dict[str, Any]] = []

    @property
    def best_path(self) -> Path:
        """The checkpoint with the highest score."""
        return self.path.with_name(f"{self.path.stem}.best{self.path.suffix}")

    def load_best(self, model: nn.Module) -> int:
        """Puts the weights with the highest score into a model; the number of steps they took.

        Raises:
            CheckpointError: if they are those of another architecture, or the file is no checkpoint.
        """
        state = read_checkpoint(self.best_path, KIND)
        load_weights(self.best_path, model, state["model"])
        return int(state["step"])

    def begin(self, parts: Parts, devices: Devices) -> History:
        """The history so far, with model, optimizer and scheduler as they were; a new one where there is no file.

        Random generators then stand where the training began, so that its batches can be made again; `go_on` puts
        them where it stopped.

        Raises:
            CheckpointError: if the file is none of this training.
        """
        self._best, self._random = None, {}
        here = random_state(self._generators)
        if not self.path.exists():
            self._begin = devices.gather(here)
            return History()
        state = read_checkpoint(self.path, KIND)
        self._check(state, parts)
        load_weights(self.path, original(parts.model), state["model"])
        self._restore(state, parts)
        parts.position = state["position"]
        self._best, self._begin = state["best"], state["begin"]
        states = state["random"] if len(state["random"]) == devices.world else state["random"] * devices.world
        begins = state["begin"] if len(state["begin"]) == devices.world else state["begin"] * devices.world
        self._random = states[devices.rank]
        set_random_state(begins[devices.rank], self._generators)
        return History(**state["history"])

    def go_on(self) -> None:
        """Puts random generators where the training stopped."""
        if self._random:
            set_random_state(self._random, self._generators)

    def save(self, parts: Parts, history: History, devices: Devices, *, last: bool = False) -> bool:
        """Writes the last checkpoint, and the best if this is it. All processes call it, and the first one writes.

        Returns:
            Whether it was written, as far as this process knows.

        Raises:
            OSError: if the last save of a training cannot be written.
        """
        score, states = float(self._score(history)), devices.gather(random_state(self._generators))
        if devices.rank:
            return True
        better = self._best is None or score > self._best
        best = score if better and not math.isnan(score) else self._best
        state = {
            "settings": self._settings | parts.settings,
            "model": original(parts.model).state_dict(),
            "optimizer": parts.optimizer.state_dict(),
            "scheduler": None if parts.scheduler is None else parts.scheduler.state_dict(),
            "random": states,
            "begin": self._begin,
            "position": parts.position,
            "step": history.steps,
            "history": asdict(history),
            "best": best,
        }
        try:
            if best is not None and best != self._best:
                write_checkpoint(self.best_path, KIND, state)
            write_checkpoint(self.path, KIND, state)
            self._best = best
        except OSError as error:
            if last:
                raise
            message = f"{self.path} could not be written at step {history.steps}, the one before it stays: {error}"
            warnings.warn(message, stacklevel=3)
            return False
        return True

    def _recent_loss(self, history: History) -> float:
        recent = history.loss[-self.every :]
        return -statistics.fmean(recent) if recent else -math.inf

    def _check(self, state: dict[str, Any], parts: Parts) -> None:
        """Refuses what cannot be gone on with."""
        found, expected = state["settings"], self._settings | parts.settings
        changed = differences(found, expected)
        fixed = {name for name in changed if name in FIXED}
        if parts.scheduler is not None:  # its state holds the rate that it began with
            fixed |= {name for name in changed if name.endswith("lr")}
        if changed and (fixed or not self._accept_changes):
            listed = ", ".join(words for name, words in changed.items() if not fixed or name in fixed)
            hint = "it cannot go on with these" if fixed else "accept_changes=True goes on with the new ones"
            raise CheckpointError(f"{self.path} has other settings: {listed}; {hint}")

    def _restore(self, state: dict[str, Any], parts: Parts) -> None:
        """Optimizer and scheduler as they were, except for settings that were changed and accepted."""
        found, expected = state["settings"], parts.settings
        parts.optimizer.load_state_dict(state["optimizer"])
        if parts.scheduler is not None:
            parts.scheduler.load_state_dict(state["scheduler"])
        for number, group in enumerate(parts.optimizer.param_groups):
            for name in list(group):
                setting = f"optimizer.{number}.{name}"
                if setting in expected and found.get(setting) != expected[setting]:
                    group[name] = expected[setting]


def settings_of(optimizer: torch.optim.Optimizer, scheduler: Scheduler | None) -> dict[str, Any]:
    """The kind and the values of an optimizer's groups, and the kind of its scheduler, as plain values."""
    kind = type(getattr(optimizer, "optimizer", optimizer))
    found: dict[str, Any] = {"optimizer": kind.__name__}
    for number, group in enumerate(optimizer.param_groups):
        for name, value in group.items():
            if name != "params":
                found[f"optimizer.{number}.{name}"] = value.item() if isinstance(value, Tensor) else value
    found["scheduler"] = None if scheduler is None else type(scheduler).__name__
    return found
