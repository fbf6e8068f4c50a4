"""Whether a model can compute a task at any weights: theorems and constructions, before any training."""

from typing import cast

from torch import nn

from gnnseq.data.synthetic.automata import Automaton
from gnnseq.experiments.family import Family
from gnnseq.experiments.tasks.automata import AutomatonTask
from gnnseq.experiments.tasks.base import Task
from gnnseq.experiments.tasks.formulas import FormulaTask
from gnnseq.studies.compute.answer import Answer, Seen
from gnnseq.studies.compute.predict_trees import on_trees
from gnnseq.studies.compute.predict_words import on_words


def can_compute(model: Family | nn.Module, task: Task, *, view: str | None = None, length: int | None = None) -> Answer:
    """Whether a model can give every state of a task's automaton, or every value of its formulas, at any weights.

    In finite precision and, unless ``length`` is given, at every length. The answer depends on the layers, not on
    names, so it holds for your own model of this library's parts too. It does not depend on the width; a construction
    has the width that it needs.

    Args:
        model: a family, which is built for the task, or a model.
        task: an `AutomatonTask` or a `FormulaTask`; of others nothing is known.
        view: graph of a sample that is the model's input; the family's, or for a model the first of the task.
        length: symbols that an input has at most; None for every length.

    Returns:
        The answer. A model with layers that no theorem covers, or a task without a finite automaton, is "not known".

    Raises:
        ValueError: for a view that the task does not have, or a ``length`` that is not positive.
    """
    if length is not None and length < 1:
        raise ValueError(f"length is {length}, expected a positive number of symbols, or None for every length")
    formulas = isinstance(task, FormulaTask)
    if not formulas and not (isinstance(task, AutomatonTask) and isinstance(task.automaton, Automaton)):
        return Answer("not known", f"{task.title}: no finite automaton")
    named = model.view if isinstance(model, Family) and view is None else view
    seen = Seen.of(model, task, next(iter(task.views)) if named is None else named)
    if seen.stranger:
        return Answer("not known", f"the theory does not know the layer {seen.stranger}")
    if formulas:
        return on_trees(seen, cast(FormulaTask, task)).up_to(length)
    return on_words(seen, cast(AutomatonTask, task), length).up_to(length)
