"""The models whose accuracy is held against their reach."""

from functools import partial

from torch import Tensor, nn
from torch_geometric.data import Batch
from torch_geometric.nn import GraphConv

from gnnseq.graphs import dilated_batch, path_batch
from gnnseq.layers import GCN, LSTM, chrono_
from gnnseq.models import ConvStack, EdgeEncoder
from gnnseq.studies.reach.first_symbol import RecallModel


def _path(symbols: Tensor, y: Tensor) -> Batch:
    return path_batch(symbols, y=y)


def _both_ways(symbols: Tensor, y: Tensor) -> Batch:
    return path_batch(symbols, y=y, direction="both")


def _dilated(symbols: Tensor, y: Tensor) -> Batch:
    return dilated_batch(symbols, y=y)


def _stack(layers: int, features: int, width: int) -> nn.Module:
    return ConvStack(GraphConv, features, width, layers)


def _gcn(features: int, width: int) -> nn.Module:
    return EdgeEncoder(GCN(features, width, num_layers=4))


def _lstm(features: int, width: int) -> nn.Module:
    return EdgeEncoder(LSTM(features, width))


def _chrono(model: nn.Module, length: int) -> object:
    return chrono_(model, max(3, length))


REACH_MODELS: dict[str, RecallModel] = {
    model.name: model
    for model in (
        RecallModel("conv-2", "Graph convolution, 2 layers, path", _path, partial(_stack, 2), 2),
        RecallModel("conv-4", "Graph convolution, 4 layers, path", _path, partial(_stack, 4), 4),
        RecallModel("conv-8", "Graph convolution, 8 layers, path", _path, partial(_stack, 8), 8),
        RecallModel("gcn-4", "GCN, 4 layers, undirected path", _both_ways, _gcn, 4, None, 1e-2),
        RecallModel(
            "dilated-2", "Graph convolution, 2 layers, dilated path", _dilated, partial(_stack, 2), 2, None, 1e-2
        ),
        RecallModel("lstm", "LSTM, chrono initialisation", _path, _lstm, None, _chrono, 1e-2),
    )
}
