"""The influence of each symbol on the output in theory, computed from an untrained model's weights."""

from collections.abc import Callable
from math import comb

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch
from torch_geometric.nn import GraphConv

from gnnseq.analysis import hop_distance
from gnnseq.layers import GCN, GraphTransformer
from gnnseq.layers.cells import Cell, RNNCell
from gnnseq.layers.linear.min_rnns import MinGRUCell
from gnnseq.layers.signals.graph_recurrent import GraphRecurrent
from gnnseq.layers.tree_lstm import NaryCell
from gnnseq.models import BagEncoder, DeepSetEncoder, SequenceClassifier
from gnnseq.ops import gcn_operator

Expected = tuple[Tensor, str]


def expected_influence(model: SequenceClassifier, batch: Batch, num_steps: int) -> Expected:
    r"""Expected shares of the influence on the root, for a linear model or for the cell's gates alone.

    With :math:`k` hops from a symbol to the root:

    - vanilla RNN: :math:`s^k`, where s is the root mean square singular value of W_hh;
    - gates: :math:`\frac1H \sum_j \sigma(b_{f,j})^k`, the share that the cell keeps if its gates depend on the biases
      only;
    - GCN of L layers: the random walk :math:`(\hat A^L)_{root, u}`;
    - graph convolutions of two weights W_0 (self) and W_1 (neighbours), independent and of one scale:
      :math:`\sqrt{\sum_m \binom Lm (A^m)_{root, u}^2}`, a term for each order of selves and neighbours;
    - MinGRU: the same with the gates :math:`1 - \sigma(b_z)`, convolved over its layers;
    - a Transformer, whose attention is nearly even before training, and a model that reads no edges: the same for all.

    Args:
        model: an embedding, encoder and readout, before training.
        batch: one graph.
        num_steps: symbols of its sequence, T; they are the first T nodes, or for signals the steps.

    Returns:
        Shares ``[T]`` (float64) that add up to 1, the last symbol first, and the name of the theory.

    Raises:
        ValueError: for a batch of several graphs, or a model that none of these fits.
    """
    if batch.num_graphs != 1:
        raise ValueError(f"batch holds {batch.num_graphs} graphs, expected one")
    influence, name = _of_layer(model.encoder)(batch, num_steps)
    shares = influence.double().flip(0)
    return shares / shares.sum(), name


def _of_layer(encoder: nn.Module) -> Callable[[Batch, int], Expected]:
    modules = list(encoder.modules())
    convs = [module for module in modules if isinstance(module, GraphConv)]
    for layer in modules:
        if isinstance(layer, RNNCell):
            return lambda batch, steps: _recurrence(layer, batch, steps)
        if isinstance(layer, Cell | NaryCell | GraphRecurrent):
            return lambda batch, steps: _memory(layer, batch, steps)
        if isinstance(layer, GCN):
            return lambda batch, steps: _walk(layer, batch, steps)
    if convs:
        return lambda batch, steps: _two_weights(len(convs), batch, steps)
    linear = [module for module in modules if type(module) is MinGRUCell]
    if linear:
        return lambda batch, steps: _memories(linear, batch, steps)
    if any(isinstance(module, GraphTransformer | BagEncoder | DeepSetEncoder) for module in modules):
        return lambda batch, steps: (torch.ones(steps), "every symbol alike")
    raise ValueError(f"model has a {type(encoder).__name__}, for which there is no theory, expected a known layer")


def _hops(batch: Batch, num_steps: int) -> Tensor:
    """Hops from each symbol to the root ``[T]``; for signals the steps that follow it."""
    if batch.x.dim() == 2 and not batch.x.is_floating_point():
        return torch.arange(num_steps).flip(0)
    return hop_distance(batch.edge_index, int(batch.num_nodes))[-1, :num_steps]


@torch.no_grad()
def _recurrence(layer: RNNCell, batch: Batch, num_steps: int) -> Expected:
    scale = float(torch.linalg.matrix_norm(layer.weight_hh)) / layer.out_channels**0.5
    return scale ** _hops(batch, num_steps).double(), f"linear: states shrink by {scale:.2f} a step"


@torch.no_grad()
def _memory(layer: Cell | NaryCell | GraphRecurrent, batch: Batch, num_steps: int) -> Expected:
    """The gate that keeps is the second in torch's order, the LSTM's forget gate and the GRU's update gate."""
    H, hops = layer.out_channels, _hops(batch, num_steps)
    if layer.bias is None:
        return 0.5 ** hops.double(), "memory: gates half open"
    kept = layer.bias[H : 2 * H].double().sigmoid()
    return (kept.unsqueeze(1) ** hops).mean(0), "memory: the gates' biases alone"


@torch.no_grad()
def _memories(layers: list[MinGRUCell], batch: Batch, num_steps: int) -> Expected:
    """What several layers of gates keep over k hops: the sum over all ways to share the hops among them."""
    hops = _hops(batch, num_steps)
    every = torch.arange(int(hops.max()) + 1)
    total = torch.eye(len(every), dtype=torch.double)[0]
    for layer in layers:
        gate = 0.5 * torch.ones(layer.out_channels).double()
        if layer.bias is not None:
            gate = (-layer.bias[: layer.out_channels].double()).sigmoid()
        kept = (gate.unsqueeze(1) ** every).mean(0)
        total = torch.stack([(total[: k + 1] * kept[: k + 1].flip(0)).sum() for k in every.tolist()])
    return total[hops], "memory: the gates' biases alone"


def _walk(layer: GCN, batch: Batch, num_steps: int) -> Expected:
    weights = torch.ones(batch.num_edges, dtype=torch.double)
    dense = gcn_operator(batch.edge_index, int(batch.num_nodes), weights, layer.add_self_loops).to_dense()
    walk = torch.linalg.matrix_power(dense, layer.num_layers)[-1, :num_steps]
    return walk, f"linear: the random walk of {layer.num_layers} steps"


def _two_weights(layers: int, batch: Batch, num_steps: int) -> Expected:
    nodes = int(batch.num_nodes)
    adjacency = torch.zeros(nodes, nodes, dtype=torch.double)
    adjacency.index_put_((batch.edge_index[1], batch.edge_index[0]), torch.ones(()).double(), accumulate=True)
    row, squares = torch.eye(nodes, dtype=torch.double)[-1], torch.zeros(nodes, dtype=torch.double)
    for hops in range(layers + 1):
        squares += comb(layers, hops) * row.square()
        row = row @ adjacency
    return squares.sqrt()[:num_steps], "linear: walks of random weights"
