"""Whether a model can track an automaton at any weights: theorems and constructions, before any training."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import nn
from torch_geometric.nn import MessagePassing

from gnnseq.data.synthetic.automata import Automaton
from gnnseq.experiments.family import Family
from gnnseq.experiments.tasks.automata import AutomatonTask
from gnnseq.experiments.tasks.base import Task
from gnnseq.layers import DAGNN, GCN, GRU, LSTM, RNN, DeltaNet, GatedLinearAttention, GraphTransformer, MinGRU
from gnnseq.layers.linear.cell import LinearRecurrence
from gnnseq.layers.stacked import StackedRecurrence
from gnnseq.models import BagEncoder, DeepSetEncoder, NodeClassifier
from gnnseq.studies.compute.constructions import latch, toggle, track
from gnnseq.studies.compute.monoid import is_solvable, order_matters, past_matters, periods

Word = Literal["can", "cannot", "not known"]
GRAZZI = "Grazzi et al. 2024, https://arxiv.org/abs/2411.12537"
MERRILL = "Merrill and Sabharwal 2023, https://doi.org/10.1162/tacl_a_00562; Barrington 1989"


@dataclass(frozen=True)
class Answer:
    """What is known of a model and an automaton.

    Attributes:
        word: "can": there are weights, `build` makes a model that has them; "cannot": there are none that are right at
            every length; "not known".
        reason: the property of the model and of the automaton that decides.
        reference: the paper of the theorem.
        build: makes the model with constructed weights, of the width that they need.
    """

    word: Word
    reason: str
    reference: str = ""
    build: Callable[[], NodeClassifier] | None = None


def can_compute(model: Family | nn.Module, task: Task) -> Answer:
    """Whether a model can give the state of a task's automaton at every length, in finite precision, at any weights.

    The layers decide, not names. Width is not counted: a construction says which it needs. Recurrences are taken to run
    along forward paths.

    Args:
        model: a family, which is built for the task, or a model.
        task: an `AutomatonTask`; of others nothing is known.

    Returns:
        The answer. A model with layers that no theorem covers, or a task without a finite automaton, is "not known".
    """
    if not isinstance(task, AutomatonTask) or not isinstance(task.automaton, Automaton):
        return Answer("not known", f"{task.title}: no finite automaton")
    built = model.build(task, 8, 8) if isinstance(model, Family) else model
    reach = model.reach(task) if isinstance(model, Family) else None
    modules = [*getattr(built, "encoder", built).modules()]
    recurrences = [m for m in modules if isinstance(m, StackedRecurrence)]
    if any(isinstance(m, GraphTransformer) for m in modules):
        return _attention(task.automaton)
    if len(recurrences) == 1 and (not isinstance(model, Family) or model.view == "path"):
        return _recurrence(recurrences[0], task.automaton)
    if any(isinstance(m, BagEncoder | DeepSetEncoder) for m in modules):
        return _without_order(task)
    return _convolutions(modules, task.automaton, reach)


def _without_order(task: AutomatonTask) -> Answer:
    automaton = task.automaton
    assert isinstance(automaton, Automaton)
    if task.every_symbol and past_matters(automaton):
        return Answer("cannot", "no order is read, and a symbol that comes twice may lead to two states")
    if not task.every_symbol and order_matters(automaton):
        return Answer("cannot", "no order is read, and the state depends on the order of the symbols")
    return Answer("not known", "no theorem here covers sums over symbols on this automaton")


def _convolutions(modules: list[nn.Module], automaton: Automaton, reach: int | None) -> Answer:
    if reach is not None and any(isinstance(m, MessagePassing | GCN) for m in modules) and automaton.is_group:
        return Answer("cannot", f"{reach} hops are seen, and every earlier symbol changes the state")
    return Answer("not known", "no theorem here covers these layers")


def _attention(automaton: Automaton) -> Answer:
    if automaton.is_group and not is_solvable(automaton):
        reason = "its depth does not grow with the length, and the group is not solvable; if TC0 is not NC1"
        return Answer("cannot", reason, MERRILL)
    return Answer("not known", "no theorem here covers attention on this automaton")


def _recurrence(layer: StackedRecurrence, automaton: Automaton) -> Answer:
    if isinstance(layer, RNN | LSTM) and not isinstance(layer, DAGNN):
        kind = layer if isinstance(layer, RNN) else LSTM(1, 1)
        units = 1 + int((automaton.table >= 0).sum())
        return Answer("can", f"a unit for each state and symbol: {units} units", "Minsky 1967",
                      lambda: track(kind, automaton))  # fmt: skip
    if isinstance(layer, DAGNN):
        return Answer("can", "on a path it is the GRU", "Minsky 1967", lambda: track(GRU(1, 1), automaton))
    if isinstance(layer, LinearRecurrence):
        return _linear(layer, automaton)
    return Answer("not known", "no theorem here covers these layers")


def _linear(layer: LinearRecurrence, automaton: Automaton) -> Answer:
    if layer.bidirectional:
        return Answer("not known", "no theorem here covers linear recurrences in both directions")
    found = periods(automaton, words=not isinstance(layer, DeltaNet))
    signed = bool(getattr(layer, "signed", False))
    if max(found) > 1 and not signed:
        reason = f"no eigenvalue of its transition is negative or complex, and a word has period {max(found)}"
        return Answer("cannot", reason, f"{GRAZZI}, theorem on parity")
    odd = [period for period in found if period % 2 and period > 1]
    if odd and not isinstance(layer, DeltaNet):
        reason = f"its transition is diagonal and real, and a word has period {odd[0]}"
        return Answer("cannot", reason, f"{GRAZZI}, theorem on counting modulo m")
    if automaton.name == "parity" and isinstance(layer, MinGRU | DeltaNet):
        return Answer("can", "a gate of -1 at ones", GRAZZI, lambda: toggle(layer))
    if automaton.name == "flip-flop" and isinstance(layer, MinGRU | GatedLinearAttention):
        return Answer("can", "a gate of 0 where something is written, else of 1", "", lambda: latch(layer))
    return Answer("not known", "no theorem or construction here covers this automaton")
