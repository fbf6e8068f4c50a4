"""Trainable layers: tensors in, tensors out, with PyG's conventions."""

from gnnseq.layers.gcn import GCN
from gnnseq.layers.GCRN import GCRN, GCRNCell
from gnnseq.layers.graph_rnn import GraphGRU, GraphRNN
from gnnseq.layers.init import chrono_, identity_, orthogonal_
from gnnseq.layers.readout import MaxReadout, MeanReadout, MinReadout, RootReadout, SumReadout
from gnnseq.layers.recurrent import GRU, LSTM, RNN
from gnnseq.layers.tree_lstm import ChildSumTreeLSTM, NaryTreeLSTM

__all__ = [
    "GCN",
    "GCRN",
    "GRU",
    "LSTM",
    "RNN",
    "ChildSumTreeLSTM",
    "GCRNCell",
    "GraphGRU",
    "GraphRNN",
    "MaxReadout",
    "MeanReadout",
    "MinReadout",
    "NaryTreeLSTM",
    "RootReadout",
    "SumReadout",
    "chrono_",
    "identity_",
    "orthogonal_",
]
