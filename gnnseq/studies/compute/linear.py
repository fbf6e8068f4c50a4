"""Automata that linear recurrences cannot track."""

from gnnseq.data.synthetic.automata import Automaton
from gnnseq.layers import DeltaNet
from gnnseq.layers.linear.cell import LinearRecurrence
from gnnseq.layers.stacked import StackedRecurrence
from gnnseq.studies.compute.answer import Answer
from gnnseq.studies.compute.monoid import periods
from gnnseq.studies.compute.references import GRAZZI


def linear(layer: StackedRecurrence, automaton: Automaton) -> Answer | None:
    """Whether a linear recurrence can track an automaton, by the eigenvalues of its transition."""
    if not isinstance(layer, LinearRecurrence) or layer.bidirectional:
        return None
    found = periods(automaton, words=not isinstance(layer, DeltaNet))
    if max(found) > 1 and not getattr(layer, "signed", False):
        reason = f"no eigenvalue of its transition is negative or complex, and a word has period {max(found)}"
        return Answer("cannot", reason, f"{GRAZZI}, theorem on parity")
    odd = [period for period in found if period % 2 and period > 1]
    if odd and not isinstance(layer, DeltaNet):
        reason = f"its transition is diagonal and real, and a word has period {odd[0]}"
        return Answer("cannot", reason, f"{GRAZZI}, theorem on counting modulo m")
    return None
