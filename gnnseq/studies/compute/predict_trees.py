"""Whether a model can give the value of every subtree of a formula."""

from dataclasses import replace

from torch_geometric.nn import GPSConv

from gnnseq.data.synthetic.automata import Automaton
from gnnseq.data.synthetic.formulas import Algebra
from gnnseq.experiments.tasks.formulas import FormulaTask
from gnnseq.layers import LSTM, RNN, GraphTransformer
from gnnseq.models import BagEncoder, DeepSetEncoder
from gnnseq.studies.compute.answer import Answer, Seen, can
from gnnseq.studies.compute.constructions import fold
from gnnseq.studies.compute.linear import linear
from gnnseq.studies.compute.monoid import window
from gnnseq.studies.compute.references import BUSS, NERODE

_UNKNOWN = "no theorem or construction here covers these layers on these formulas"


def caterpillar(algebra: Algebra) -> Automaton:
    """The automaton of trees whose inner nodes all have a leaf: a symbol is an operator and that leaf's value."""
    rows = [
        tuple(int(table[state][leaf]) for table in algebra.tables for leaf in range(algebra.num_values))
        for state in range(algebra.num_values)
    ]
    return Automaton(f"caterpillars of {algebra.name}", tuple(rows))


def on_trees(seen: Seen, task: FormulaTask) -> Answer:
    """The answer for formulas as trees, as undirected graphs, or as sequences in postfix order."""
    if not seen.from_root and not seen.has(BagEncoder, DeepSetEncoder):
        return Answer("not known", "its readout is not that of the root")
    answers = {"tree": _up_the_tree, "graph": _in_the_graph, "path": _in_a_row}[seen.view](seen, task)
    return answers or _attention(seen, task) or Answer("not known", _UNKNOWN)


def _up_the_tree(seen: Seen, task: FormulaTask) -> Answer | None:
    layer = seen.recurrence
    if layer is None:
        return _in_the_graph(seen, task)
    if isinstance(layer, RNN | LSTM):
        values, operators = task.algebra.num_values, len(task.algebra.tables)
        units = values + operators * values * (values + 1) // 2
        reason = f"a unit for each value, and for each operator and pair of values: {units} units"
        return can(reason, task.every_node, lambda: fold(layer, task.algebra))
    answer = linear(layer, caterpillar(task.algebra))
    return answer and replace(answer, reason=f"where every inner node has a leaf: {answer.reason}")


def _in_the_graph(seen: Seen, task: FormulaTask) -> Answer | None:
    if seen.reach is None or window(caterpillar(task.algebra)) is not None:
        return None
    reason = f"{seen.reach} hops are seen in any tree, and a leaf that is farther down can change the value"
    return Answer("cannot", reason, shortest=2 * seen.reach + 3)


def _in_a_row(seen: Seen, task: FormulaTask) -> Answer | None:
    if not task.every_node:
        return None
    if seen.has(BagEncoder, DeepSetEncoder):
        return Answer("cannot", "no order is read, and an operator that comes twice may have two values")
    if seen.recurrence is None:
        return None
    reason = "a state of finite precision tells finitely many beginnings apart, and leaves in a row must all be kept"
    return Answer("cannot", reason, NERODE)


def _attention(seen: Seen, task: FormulaTask) -> Answer | None:
    if task.kind != "formula" or not seen.has(GraphTransformer, GPSConv):
        return None
    reason = (
        "its depth does not grow with the size, and values of Boolean formulas are complete for NC1; if TC0 is not NC1"
    )
    return Answer("cannot", reason, BUSS)
