"""Whether a model can give the state of a finite automaton: the rules, each for a kind of layers."""

from typing import cast

from torch import nn
from torch_geometric.nn import GPSConv, GraphConv

from gnnseq.data.synthetic.automata import Automaton
from gnnseq.experiments.tasks.automata import AutomatonTask
from gnnseq.layers import (
    DAGNN,
    GRU,
    LSTM,
    RNN,
    DeltaNet,
    GatedLinearAttention,
    GraphTransformer,
    LearnedPositions,
    MinGRU,
)
from gnnseq.layers.stacked import StackedRecurrence
from gnnseq.models import TCN, BagEncoder, ConvStack, DeepSetEncoder
from gnnseq.studies.compute.answer import Answer, Seen, can
from gnnseq.studies.compute.constructions import attend, double, latch, toggle, track, unroll
from gnnseq.studies.compute.linear import linear
from gnnseq.studies.compute.monoid import is_solvable, mirrored_differs, order_matters, past_matters, window
from gnnseq.studies.compute.references import GRAZZI, MERRILL, MINSKY


def on_words(seen: Seen, task: AutomatonTask, length: int | None) -> Answer:
    """The answer of the first rule that has one."""
    automaton = cast(Automaton, task.automaton)
    if not seen.from_root and not seen.has(BagEncoder, DeepSetEncoder):
        return Answer("not known", "its readout is not that of the last symbol")
    for rule in (_without_order, _mirrored, _in_depth, _hops, _attention, _recurrence):
        answer = rule(seen, task, automaton, length)
        if answer is not None:
            return answer
    return Answer("not known", "no theorem or construction here covers these layers on this automaton")


def _without_order(seen: Seen, task: AutomatonTask, automaton: Automaton, length: int | None) -> Answer | None:
    if not seen.has(BagEncoder, DeepSetEncoder):
        return None
    if task.every_symbol and past_matters(automaton):
        return Answer("cannot", "no order is read, and a symbol that comes twice may lead to two states")
    if not task.every_symbol and order_matters(automaton):
        return Answer("cannot", "no order is read, and the state depends on the order of the symbols")
    return Answer("not known", "no theorem here covers sums over symbols on this automaton")


def _mirrored(seen: Seen, task: AutomatonTask, automaton: Automaton, length: int | None) -> Answer | None:
    """An undirected path that is read backwards is the same graph."""
    if seen.view != "path both ways" or seen.reads_numbers or not task.every_symbol:
        return None
    word = mirrored_differs(automaton)
    if word is None:
        return None
    one, other = (" ".join(map(str, symbols)) for symbols in (word, word[::-1]))
    reason = f"an undirected path without positions reads {one} as the mirror of {other}, and the states are not"
    return Answer("cannot", reason, "layers that do not depend on the numbers of nodes", shortest=len(word))


def _hops(seen: Seen, task: AutomatonTask, automaton: Automaton, length: int | None) -> Answer | None:
    if seen.reach is None or seen.recurrence:
        return None
    sees = 2**seen.reach if seen.view == "dilated" else seen.reach + 1  # last symbols, in most cases
    decisive = window(automaton)
    if decisive is not None and decisive <= sees:
        return None
    why = "every earlier symbol changes the state" if automaton.is_group else "no number of last symbols tells it"
    shortest = (2 * sees if seen.view == "dilated" else sees + 1) if automaton.is_group else None
    return Answer("cannot", f"{seen.reach} hops are seen at any length, and {why}", shortest=shortest)


def _in_depth(seen: Seen, task: AutomatonTask, automaton: Automaton, length: int | None) -> Answer | None:
    """Parity by depth, of inputs of a bounded length."""
    encoder = seen.encoder
    layer = getattr(encoder, "layer", None)
    if length is None or automaton.name != "parity":
        return None
    if isinstance(encoder, TCN) and length <= 2 ** (len(encoder.convs) - 1):
        return can("each layer doubles the symbols that are joined", task.every_symbol, lambda: double(encoder))
    if isinstance(encoder, ConvStack) and _is_plain(encoder) and seen.view == "path" and length < len(encoder.convs):
        return can("each layer joins one symbol more", task.every_symbol, lambda: unroll(encoder))
    if isinstance(layer, GraphTransformer) and isinstance(layer.positions, LearnedPositions):
        depth = len(layer.blocks)
        if (
            layer.attend == "ancestors"
            and seen.view == "path"
            and length <= min(2**depth, layer.positions.max_positions)
        ):
            return can("each layer doubles the symbols that are joined", task.every_symbol, lambda: attend(depth))
    return None


def _is_plain(stack: ConvStack) -> bool:
    """Whether a stack has `GraphConv` alone, and neither normalisations nor positions."""
    bare = all(isinstance(norm, nn.Identity) for norm in stack.norms) and stack.positions is None
    return bare and all(isinstance(conv, GraphConv) and conv.aggr == "add" for conv in stack.convs)


def _attention(seen: Seen, task: AutomatonTask, automaton: Automaton, length: int | None) -> Answer | None:
    if not seen.has(GraphTransformer, GPSConv) or not automaton.is_group or is_solvable(automaton):
        return None
    reason = "its depth does not grow with the length, and the group is not solvable; if TC0 is not NC1"
    return Answer("cannot", reason, MERRILL)


def _recurrence(seen: Seen, task: AutomatonTask, automaton: Automaton, length: int | None) -> Answer | None:
    layer = seen.recurrence
    if layer is None or seen.view != "path":
        return None
    if isinstance(layer, RNN | LSTM):
        kind = GRU(1, 1) if isinstance(layer, DAGNN) else layer if isinstance(layer, RNN) else LSTM(1, 1)
        units = 1 + int((automaton.table >= 0).sum())
        return can(
            f"a unit for each state and symbol: {units} units",
            task.every_symbol,
            lambda: track(kind, automaton),
            MINSKY,
        )
    return linear(layer, automaton) or _tracked(layer, task, automaton)


def _tracked(layer: StackedRecurrence, task: AutomatonTask, automaton: Automaton) -> Answer | None:
    if automaton.name == "parity" and isinstance(layer, MinGRU | DeltaNet) and layer.signed:
        return can("a gate of -1 at ones", task.every_symbol, lambda: toggle(layer), GRAZZI)
    if automaton.name == "flip-flop" and isinstance(layer, MinGRU | GatedLinearAttention | DeltaNet):
        return can("a gate of 0 where something is written, else of 1", task.every_symbol, lambda: latch(layer))
    return None
