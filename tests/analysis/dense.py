"""The plain way to a Jacobian, and models and batches to try it on."""

import torch
from torch import nn
from torch.autograd.functional import jacobian
from torch_geometric.data import Batch, Data
from torch_geometric.nn import global_mean_pool


def path(n, both=True):
    """Edges of a path, in both directions or forward."""
    nodes = torch.arange(n - 1)
    edges = torch.stack([nodes, nodes + 1])
    return torch.cat([edges, edges.flip(0)], dim=1) if both else edges


def paths(sizes, channels=3, both=True, dtype=torch.float64, **attributes):
    """A batch of paths with random features."""
    graphs = [Data(x=torch.randn(n, channels, dtype=dtype), edge_index=path(n, both)) for n in sizes]
    batch = Batch.from_data_list(graphs)
    for name, value in attributes.items():
        batch[name] = value
    return batch


def dense(model, data):
    """Blocks [O, U, C, F] of the Jacobian, row by row by torch's own function, and model called on data."""

    def function(x):
        other = data.clone()
        other.x = x
        return model(other)

    found = jacobian(function, data.x)
    nodes = data.num_nodes
    rows = found.numel() // data.x.numel() // found.shape[-data.x.dim() - 1]
    return found.reshape(rows, -1, nodes, data.x.numel() // nodes).transpose(1, 2)


class Stack(nn.Module):
    """PyG convolutions with a ReLU between them, called as PyG calls models."""

    def __init__(self, conv, num_layers=3, channels=3, width=4):
        super().__init__()
        widths = [channels] + [width] * num_layers
        self.convs = nn.ModuleList(conv(widths[i], widths[i + 1]) for i in range(num_layers))

    def forward(self, x, edge_index):
        for number, conv in enumerate(self.convs):
            x = conv(x if number == 0 else x.relu(), edge_index)
        return x


class Pooled(nn.Module):
    """One row for each graph."""

    def __init__(self, stack):
        super().__init__()
        self.stack = stack

    def forward(self, x, edge_index, batch):
        return global_mean_pool(self.stack(x, edge_index), batch)


class Recurrence(nn.Module):
    """A user's own module around torch.nn.LSTM, GRU or RNN, for graphs of one size."""

    def __init__(self, kind, channels=3, width=4, last=False):
        super().__init__()
        self.rnn = kind(channels, width, batch_first=True)
        self.last = last

    def forward(self, data):
        out = self.rnn(data.x.view(data.num_graphs, -1, data.x.size(-1)))[0]
        return out[:, -1] if self.last else out


def called(model):
    """A model as a function of data."""
    if isinstance(model, Recurrence):
        return model
    if isinstance(model, Pooled):
        return lambda data: model(data.x, data.edge_index, data.batch)
    return lambda data: model(data.x, data.edge_index)
