"""Trainable layers: tensors in, tensors out, with PyG's conventions."""

from gnnseq.layers.attention.graph_transformer import GraphTransformer
from gnnseq.layers.attention.positions import LearnedPositions, SinusoidalPositions
from gnnseq.layers.gcn import GCN
from gnnseq.layers.GCRN import GCRN, GCRNCell
from gnnseq.layers.init import chrono_, identity_, orthogonal_
from gnnseq.layers.linear.attention import GatedLinearAttention
from gnnseq.layers.linear.delta_net import DeltaNet
from gnnseq.layers.linear.min_rnns import MinGRU, MinLSTM
from gnnseq.layers.readout import MaxReadout, MeanReadout, MinReadout, RootReadout, SumReadout
from gnnseq.layers.recurrent import DAGNN, GRU, LSTM, RNN
from gnnseq.layers.relations import RelationTreeLSTM
from gnnseq.layers.signals.cheb_filter import ChebFilter
from gnnseq.layers.signals.conv_lstm import ConvLSTM
from gnnseq.layers.signals.graph_cnn_lstm import FlatGraphCNNLSTM, GraphCNNLSTM
from gnnseq.layers.signals.graph_rnn import GraphGRU, GraphRNN
from gnnseq.layers.signals.stack import BidirectionalSignals, SignalStack
from gnnseq.layers.tree_lstm import ChildSumTreeLSTM, NaryTreeLSTM

__all__ = [
    "DAGNN",
    "GCN",
    "GCRN",
    "GRU",
    "LSTM",
    "RNN",
    "BidirectionalSignals",
    "ChebFilter",
    "ChildSumTreeLSTM",
    "ConvLSTM",
    "DeltaNet",
    "FlatGraphCNNLSTM",
    "GCRNCell",
    "GatedLinearAttention",
    "GraphCNNLSTM",
    "GraphGRU",
    "GraphRNN",
    "GraphTransformer",
    "LearnedPositions",
    "MaxReadout",
    "MeanReadout",
    "MinGRU",
    "MinLSTM",
    "MinReadout",
    "NaryTreeLSTM",
    "RelationTreeLSTM",
    "RootReadout",
    "SignalStack",
    "SinusoidalPositions",
    "SumReadout",
    "chrono_",
    "identity_",
    "orthogonal_",
]
