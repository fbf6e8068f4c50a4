"""How the models of a comparison are built from a task and a width, and how deep they are."""

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from torch import nn
from torch_geometric.nn import GATv2Conv, GINConv, GPSConv, GraphConv

from gnnseq.experiments.tasks.base import Task
from gnnseq.layers import GCN, GCRN, GraphTransformer, MeanReadout, NaryTreeLSTM, SinusoidalPositions, SumReadout
from gnnseq.models import (
    TCN,
    BagEncoder,
    ConvStack,
    DeepSetEncoder,
    EdgeEncoder,
    NodeClassifier,
    NodesAsVector,
    RoundsEncoder,
    SequenceClassifier,
    SignalEncoder,
    SlotEncoder,
    SymbolEmbedding,
)

GCN_LAYERS = 8
GCRN_TERMS = 2
LAYERS = 2  # of models whose layers cannot do their work alone: linear recurrences and attention
HEADS = 4
FEATURES = 16  # of an input, where a budget asks for no other number

Encoder = Callable[[Task, int, int], nn.Module]


def predictor(
    encoder: Encoder, readout: Callable[[], nn.Module] | None = None, project: bool = False
) -> Callable[[Task, int, int], SequenceClassifier | NodeClassifier]:
    """What builds a whole model around an encoder: an embedding, or none for features; a readout, or none for nodes.

    Args:
        encoder: makes ``encoder(x, batch) -> [N, H]`` from task, input width and width H.
        readout: of a graph; the root by default, or the mean for a task whose graphs have none (``rooted`` is False).
        project: whether a linear layer brings features to the width of an embedding, which then helps to meet a budget
            where H must be a multiple.
    """

    def build(task: Task, width: int, embedding: int) -> SequenceClassifier | NodeClassifier:
        embed: nn.Module | None = None
        if task.num_symbols is not None:
            embed = SymbolEmbedding(task.num_symbols, embedding)
        elif project and task.num_features is not None:
            embed = nn.Linear(task.num_features, embedding)
        inner = encoder(task, embedding if task.num_features is None or project else task.num_features, width)
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
    """A GCN whose depth is a function of the task."""
    return EdgeEncoder(GCN(features, width, num_layers=layers(task)))


def convolutions(layers: Callable[[Task], int], task: Task, features: int, width: int) -> nn.Module:
    """Graph convolutions with a weight for the node itself; the depth is a function of the task."""
    return ConvStack(GraphConv, features, width, num_layers=layers(task))


def over_signals(task: Task, features: int, width: int) -> nn.Module:
    """A GCRN over time."""
    return SignalEncoder(GCRN(features, width, K=GCRN_TERMS))


def bag(task: Task, width: int, embedding: int) -> SequenceClassifier | NodeClassifier:
    """The sum over embedded symbols; of features, whose size is not the model's to choose, the mean."""
    simple = task.level == "graph" and task.num_symbols is not None
    encoder = BagEncoder if simple else DeepSetEncoder
    build = predictor(lambda _, features, width: encoder(features, width), SumReadout if simple else MeanReadout)
    return build(task, width, embedding)


def in_rounds(task: Task, features: int, width: int) -> nn.Module:
    """A GCRN with the same features as input in every round."""
    return RoundsEncoder(GCRN(features, width, K=GCRN_TERMS), graph_layers(task))


def heads(width: int) -> int:
    """Four heads, or as many as divide the width."""
    return math.gcd(width, HEADS)


def attending(layer: Callable[..., nn.Module], **options: Any) -> Encoder:
    """A recurrence with a matrix for a state, in two layers along the edges."""
    return lambda task, features, width: EdgeEncoder(layer(features, width, LAYERS, heads(width), **options))


def transformer(task: Task, features: int, width: int) -> nn.Module:
    """Attention to all nodes from which a way leads to a node; positions are places on paths and heights in trees.

    Each layer has 4 hidden units for each feature of a state, and 3 more (or fewer) for each feature of an input above
    (or below) 16, which helps to meet a budget.
    """
    options: dict[str, Any] = {"attend": "ancestors", "positions": SinusoidalPositions}
    options["feedforward"] = max(1, 4 * width + 3 * (features - FEATURES))
    return EdgeEncoder(GraphTransformer(features, width, LAYERS, heads(width), **options))


def tcn(task: Task, features: int, width: int) -> nn.Module:
    """Dilated causal convolutions, as many as reach the answer."""
    return TCN(features, width, dilated_layers(task), norm=nn.LayerNorm)


def residual(conv: Callable[[int, int], nn.Module], layers: Callable[[Task], int], positions: bool = False) -> Encoder:
    """Convolutions with residual connections and layer normalisation, and with a node's place in its sequence."""
    options: dict[str, Any] = {"residual": True, "norm": nn.LayerNorm}
    if positions:
        options["positions"] = partial(SinusoidalPositions, by_number=True)
    return lambda task, features, width: ConvStack(conv, features, width, layers(task), **options)


def gatv2(features: int, width: int) -> nn.Module:
    """One layer of attention to the neighbours."""
    conv: nn.Module = GATv2Conv(features, width // heads(width), heads(width))
    return conv


def gin(features: int, width: int) -> nn.Module:
    """One layer that adds up the neighbours and runs a small network."""
    conv: nn.Module = GINConv(nn.Sequential(nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width)))
    return conv


def gps(task: Task, features: int, width: int) -> nn.Module:
    """A GIN beside attention to all nodes of the graph, in each layer; its hidden units help to meet a budget."""
    hidden = max(1, width + 2 * (features - FEATURES))

    def conv(_: int, channels: int) -> nn.Module:
        inner = GINConv(nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels)))
        layer: nn.Module = GPSConv(channels, inner, heads(channels), norm="layer_norm")
        return layer

    return ConvStack(conv, features, width, graph_layers(task), project=True)


def nodes_as_vector(recurrent: bool, task: Task, width: int, embedding: int) -> NodesAsVector:
    """All nodes of a signal as one vector per step, for an LSTM or a linear map, without a graph."""
    nodes, window, features = _signal_shape(task)
    return NodesAsVector(nodes, features, window, width if recurrent else None)


@lru_cache(maxsize=256)
def _signal_shape(task: Task) -> tuple[int, int, int]:
    nodes, window, features = next(task.batches("signals", 0, "train", 1, 1)).x.shape
    return nodes, window, features


def dilated_layers(task: Task) -> int:
    """Enough layers for the longest way, whose hops are the binary digits of T - 1."""
    return max(2, (steps(task) - 1).bit_length())


def all_hops(task: Task) -> int:
    """A layer more than the hops along a path, by the rule of `graph_layers`, of a task that requires a number."""
    required = task.required("path both ways")
    assert required is not None, f"{task.title} require no number of hops"
    return required + 1


def graph_layers(task: Task) -> int:
    """One layer more than the hops required (Alon and Yahav 2021), or two where there is no such number."""
    required = task.required("graph")
    return 2 if required is None else required + 1


def two_states(task: Task, width: int) -> int:
    """The state size of an LSTM: output h and cell state c."""
    return 2 * width


def signal_states(task: Task, width: int) -> int:
    """The state size of a GCRN on the graph of symbols."""
    return 2 * width * (task.num_symbols or 1)


def matrix_states(task: Task, width: int) -> int:
    """The state size of a recurrence with a matrix for a state, in all its layers."""
    return LAYERS * width * width // heads(width)
