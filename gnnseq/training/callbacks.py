"""Callbacks after each training step."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
from tqdm import tqdm

from gnnseq.training.history import History

AfterStep: TypeAlias = Callable[[History], bool | None]


def check_every(every: int) -> None:
    """Refuses a number of steps that is no positive integer.

    Raises:
        ValueError: if so.
    """
    if not isinstance(every, int | np.integer) or isinstance(every, bool) or every < 1:
        raise ValueError(f"every is {every}, expected at least 1 step, an integer")


class Callback:
    """Base class: its methods are called during training.

    Attributes:
        everywhere: with several processes, whether each has it; otherwise the first one alone has.
    """

    everywhere = True

    def begin(self, steps: int) -> None:
        """Called when training begins, or resumes after some steps."""

    def step(self, history: History) -> bool | None:
        """A step was taken, the last of the history; training stops where it returns True."""
        return None

    def end(self, history: History) -> None:
        """Training has ended, also by an error."""

    def state_dict(self) -> dict[str, Any]:
        """Plain values and tensors for a checkpoint."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` returned."""


class _Function(Callback):
    """A plain function of the history as a callback.

    Args:
        function: called after every step; training stops where it returns True.
    """

    def __init__(self, function: AfterStep) -> None:
        self.function = function

    def step(self, history: History) -> bool | None:
        """Calls it."""
        return self.function(history)


class Measurements(Callback):
    """Measures something after every so many steps; a checkpoint keeps what was measured.

    Args:
        every: steps between two measurements, e.g. those of an epoch.
        measure: of the history, to plain values.

    Attributes:
        values: what was measured so far.

    Raises:
        ValueError: if ``every`` is under 1.
    """

    def __init__(self, every: int, measure: Callable[[History], Any]) -> None:
        check_every(every)
        self.every, self.measure = every, measure
        self.values: list[Any] = []

    def step(self, history: History) -> None:
        """Measures where it is time to."""
        if history.steps % self.every == 0:
            self.values.append(self.measure(history))

    def state_dict(self) -> dict[str, Any]:
        """What was measured."""
        return {"values": list(self.values)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from there."""
        self.values[:] = state["values"]


class Progress(Callback):
    """A progress bar on the terminal; no output elsewhere.

    Args:
        title: before the bar.
        total: steps of the whole training, where it is known.
    """

    everywhere = False

    def __init__(self, title: str, total: int | None = None) -> None:
        self.title, self.total = title, total

    def begin(self, steps: int) -> None:
        """Shows the bar."""
        self._bar = tqdm(desc=self.title, leave=False, disable=None, initial=steps, total=self.total)

    def step(self, history: History) -> None:
        """Moves it."""
        self._bar.update()

    def end(self, history: History) -> None:
        """Takes it away."""
        self._bar.close()


class Callbacks:
    """Those of one training, in this process.

    Args:
        given: callbacks, and functions of the history.
        first: whether this process is the first one.
    """

    def __init__(self, given: Iterable[Callback | AfterStep], first: bool) -> None:
        self.all = [one if isinstance(one, Callback) else _Function(one) for one in given]
        self._told = [one for one in self.all if first or one.everywhere]

    @contextmanager
    def told(self, history: History) -> Iterator[None]:
        """Between their begin and their end."""
        begun: list[Callback] = []
        try:
            for callback in self._told:
                callback.begin(history.steps)
                begun.append(callback)
            yield
        finally:
            for callback in begun:
                callback.end(history)

    def step(self, history: History) -> None:
        """Calls all callbacks after a step; the history records which one stops training."""
        for callback in self._told:
            if callback.step(history):
                history.stopped = f"stopped by a callback at step {history.steps}"

    def state_dict(self) -> list[dict[str, Any]]:
        """The states of all, in order."""
        return [callback.state_dict() for callback in self.all]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Goes on from there; callbacks that were added behind those of the checkpoint begin anew."""
        for callback, state in zip(self.all, states, strict=False):
            callback.load_state_dict(state)
