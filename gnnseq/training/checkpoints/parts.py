"""What is trained, as the state that a checkpoint holds."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from gnnseq.training.callbacks import Callbacks
from gnnseq.training.checkpoints.file import Fields, as_plain, differences
from gnnseq.training.devices import original
from gnnseq.training.history import History

Scheduler: TypeAlias = torch.optim.lr_scheduler.LRScheduler

_FIXED = ("optimizer", "scheduler")  # what was saved of them fits no other
FIELDS: Fields = {
    "settings": dict,
    "model": dict,
    "optimizer": dict,
    "scheduler": (dict, type(None)),
    "position": int,
}


@dataclass
class Parts:
    """What is trained, and with what.

    Attributes:
        model: it may be wrapped by a Fabric.
        optimizer: of its parameters; it may be wrapped too.
        scheduler: of the optimizer's learning rate.
        callbacks: those with a state go on from it.
        settings: of the training, as plain values.
        position: batches that were taken.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: Scheduler | None
    callbacks: Callbacks
    settings: dict[str, Any]
    position: int = 0

    def __post_init__(self) -> None:
        self.settings = as_plain(self.settings | _settings_of(self.optimizer, self.scheduler))

    def step(self, history: History) -> None:
        """After a step: moves the scheduler on, and calls the callbacks."""
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(history.loss[-1])
        elif self.scheduler is not None:
            self.scheduler.step()
        self.callbacks.step(history)

    def state(self) -> dict[str, Any]:
        """All of it, by name."""
        return {
            "settings": self.settings,
            "model": original(self.model).state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            "callbacks": self.callbacks.state_dict(),
            "position": self.position,
        }

    def refuses(self, found: dict[str, Any], accept_changes: bool) -> str | None:
        """Why this training cannot go on from one of other settings; None where it can."""
        changed = differences(found, self.settings)
        fixed = {name for name in changed if name in _FIXED}
        if self.scheduler is not None:  # its state holds the rate that it began with
            fixed |= {name for name in changed if name.endswith("lr")}
        if not changed or (accept_changes and not fixed):
            return None
        listed = ", ".join(words for name, words in changed.items() if not fixed or name in fixed)
        hint = "it cannot go on with these" if fixed else "accept_changes=True goes on with the new ones"
        return f"{listed}; {hint}"

    def restore(self, state: dict[str, Any]) -> None:
        """All but the model as it was, except for settings of the optimizer that were changed and accepted."""
        found, expected = state["settings"], self.settings
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        for number, group in enumerate(self.optimizer.param_groups):
            for name in list(group):
                setting = f"optimizer.{number}.{name}"
                if setting in expected and found.get(setting) != expected[setting]:
                    group[name] = expected[setting]
        self.callbacks.load_state_dict(state.get("callbacks", []))
        self.position = state["position"]


def _settings_of(optimizer: torch.optim.Optimizer, scheduler: Scheduler | None) -> dict[str, Any]:
    """The kind and the values of an optimizer's groups, and the kind of its scheduler."""
    kind = type(getattr(optimizer, "optimizer", optimizer))
    found: dict[str, Any] = {"optimizer": kind.__name__}
    for number, group in enumerate(optimizer.param_groups):
        for name, value in group.items():
            if name != "params":
                found[f"optimizer.{number}.{name}"] = value.item() if isinstance(value, Tensor) else value
    found["scheduler"] = None if scheduler is None else type(scheduler).__name__
    return found
