"""The families of models that are compared, each with its view and its reach."""

from functools import partial

from torch import nn
from torch_geometric.nn import GCNConv, GraphConv

from gnnseq.experiments.encoders import (
    GCN_LAYERS,
    GCRN_TERMS,
    HEADS,
    LAYERS,
    all_hops,
    along,
    attending,
    bag,
    binary,
    convolutions,
    dilated_layers,
    gatv2,
    gcn,
    gin,
    gps,
    graph_layers,
    in_rounds,
    matrix_states,
    nodes_as_vector,
    over_signals,
    predictor,
    residual,
    signal_states,
    steps,
    tcn,
    transformer,
    two_states,
)
from gnnseq.experiments.family import Family, Initialisation, find_named, fixed_reach
from gnnseq.experiments.tasks.base import Task
from gnnseq.layers import (
    DAGNN,
    GRU,
    LSTM,
    RNN,
    ChildSumTreeLSTM,
    DeltaNet,
    GatedLinearAttention,
    MeanReadout,
    MinGRU,
    MinLSTM,
    chrono_,
    orthogonal_,
)


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

_min_gru, _min_lstm = partial(MinGRU, num_layers=LAYERS), partial(MinLSTM, num_layers=LAYERS)

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
    Family("gcrn", "symbols", predictor(over_signals, MeanReadout), "GCRN on the graph of symbols", CHRONO, 1e-2,
           state_size=signal_states),
    Family("min-gru", "path", predictor(along(_min_gru)), f"MinGRU, {LAYERS} layers", CHRONO, state_size=two_states),
    Family("min-lstm", "path", predictor(along(_min_lstm)), f"MinLSTM, {LAYERS} layers", CHRONO, state_size=two_states),
    Family("linear-attention", "path", predictor(attending(GatedLinearAttention), project=True),
           f"Gated linear attention, {LAYERS} layers", state_size=matrix_states, width_multiple=HEADS),
    Family("delta-net", "path", predictor(attending(DeltaNet, signed=True), project=True), f"DeltaNet, {LAYERS} layers",
           state_size=matrix_states, width_multiple=HEADS),
    Family("transformer", "path", predictor(transformer, project=True), f"Transformer, causal, {LAYERS} layers",
           width_multiple=HEADS),
    Family("tcn", "dilated", predictor(tcn, project=True), "TCN: residual, dilated causal convolutions",
           reach=dilated_layers),
    Family("gcn-residual", "path both ways", predictor(residual(GCNConv, _gcn_reach, positions=True)),
           f"GCN, residual, {GCN_LAYERS} layers with positions on the path", reach=_gcn_reach),
    Family("gcn-deep", "path both ways", predictor(residual(GCNConv, all_hops, positions=True)),
           "GCN, residual, a layer more than the hops on the path", reach=all_hops, by_hops=True),
    Family("bag", "path", bag, "Bag of symbols, no order", order_free=True),
)  # fmt: skip

GRAPH_FAMILIES = (
    Family("gcn-graph", "graph", predictor(partial(gcn, graph_layers)), "GCN on the graph", learning_rate=1e-2,
           reach=graph_layers),
    Family("conv-graph", "graph", predictor(partial(convolutions, graph_layers)), "Graph convolution on the graph",
           reach=graph_layers),
    Family("gcrn-graph", "graph", predictor(in_rounds), "GCRN in rounds on the graph", CHRONO_HOPS,
           reach=graph_layers, state_size=two_states),
    Family("tree-lstm-tree", "tree", predictor(along(ChildSumTreeLSTM)), "Tree-LSTM, child-sum on the tree",
           CHRONO_HOPS, state_size=two_states),
    Family("gcn-residual-graph", "graph", predictor(residual(GCNConv, graph_layers)), "GCN, residual, on the graph",
           reach=graph_layers),
    Family("conv-residual-graph", "graph", predictor(residual(GraphConv, graph_layers)),
           "Graph convolution, residual, on the graph", reach=graph_layers),
    Family("conv-residual-tree", "tree", predictor(residual(GraphConv, graph_layers)),
           "Graph convolution, residual, up the tree", reach=graph_layers),
    Family("gat-graph", "graph", predictor(residual(gatv2, graph_layers), project=True),
           "GATv2, residual, on the graph", reach=graph_layers, width_multiple=HEADS),
    Family("gin-graph", "graph", predictor(residual(gin, graph_layers)), "GIN, residual, on the graph",
           reach=graph_layers),
    Family("gps-graph", "graph", predictor(gps, project=True), "GPS on the graph", width_multiple=HEADS),
    Family("min-gru-tree", "tree", predictor(along(_min_gru)), f"MinGRU, {LAYERS} layers on the tree", CHRONO_HOPS,
           state_size=two_states),
    Family("dagnn-tree", "tree", predictor(along(DAGNN)), "DAGNN on the tree", CHRONO_HOPS),
    Family("transformer-tree", "tree", predictor(transformer, project=True),
           f"Transformer, {LAYERS} layers on the tree", width_multiple=HEADS),
    Family("gcrn-signals", "signals", predictor(over_signals), "GCRN on signals", learning_rate=1e-2, reach=_one_step,
           state_size=two_states),
    Family("lstm-vectors", "signals", partial(nodes_as_vector, True), "LSTM on the vector of all nodes, no graph",
           state_size=two_states),
    Family("linear-vectors", "signals", partial(nodes_as_vector, False), "Linear map of all nodes, no graph"),
)  # fmt: skip

FAMILIES = SEQUENCE_FAMILIES + GRAPH_FAMILIES
ON_REQUEST = (
    "min-lstm",
    "linear-attention",
    "delta-net",
    "tcn",
    "gcn-residual",
    "gcn-deep",
)  # not shown unless asked for
PALINDROME_FAMILIES = tuple(family for family in SEQUENCE_FAMILIES if family.name not in ON_REQUEST)


def find_family(name: str) -> Family:
    """The family of a name, for a command line.

    Raises:
        ValueError: for an unknown name, with the nearest known one.
    """
    return find_named(name, FAMILIES, "model")
