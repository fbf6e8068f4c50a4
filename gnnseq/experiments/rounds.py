"""Training in rounds, each of which is saved when it ends, so that a stop loses one round at most."""

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch_geometric.data import Batch

from gnnseq.data.files import write_atomically
from gnnseq.training import History, fit

Measures = dict[str, Any]


class Rounds:
    """A model in training, round by round.

    What a round does depends on the weights before it and on its number alone, so a run that was stopped and goes on
    from its checkpoint ends with the same weights as one that was not.

    Args:
        model: the model.
        optimizer: of its parameters.
        key: of the run; a checkpoint with another key is refused.
        path: of the checkpoint; None keeps none.
        seed: of dropout, together with the number of the round.

    Attributes:
        measures: what was measured after each round so far.
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
        """Goes on until ``rounds`` rounds were trained in all.

        Args:
            rounds: how many.
            batches: of a round, by its number from 0.
            measure: of a round's number and history, when it has ended; plain values.
            max_norm: see `gnnseq.training.fit`.
            before_round: called before each round, to set a learning rate, for instance.
            progress: title of a bar on the terminal.

        Returns:
            What was measured after each round.

        Raises:
            ArithmeticError: if a loss or gradient is not finite.
        """
        for number in range(len(self.measures), rounds):
            torch.manual_seed(self.seed * 1_000_003 + number)
            if before_round is not None:
                before_round(number)
            title = None if progress is None else f"{progress}, round {number + 1} of {rounds}"
            history = fit(self.model, batches(number), self.optimizer, max_norm=max_norm, progress=title)
            if history.diverged:
                raise ArithmeticError(f"round {number + 1}: {history.stopped}")
            self.measures.append(measure(number, history))
            self._save()
        return self.measures

    def _save(self) -> None:
        if self.path is None:
            return
        state = {
            "key": self.key,
            "measures": self.measures,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        with write_atomically(self.path) as file:
            torch.save(state, file)

    def _restore(self, path: Path) -> None:
        data = io.BytesIO(path.read_bytes())
        try:
            state = torch.load(data, weights_only=True)
            key = state["key"]
        except Exception as error:
            raise ValueError(f"{path} is no checkpoint of a run in rounds: {type(error).__name__}") from error
        if key != self.key:
            raise ValueError(f"{path} is of another run, {key!r}, expected {self.key!r}")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.measures = state["measures"]
