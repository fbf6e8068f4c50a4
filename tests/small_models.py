"""A small model of every family, with its batches: the k-th depends on k alone."""

from functools import partial

import torch
from torch import nn
from torch_geometric.nn import GraphConv

from gnnseq.data import PalindromeDataset
from gnnseq.graphs import to_balanced_trees, to_dilated_paths, to_paths, to_symbol_signals
from gnnseq.layers import GCN, GCRN, GRU, LSTM, RNN, ChildSumTreeLSTM, MeanReadout, NaryTreeLSTM, SumReadout
from gnnseq.models import (
    BagEncoder,
    ConvStack,
    EdgeEncoder,
    SequenceClassifier,
    SignalEncoder,
    SlotEncoder,
    SymbolEmbedding,
)

DIGITS, WIDTH, LENGTH = 4, 6, 7
both_ways = partial(to_paths, direction="both")
FAMILIES = {
    "rnn": (lambda: EdgeEncoder(RNN(5, WIDTH)), to_paths, None),
    "gru": (lambda: EdgeEncoder(GRU(5, WIDTH)), to_paths, None),
    "lstm": (lambda: EdgeEncoder(LSTM(5, WIDTH)), to_paths, None),
    "tree-lstm": (lambda: EdgeEncoder(ChildSumTreeLSTM(5, WIDTH)), to_paths, None),
    "nary": (lambda: SlotEncoder(NaryTreeLSTM(5, WIDTH, arity=2)), partial(to_balanced_trees, empty=DIGITS), None),
    "gcn": (lambda: EdgeEncoder(GCN(5, WIDTH, num_layers=3)), both_ways, None),
    "dilated": (lambda: ConvStack(GraphConv, 5, WIDTH, num_layers=3), to_dilated_paths, None),
    "gcrn": (lambda: SignalEncoder(GCRN(5, WIDTH, K=2)), partial(to_symbol_signals, num_symbols=DIGITS), MeanReadout),
    "bag": (lambda: BagEncoder(5, WIDTH), to_paths, SumReadout),
}


class Dropped(nn.Module):
    """Logits with dropout, so that training draws random numbers."""

    def __init__(self, model):
        super().__init__()
        self.model, self.dropout = model, nn.Dropout(0.2)

    def forward(self, batch):
        return self.dropout(self.model(batch))


def make_model(family, seed=0):
    """A model with dropout, the same for the same seed."""
    torch.manual_seed(seed)
    encoder, _, readout = FAMILIES[family]
    head = nn.Linear(WIDTH, DIGITS)
    return Dropped(SequenceClassifier(SymbolEmbedding(DIGITS, 5), encoder(), readout and readout(), head))


def make_batches(family, count, first=0, size=4):
    """Batches from the first one on, up to number count."""
    dataset = PalindromeDataset(LENGTH, base=DIGITS, seed=1)
    for number in range(first, count):
        yield FAMILIES[family][1](dataset[number * size : (number + 1) * size])
