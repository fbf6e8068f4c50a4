"""Checkpoints: an interrupted training resumes at its last saved step."""

import math
import statistics
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from torch import nn

from gnnseq.training.callbacks import check_every
from gnnseq.training.checkpoints.file import (
    CheckpointError,
    Fields,
    as_plain,
    differences,
    load_weights,
    read_checkpoint,
    write_checkpoint,
)
from gnnseq.training.checkpoints.parts import FIELDS, Parts
from gnnseq.training.checkpoints.random_state import Generators, random_state, set_random_state
from gnnseq.training.devices import Devices, original
from gnnseq.training.history import History

_KIND = "training"
ALL_FIELDS: Fields = FIELDS | {  # type: ignore[operator]
    "random": list,
    "begin": list,
    "step": int,
    "history": dict,
    "best": (float, int, type(None)),
}
_PLAIN = (bool, int, float, str, bytes, type(None))
_DAMAGED = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
Score: TypeAlias = Callable[[History], float]


class Unsaved:
    """A training that is not saved; `Checkpoint` fills in what is done at each moment."""

    def begin(self, parts: Parts, devices: Devices) -> History:
        """The history so far: a new one."""
        return History()

    def go_on(self) -> None:
        """The first step follows."""

    def step(self, history: History) -> None:
        """A step was taken."""

    def end(self, history: History) -> None:
        """Training has ended."""


class Checkpoint(Unsaved):
    """Saves a training now and then, and lets it go on exactly: see `gnnseq.training.fit`.

    The file holds the model, the optimizer, the scheduler, the state of every random generator, the position in the
    data, the history and the settings. It is replaced as a whole, so a kill at any moment leaves the last or the one
    before; the best one so far is kept beside it. A failed save is a warning and training continues; the last save of a
    training raises.

    Args:
        path: of the last checkpoint, e.g. ``"run/checkpoint.pt"``; the best is ``"run/checkpoint.best.pt"``.
        every: steps between two saves.
        score: function of the history, called at every save; the best has the highest score. By default
            minus the mean loss of the last ``every`` steps.
        settings: further plain values (paths, too) that decide the run; a checkpoint with others is refused.
        generators: further random generators by name, e.g. the one that shuffles the data.
        accept_changes: whether a checkpoint with other settings is used all the same; the optimizer then takes the
            new ones.

    Raises:
        ValueError: if ``every`` is no positive integer, or a setting is no plain value.
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
        check_every(every)
        self.path, self.every = Path(path), every
        self._score = score or self._recent_loss
        self._settings, self._generators = as_plain(dict(settings or {})), dict(generators or {})
        for name, value in self._settings.items():
            _check_plain(f"settings[{name!r}]", value)
        self._accept_changes = accept_changes
        self._best: float | None = None
        self._saved = 0
        self._random: dict[str, Any] | None = None
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
        state = read_checkpoint(self.best_path, _KIND, ALL_FIELDS)
        load_weights(self.best_path, model, state["model"])
        return int(state["step"])

    def begin(self, parts: Parts, devices: Devices) -> History:
        """The history so far, with model, optimizer and scheduler as they were; a new one where there is no file.

        Random generators then stand where the training began, so that its batches can be made again; `go_on` puts
        them where it stopped.

        Raises:
            CheckpointError: if the file is not a checkpoint of this training.
            ValueError: for a setting with a name of the training's own, such as "optimizer", and another value.
        """
        self._best, self._random, self._saved = None, None, 0
        self._parts, self._devices = parts, devices
        for name, value in self._settings.items():
            own = parts.settings.get(name, value)
            if differences({name: own}, {name: value}):
                raise ValueError(
                    f"settings[{name!r}] is {value!r}, expected {own!r}, the training's own, or another name"
                )
        parts.settings = self._settings | parts.settings
        here = random_state(self._generators)
        if not self.path.exists():
            self._begin = devices.gather(here)
            if devices.rank == 0:
                self.best_path.unlink(missing_ok=True)  # of an earlier training
            return History()
        state = read_checkpoint(self.path, _KIND, ALL_FIELDS)
        refused = parts.refuses(state["settings"], self._accept_changes)
        if refused:
            raise CheckpointError(f"{self.path} has other settings: {refused}")
        try:
            load_weights(self.path, original(parts.model), state["model"])
            return self._restore(state)
        except CheckpointError:
            raise
        except _DAMAGED as error:
            raise CheckpointError(f"{self.path} does not fit this training, or is damaged: {error}") from error

    def _restore(self, state: dict[str, Any]) -> History:
        history, world = History.from_plain(state["history"]), self._devices.world
        self._parts.restore(state)
        self._best, self._begin, self._saved = state["best"], state["begin"], history.steps
        random, begin = (own if len(own) == world else own * world for own in (state["random"], state["begin"]))
        self._random = random[self._devices.rank]
        for own in (random, begin):  # the first one to see that it fits
            set_random_state(own[self._devices.rank], self._generators)
        return history

    def go_on(self) -> None:
        """Puts random generators where the training stopped."""
        if self._random is not None:
            set_random_state(self._random, self._generators)

    def step(self, history: History) -> None:
        """A step was taken: saves where it is time to. All processes call it, and the first one writes."""
        if history.steps % self.every == 0:
            self._save_or_warn(history)

    def end(self, history: History) -> None:
        """Training has ended: saves what is not saved yet, unless it diverged.

        Raises:
            OSError: if it cannot be written.
        """
        if history.steps > self._saved and not history.diverged:
            self._save(history)

    def _save_or_warn(self, history: History) -> None:
        try:
            self._save(history)
        except OSError as error:
            message = f"{self.path} could not be written at step {history.steps}, the one before it stays: {error}"
            warnings.warn(message, stacklevel=3)

    def _save(self, history: History) -> None:
        score, states = float(self._score(history)), self._devices.gather(random_state(self._generators))
        if self._devices.rank == 0:
            better = self._best is None or score > self._best
            best = score if better and not math.isnan(score) else self._best
            state = self._parts.state() | {
                "random": states,
                "begin": self._begin,
                "step": history.steps,
                "history": asdict(history),
                "best": best,
            }
            if best is not None and best != self._best:
                write_checkpoint(self.best_path, _KIND, state)
            write_checkpoint(self.path, _KIND, state)
            self._best = best
        self._saved = history.steps

    def _recent_loss(self, history: History) -> float:
        recent = history.loss[-self.every :]
        return -statistics.fmean(recent) if recent else -math.inf


class PassingCheckpoint(Checkpoint):
    """A `Checkpoint` that is of no use once training has ended, so that its last save too only warns where it fails."""

    def end(self, history: History) -> None:
        """Training has ended: saves what is not saved yet, unless it diverged."""
        if history.steps > self._saved and not history.diverged:
            self._save_or_warn(history)


def _check_plain(name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_plain(f"{name}[{key!r}]", item)
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            _check_plain(f"{name}[{place}]", item)
    elif not isinstance(value, _PLAIN):
        raise ValueError(f"{name} is {value!r}, expected plain values: numbers, strings, None, lists, dictionaries")
