"""Causal language models of every kind, small and in float64."""

from functools import partial

import torch
from torch import nn
from torch_geometric.nn import GCNConv, GraphConv

from gnnseq.graphs import dilated_batch, path_batch
from gnnseq.layers import GCN, GCRN, GRU, LSTM, RNN, GatedLinearAttention, GraphTransformer, MinGRU, SinusoidalPositions
from gnnseq.models import ConvStack, EdgeEncoder, SymbolEmbedding
from gnnseq.models.causal import PathRecurrence, SymbolGraphEncoder
from gnnseq.models.language_model import CharLanguageModel

S, F, H = 7, 3, 5
dilated = partial(dilated_batch, hops=(1, 2, 4))
RING = torch.tensor([[*range(S), *[(n + 1) % S for n in range(S)]], [*[(n + 1) % S for n in range(S)], *range(S)]])


def build(encoder, reach=None, features=H):
    return CharLanguageModel(SymbolEmbedding(S, F), encoder, nn.Linear(features, S), reach).double()


def symbol_graph(layer):
    return SymbolGraphEncoder(layer, S, RING, torch.rand(2 * S).double() + 0.5)


def transformer(attend):
    return GraphTransformer(F, H, num_layers=2, attend=attend, positions=SinusoidalPositions)


class StackedGCN(nn.Module):
    """PyG's convolution, whose degrees depend on where a window begins."""

    def __init__(self):
        super().__init__()
        self.convs = ConvStack(GCNConv, F, H, num_layers=3)

    def forward(self, x, batch):
        return self.convs(x, batch)


MODELS = {
    "rnn": lambda: (build(PathRecurrence(RNN(F, H, num_layers=2))), path_batch),
    "gru": lambda: (build(PathRecurrence(GRU(F, H, num_layers=2))), path_batch),
    "lstm": lambda: (build(PathRecurrence(LSTM(F, H, num_layers=2))), path_batch),
    "min-gru": lambda: (build(PathRecurrence(MinGRU(F, H, num_layers=2))), path_batch),
    "linear attention": lambda: (build(PathRecurrence(GatedLinearAttention(F, H, 2, heads=1))), path_batch),
    "gcrn": lambda: (build(symbol_graph(GCRN(F, H, K=2)), features=2 * H), path_batch),
    "lstm, read again": lambda: (build(EdgeEncoder(LSTM(F, H))), path_batch),
    "path convolutions": lambda: (build(ConvStack(GraphConv, F, H, num_layers=3), reach=3), path_batch),
    "dilated convolutions": lambda: (build(ConvStack(GraphConv, F, H, num_layers=2), reach=8), dilated),
    "transformer": lambda: (build(EdgeEncoder(transformer("ancestors"))), path_batch),
    "transformer along dilated paths": lambda: (build(EdgeEncoder(transformer("edges"))), dilated),
    "gcn": lambda: (build(EdgeEncoder(GCN(F, H, num_layers=2)), reach=3), path_batch),
    "gcn of pyg": lambda: (build(StackedGCN(), reach=4), path_batch),
}
CARRYING = ["rnn", "gru", "lstm", "min-gru", "linear attention", "gcrn"]
READING = [name for name in MODELS if name not in CARRYING]


def texts(*lengths):
    return [torch.randint(S, (length,)) for length in lengths]


class OneSymbol(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(F, H)

    def forward(self, x, batch):
        return self.linear(x)
