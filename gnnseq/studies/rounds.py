"""Training in rounds, each of which is saved when it ends, so that a stop loses one round at most."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch_geometric.data import Batch

from gnnseq.training import CheckpointError, History, Progress, Step, fit
from gnnseq.training.checkpoint_file import load_weights, read_checkpoint, write_checkpoint

KIND = "run in rounds"
Measures = dict[str, Any]


class Rounds:
    """A model in training, round by round.

    What a round does depends on the weights before it and on its number alone, so a run that was stopped and goes on
    from its checkpoint ends with the same weights as one that was not. `gnnseq.training.Checkpoint` goes on inside one
    call of `fit` and makes all its batches again to get there; rounds need neither that nor the state of any generator,
    and keep what was measured between them.

    Args:
        model: the model.
        optimizer: of its parameters.
        key: of the run; a checkpoint with another key is refused.
        path: of the checkpoint; None keeps none.
        seed: of dropout, together with the number of the round.

    Raises:
        CheckpointError: if the file is no checkpoint of this run.

    Attributes:
        measures: what was measured after each round so far.
        stopped: the round, and why it ended, where a loss or gradient was not finite; None where all were.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        key: str,
        path: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.key = key
        self.path = None if path is None else Path(path)
        self.seed = seed
        self.measures: list[Measures] = []
        self.stopped: str | None = None
        if self.path is not None and self.path.exists():
            self._restore(self.path)

    def train(
        self,
        rounds: int,
        batches: Callable[[int], Iterable[Batch]],
        measure: Callable[[int, History], Measures],
        *,
        max_norm: float | None = None,
        before_round: Callable[[int], None] | None = None,
        progress: str | None = None,
    ) -> list[Measures]:
        """Goes on until ``rounds`` rounds were trained in all, or one diverged, which is then told by `stopped`.

        Args:
            rounds: how many.
            batches: of a round, by its number from 0.
            measure: of a round's number and history, when it has ended; plain values.
            max_norm: see `gnnseq.training.fit`.
            before_round: called before each round, to set a learning rate, for instance.
            progress: title of a bar on the terminal.

        Returns:
            What was measured after each whole round.
        """
        for number in range(len(self.measures), rounds):
            torch.manual_seed(self.seed * 1_000_003 + number)
            if before_round is not None:
                before_round(number)
            bar = [] if progress is None else [Progress(f"{progress}, round {number + 1} of {rounds}")]
            step = Step(max_norm=max_norm)
            history = fit(self.model, batches(number), self.optimizer, step=step, callbacks=bar)
            if history.diverged:
                self.stopped = f"round {number + 1}: {history.stopped}"
                break
            self.measures.append(measure(number, history))
            self._save()
        return self.measures

    @property
    def outcome(self) -> Measures:
        """What a record says of how the run ended: ``status``, "done" or "diverged", and ``stopped``."""
        return {"status": "diverged" if self.stopped else "done", "stopped": self.stopped}

    def _save(self) -> None:
        if self.path is None:
            return
        state = {
            "key": self.key,
            "measures": self.measures,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        write_checkpoint(self.path, KIND, state)

    def _restore(self, path: Path) -> None:
        state = read_checkpoint(path, KIND)
        if state["key"] != self.key:
            raise CheckpointError(f"{path} is of another run, {state['key']!r}, expected {self.key!r}")
        load_weights(path, self.model, state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.measures = state["measures"]
