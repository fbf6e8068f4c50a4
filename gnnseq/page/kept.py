"""Trials whose records hold the trained model, so that a page can answer with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from gnnseq.experiments.run import run_trial
from gnnseq.experiments.tasks.base import HasAnswers, Task
from gnnseq.experiments.trial import Trial
from gnnseq.page.models import page_model
from gnnseq.page.weights import model_parts
from gnnseq.runs.store import Record
from gnnseq.training import Callback, History

_EXAMPLES = 6
LOOKS = 8


def run_kept(trial: Trial, *, folder: Path | None = None, looks: int = LOOKS) -> Record:
    """`gnnseq.experiments.run.run_trial`, with the model in the record under "model": 6 bytes a weight and look.

    Weights are kept before the first step and at equal distances, for a slider through training. A model that the page
    cannot compute has a word why in their place. Used as ``run_comparison(..., run=gnnseq.page.run_kept)``.

    Args:
        trial: what to run.
        folder: of checkpoints, as for `run_trial`; looks before a training was stopped are not kept.
        looks: weights that are kept of a training, besides the last.
    """
    kept = _Kept(trial, looks)
    return run_trial(trial, folder=folder, before=kept.before, after=kept.after, callbacks=[kept])


class _Kept(Callback):
    def __init__(self, trial: Trial, looks: int) -> None:
        self.every = max(1, trial.settings.steps // looks) if looks else 0
        self.looks: list[Record] = []
        self.steps = 0
        self.model: nn.Module | None = None

    def before(self, model: nn.Module, trial: Trial) -> Record:
        self.model = model
        if self.every:
            self._keep(0)
        return {}

    def step(self, history: History) -> None:
        self.steps = history.steps
        if self.every and self.steps % self.every == 0:
            self._keep(self.steps)

    def state_dict(self) -> dict[str, int]:
        return {"steps": self.steps}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        self.steps = state.get("steps", 0)

    def _keep(self, step: int) -> None:
        try:
            assert self.model is not None
            self.looks.append({"step": step, "weights": model_parts(self.model)["weights"]})
        except ValueError:
            pass  # the reason is told once, after training

    def after(self, model: nn.Module, trial: Trial) -> Record:
        try:
            told = describe(model, trial)
        except ValueError as error:
            return {"model": {"missing": str(error)}}
        looks = [look for look in self.looks if look["step"] < self.steps]
        return {"model": told | {"step": self.steps, "snapshots": looks}}


def describe(model: nn.Module, trial: Trial) -> Record:
    """A trial's model with the symbols of its task and examples of its test data.

    Raises:
        ValueError: for a model that the page cannot compute, or a task without symbols in a row.
    """
    task, family = trial.task, trial.family
    if task.num_symbols is None or "path" not in task.views:
        raise ValueError(f"{task.title} have no symbols that can be typed in a row")
    symbols = symbols_of(task)
    classes = symbols if task.num_outputs == len(symbols) else [str(number) for number in range(task.num_outputs)]
    examples = examples_of(task, trial.seed, symbols, classes)
    hops = getattr(task, "hops", None)
    found = page_model(model, title=family.title, view=family.view, symbols=symbols, classes=classes,
                       family=family.name, task=task.title, examples=examples, hops=hops)  # fmt: skip
    places = {example["at"] for example in found["examples"]}
    return found | {"answer_at": places.pop() if len(places) == 1 else None}


def symbols_of(task: Task) -> list[str]:
    """The texts of a task's symbols: those of its data's vocabulary, or their numbers."""
    data: Any = task.dataset(0, "train") if hasattr(task, "dataset") else None
    vocabulary = getattr(task, "vocabulary", getattr(data, "vocabulary", None))
    if vocabulary is not None and len(vocabulary) == task.num_symbols:
        return list(vocabulary.symbols)
    return [str(number) for number in range(task.num_symbols or 0)]


def examples_of(task: Task, seed: int, symbols: list[str], classes: list[str]) -> list[Record]:
    """A few test samples as texts, each with its answer and the place of the symbol that decides it, where known."""
    batch = next(task.batches("path", seed, "test", _EXAMPLES, 1))
    between = " " if max(map(len, symbols)) > 1 else ""
    starts, ends = batch.ptr[:-1].tolist(), batch.ptr[1:].tolist()
    places: list[int | None] = [None] * len(starts)
    if isinstance(task, HasAnswers) and task.level == "graph":
        nodes, rows = task.answers("path", batch)
        for node, row in zip(nodes.tolist(), rows.tolist(), strict=True):
            places[row] = node - starts[row]
    found = []
    for start, end, place, number in zip(starts, ends, places, range(len(starts)), strict=True):
        answer = int(batch.y[number if task.level == "graph" else end - 1])
        if answer >= 0:
            text = between.join(symbols[symbol] for symbol in batch.x[start:end].tolist())
            found.append({"text": text, "answer": classes[answer], "at": place})
    return found
