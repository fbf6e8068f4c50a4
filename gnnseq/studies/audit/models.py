"""The published models of the audit, in the sizes of their papers."""

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, elu, normalize
from torch_geometric.data import Data

from gnnseq.models.forecasters import Forecaster, windows_of
from gnnseq.ops import SparseOperator


class Flat(nn.Module):
    """A forecaster whose forecasts ``[B, N, K]`` become ``[B, N * K]``, as a `ForecastTask` takes them.

    Args:
        model: a `gnnseq.models.Forecaster`.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Data) -> Tensor:
        """Forecasts of a batch."""
        found: Tensor = self.model(batch)
        return found.flatten(1)


class PlainForecaster(Forecaster):
    r"""A recurrent layer and a linear head on its last state, as in the published recurrent models.

    .. math:: \hat x_k = w_k^\top h_L + b_k

    Args:
        layer: a `gnnseq.layers.GCRN` or another layer with its call.
        graph: as for `Forecaster`.
        leads: number of leads K.

    Shapes:
        As those of `Forecaster`.
    """

    def __init__(self, layer: nn.Module, graph: SparseOperator | None, leads: int) -> None:
        super().__init__(leads, graph)
        self.layer = layer
        self.head = nn.Linear(int(layer.out_channels), leads)  # type: ignore[arg-type]

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        x = windows_of(batch)
        out, _ = self.layer(x, self.edges(x))
        found: Tensor = self.head(out[..., -1, :])
        return found


class LaggedForecaster(Forecaster):
    r"""The examples of PyTorch Geometric Temporal: the window is a node's features at one step.

    .. math:: \hat x_{t+1} = w^\top \mathrm{ReLU}(h_t) + b

    Args:
        layer: reads L features of a node.
        graph: as for `Forecaster`.
        carried: whether the state is carried from window to window; then a batch holds windows in the order of time.

    Shapes:
        - **batch.x:** ``[M, N, L, 1]``
        - **output:** ``[M, N, 1]``
    """

    def __init__(self, layer: nn.Module, graph: SparseOperator | None, carried: bool) -> None:
        super().__init__(1, graph)
        self.layer, self.carried = layer, carried
        self.head = nn.Linear(int(layer.out_channels), 1)  # type: ignore[arg-type]

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        x = windows_of(batch).squeeze(-1)  # [M, N, L]
        series = x.transpose(0, 1) if self.carried else x.unsqueeze(2)
        out, _ = self.layer(series, self.edges(x))
        states = out.transpose(0, 1) if self.carried else out[:, :, 0]
        found: Tensor = self.head(states.relu())
        return found


class ColaGNN(nn.Module):
    r"""Cola-GNN (Deng et al. 2020, https://doi.org/10.1145/3340531.3411975): attention between places, and geography.

    .. math::
        a_{ij} &= v^\top \mathrm{ELU}(W_s h_i + W_t h_j + b_s) + b_v, \qquad M = \sigma(\bar A W_m + b_m) \\
        \hat A &= M \odot A_g + (1 - M) \odot \bar A, \qquad s^{(l)} = \mathrm{ReLU}(\hat A s^{(l-1)} W_l + b_l) \\
        \hat x_i &= w^\top [s_i^{(2)}, h_i] + b

    with h the last state of an RNN on each place, :math:`\bar A` the attention with columns of norm 1, :math:`A_g` the
    normalised graph, and :math:`s^{(0)}` two convolutions of the window, over all of its steps and over every
    other step. Sizes are those of the authors' code. There is one output for each lead.

    Args:
        graph: normalised adjacency ``[N, N]``.
        window: steps L.
        leads: number of leads K.
        width: features of a state.

    Shapes:
        As those of `Forecaster`.
    """

    graph: Tensor

    def __init__(self, graph: Tensor, window: int, leads: int, width: int = 20) -> None:
        super().__init__()
        filters, spatial, half = 10, 10, width // 2
        self.register_buffer("graph", graph)
        self.rnn = nn.RNN(1, width, batch_first=True)
        self.source, self.target = nn.Linear(width, half), nn.Linear(width, half, bias=False)
        self.score, self.gate = nn.Linear(half, 1), nn.Linear(len(graph), len(graph))
        self.whole = nn.Conv1d(1, filters, window)
        self.every_other = nn.Conv1d(1, filters, window // 2, dilation=2)
        features = filters * (1 + window - 2 * (window // 2 - 1))
        self.first, self.second = nn.Linear(features, width), nn.Linear(width, spatial)
        self.head = nn.Linear(spatial + width, leads)
        for weight in self.parameters():
            if weight.dim() > 1:
                nn.init.xavier_uniform_(weight)

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        x = windows_of(batch)[..., 0]
        B, N, L = x.shape
        series = x.reshape(B * N, L)
        h = self.rnn(series.unsqueeze(-1))[0][:, -1].view(B, N, -1)
        pairs = elu(self.source(h).unsqueeze(2) + self.target(h).unsqueeze(1))  # [B, N, N, H / 2]
        attention = normalize(self.score(pairs).squeeze(-1), dim=1)
        gate = self.gate(attention).sigmoid()
        mixed = gate * self.graph + (1 - gate) * attention
        row = series.unsqueeze(1)
        s = torch.cat([self.whole(row), self.every_other(row)], dim=-1).flatten(1).relu().view(B, N, -1)
        s = dropout((mixed @ self.first(s)).relu(), 0.2, self.training)
        s = (mixed @ self.second(s)).relu()
        found: Tensor = self.head(torch.cat([s, h], dim=-1))
        return found


class TGCN(nn.Module):
    r"""T-GCN (Zhao et al. 2020, https://arxiv.org/abs/1811.05320): a GRU whose products are a graph convolution.

    .. math::
        r, u &= \sigma(\hat A [x_t, h_{t-1}] W + b), \qquad c = \tanh(\hat A [x_t, r \odot h_{t-1}] W_c + b_c) \\
        h_t &= u \odot h_{t-1} + (1 - u) \odot c, \qquad \hat x_k = w_k^\top h_L + b_k

    Args:
        graph: :math:`\hat A`, such as `gnnseq.ops.gcn_operator` gives.
        leads: number of leads K.
        width: features of a state.

    Shapes:
        As those of `Forecaster`.
    """

    def __init__(self, graph: SparseOperator, leads: int, width: int = 64) -> None:
        super().__init__()
        self.graph = graph.saved()
        self.width = width
        self.gates, self.candidate = nn.Linear(1 + width, 2 * width), nn.Linear(1 + width, width)
        self.head = nn.Linear(width, leads)
        for layer in (self.gates, self.candidate):
            nn.init.xavier_uniform_(layer.weight)
        nn.init.ones_(self.gates.bias)
        nn.init.zeros_(self.candidate.bias)

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        x = windows_of(batch)[..., 0].permute(2, 1, 0).unsqueeze(-1)  # [L, N, B, 1]
        h = x.new_zeros(*x.shape[1:3], self.width)
        for value in x:
            r, u = self.gates(self._spread(value, h)).sigmoid().chunk(2, dim=-1)
            c = self.candidate(self._spread(value, r * h)).tanh()
            h = u * h + (1 - u) * c
        found: Tensor = self.head(h).transpose(0, 1)
        return found

    def _spread(self, value: Tensor, h: Tensor) -> Tensor:
        both = torch.cat([value, h], dim=-1)  # [N, B, 1 + H]
        spread: Tensor = self.graph(both.flatten(1))
        return spread.view(both.shape)


class GraphPolynomial(nn.Module):
    r"""The rule of GP-VAR with learned weights.

    .. math:: \hat x_{t+1} = \tanh \sum_{l, p} \theta_{lp} A^l x_{t-P+p}

    Args:
        graph: A, with self-loops, not normalised.
        hops: largest l.
        lags: steps P that are read, the first of them the earliest.

    Shapes:
        As those of `Forecaster`, K = 1.
    """

    def __init__(self, graph: SparseOperator, hops: int, lags: int) -> None:
        super().__init__()
        self.graph = graph.saved()
        self.weight = nn.Parameter(0.1 * torch.randn(hops + 1, lags))  # [l, p]

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        x = windows_of(batch)[..., -self.weight.size(1) :, 0].transpose(0, 1)  # [N, B, P]
        total = x @ self.weight[0]
        for weight in self.weight[1:]:
            x = self.graph(x.flatten(1)).view(x.shape)
            total = total + x @ weight
        return total.tanh().t().unsqueeze(-1)
