"""The families of models that are compared, each with the graph it reads and what it can see."""

from collections.abc import Callable
from functools import lru_cache, partial

from torch import nn
from torch_geometric.nn import GraphConv

from gnnseq.experiments.family import Family, Initialisation, find_named, fixed_reach
from gnnseq.experiments.tasks.base import Task
from gnnseq.layers import (
    GCN,
    GCRN,
    GRU,
    LSTM,
    RNN,
    ChildSumTreeLSTM,
    MeanReadout,
    NaryTreeLSTM,
    SumReadout,
    chrono_,
    orthogonal_,
)
from gnnseq.models import (
    BagEncoder,
    ConvStack,
    DeepSetEncoder,
    EdgeEncoder,
    NodeClassifier,
    RoundsEncoder,
    SequenceClassifier,
    SignalEncoder,
    SlotEncoder,
    SymbolEmbedding,
)

GCN_LAYERS = 8
GCRN_TERMS = 2

Encoder = Callable[[Task, int, int], nn.Module]


def predictor(
    encoder: Encoder, readout: Callable[[], nn.Module] | None = None
) -> Callable[[Task, int, int], SequenceClassifier | NodeClassifier]:
    """What builds a whole model around an encoder: an embedding, or none for features; a readout, or none for nodes.

    Args:
        encoder: makes ``encoder(x, batch) -> [N, H]`` from task, input width and width H.
        readout: of a graph; the root by default, or the mean for a task whose graphs have none (``rooted`` is False).
    """

    def build(task: Task, width: int, embedding: int) -> SequenceClassifier | NodeClassifier:
        embed = None if task.num_symbols is None else SymbolEmbedding(task.num_symbols, embedding)
        inner = encoder(task, embedding if task.num_features is None else task.num_features, width)
        if task.level == "node":
            return NodeClassifier(embed, inner, nn.Linear(width, task.num_outputs))
        default = None if getattr(task, "rooted", True) else MeanReadout()
        return SequenceClassifier(
            embed, inner, default if readout is None else readout(), nn.Linear(width, task.num_outputs)
        )

    return build


@lru_cache(maxsize=256)
def steps(task: Task) -> int:
    """Steps of a sequence that a memory must bridge: from the answer to the output, both counted.

    Where a task does not say how far back its answers lie, the longest of its first eight training sequences.
    """
    distance = task.required("path")
    if distance is not None:
        return distance + 1
    return int(next(task.batches("path", 0, "train", 8, 1)).ptr.diff().max())


def along(layer: Callable[[int, int], nn.Module]) -> Encoder:
    """A layer that runs along the edges."""
    return lambda task, features, width: EdgeEncoder(layer(features, width))


def binary(task: Task, features: int, width: int) -> nn.Module:
    """A Tree-LSTM with a place for each of two children."""
    return SlotEncoder(NaryTreeLSTM(features, width, arity=2))


def gcn(layers: Callable[[Task], int], task: Task, features: int, width: int) -> nn.Module:
    """A GCN, as deep as a function of the task says."""
    return EdgeEncoder(GCN(features, width, num_layers=layers(task)))


def convolutions(layers: Callable[[Task], int], task: Task, features: int, width: int) -> nn.Module:
    """Graph convolutions with a weight for the node itself, as deep as a function of the task says."""
    return ConvStack(GraphConv, features, width, num_layers=layers(task))


def _gcrn(task: Task, features: int, width: int) -> nn.Module:
    return SignalEncoder(GCRN(features, width, K=GCRN_TERMS))


def _bag(task: Task, width: int, embedding: int) -> SequenceClassifier | NodeClassifier:
    """The sum over embedded symbols; of features, whose size is not the model's to choose, the mean."""
    simple = task.level == "graph" and task.num_symbols is not None
    encoder = BagEncoder if simple else DeepSetEncoder
    build = predictor(lambda _, features, width: encoder(features, width), SumReadout if simple else MeanReadout)
    return build(task, width, embedding)


def _rounds(task: Task, features: int, width: int) -> nn.Module:
    return RoundsEncoder(GCRN(features, width, K=GCRN_TERMS), graph_layers(task))


def dilated_layers(task: Task) -> int:
    """Enough layers for the longest way, whose hops are the binary digits of T - 1."""
    return max(2, (steps(task) - 1).bit_length())


def graph_layers(task: Task) -> int:
    """One layer more than the hops required (Alon and Yahav 2021), or two where there is no such number."""
    required = task.required("graph")
    return 2 if required is None else required + 1


def two_states(task: Task, width: int) -> int:
    """The state size of an LSTM: what it says and what it keeps."""
    return 2 * width


def _signal_states(task: Task, width: int) -> int:
    return 2 * width * (task.num_symbols or 1)


def _chrono(model: nn.Module, task: Task) -> object:
    return chrono_(model, max(3, steps(task)))


def _chrono_tree(model: nn.Module, task: Task) -> object:
    return chrono_(model, max(3, steps(task).bit_length() + 1))


def _chrono_hops(model: nn.Module, task: Task) -> object:
    view = "graph" if "graph" in task.views else "tree"
    return chrono_(model, max(3, (task.required(view) or 2) + 1))


def _orthogonal(model: nn.Module, task: Task) -> object:
    return orthogonal_(model)


def _orthogonal_quiet(model: nn.Module, task: Task) -> object:
    return orthogonal_(model, input_scale=0.1)


CHRONO = Initialisation("chrono", _chrono)
CHRONO_TREE = Initialisation("chrono", _chrono_tree)
CHRONO_HOPS = Initialisation("chrono", _chrono_hops)
ORTHOGONAL = Initialisation("orthogonal", _orthogonal)
ORTHOGONAL_QUIET = Initialisation("orthogonal, inputs times 0.1", _orthogonal_quiet)

_gcn_reach, _one_step = partial(fixed_reach, GCN_LAYERS), partial(fixed_reach, GCRN_TERMS - 1)

SEQUENCE_FAMILIES = (
    Family("rnn", "path", predictor(along(RNN)), "RNN", ORTHOGONAL, 1e-3),
    Family("gru", "path", predictor(along(GRU)), "GRU", CHRONO),
    Family("lstm", "path", predictor(along(LSTM)), "LSTM", CHRONO, state_size=two_states),
    Family("tree-lstm", "path", predictor(along(ChildSumTreeLSTM)), "Tree-LSTM, child-sum on the path", CHRONO,
           state_size=two_states),
    Family("tree-lstm-balanced", "balanced tree", predictor(binary), "Tree-LSTM, binary on a balanced tree",
           CHRONO_TREE, state_size=two_states),
    Family("gcn", "path both ways", predictor(partial(gcn, _gcn_reach)), f"GCN, {GCN_LAYERS} layers on the path",
           reach=_gcn_reach),
    Family("dilated", "dilated", predictor(partial(convolutions, dilated_layers)),
           "Graph convolution on a dilated path", reach=dilated_layers),
    Family("gcrn", "symbols", predictor(_gcrn, MeanReadout), "GCRN on the graph of symbols", CHRONO, 1e-2,
           state_size=_signal_states),
    Family("bag", "path", _bag, "Bag of symbols, no order", order_free=True),
)  # fmt: skip

GRAPH_FAMILIES = (
    Family("gcn-graph", "graph", predictor(partial(gcn, graph_layers)), "GCN on the graph", learning_rate=1e-2,
           reach=graph_layers),
    Family("conv-graph", "graph", predictor(partial(convolutions, graph_layers)), "Graph convolution on the graph",
           reach=graph_layers),
    Family("gcrn-graph", "graph", predictor(_rounds), "GCRN in rounds on the graph", CHRONO_HOPS,
           reach=graph_layers, state_size=two_states),
    Family("tree-lstm-tree", "tree", predictor(along(ChildSumTreeLSTM)), "Tree-LSTM, child-sum on the tree",
           CHRONO_HOPS, state_size=two_states),
    Family("gcrn-signals", "signals", predictor(_gcrn), "GCRN on signals", learning_rate=1e-2, reach=_one_step,
           state_size=two_states),
)  # fmt: skip

FAMILIES = SEQUENCE_FAMILIES + GRAPH_FAMILIES
PALINDROME_FAMILIES = SEQUENCE_FAMILIES


def find_family(name: str) -> Family:
    """The family of a name, for a command line.

    Raises:
        ValueError: for an unknown name, with the nearest known one.
    """
    return find_named(name, FAMILIES, "model")
