"""The GRU and the vanilla RNN whose products are graph filters."""

from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.layers.signals.graph_recurrent import GraphRecurrent
from gnnseq.layers.signals.layout import States
from gnnseq.layers.signals.spectral_module import whole_if_ready
from gnnseq.ops.operators.sparse import SparseOperator


class GraphRNN(GraphRecurrent):
    r"""The vanilla RNN form of the `GCRN`.

    .. math:: h_t = \tanh(W *_G x_t + U *_G h_{t-1} + b)

    with the filters of the `GCRN`. With K = 1 it is `torch.nn.RNN` with nodes as the batch. It has
    :math:`K(dn + n^2) + n` weights for d inputs and n outputs. The paper writes down the LSTM form only; it names
    this one as possible.

    Args:
        in_channels: features of a node at one step, F.
        out_channels: features of a state, H.
        K: number of Chebyshev terms, at least 1.
        normalization: of the Laplacian: "sym", "rw" or None.
        bias: whether there is a bias.

    Shapes:
        As those of the `GCRN`, but the state is one tensor ``h``.
    """

    gates = 1
    num_states = 1
    torch_type: type[nn.RNNBase] = nn.RNN

    def __init__(
        self, in_channels: int, out_channels: int, K: int, normalization: str | None = "sym", bias: bool = True
    ) -> None:
        super().__init__(in_channels, out_channels, K, normalization, bias)
        self.reset_parameters()

    def step(self, x: Tensor, operator: SparseOperator, states: States) -> States:
        """One step."""
        return ((x + self.filter_hidden(operator, states[0])).tanh(),)

    @whole_if_ready
    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Any = None,
        state: Tensor | None = None,
        batch: Tensor | None = None,
        lambda_max: Tensor | float | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Runs over all steps; see the class for shapes."""
        states = None if state is None else (state,)
        out, (h,) = self.forward_signals(x, edge_index, edge_weight, states, batch, lambda_max, lengths, mask)
        return out, h


class GraphGRU(GraphRNN):
    r"""The GRU form of the `GCRN`.

    .. math::
        r, z &= \sigma(W_{r,z} *_G x_t + U_{r,z} *_G h_{t-1} + b_{r,z}) \\
        n &= \tanh(W_n *_G x_t + b_n + r \odot (U_n *_G h_{t-1} + b_{hn})) \\
        h_t &= (1 - z) \odot n + z \odot h_{t-1}

    with the filters of the `GCRN`. With K = 1 it is `torch.nn.GRU` with nodes as the batch. It has
    :math:`3K(dn + n^2) + 4n` weights for d inputs and n outputs. Other GRU forms filter :math:`r \odot h` instead
    (Cho et al. 2014, and with it DCRNN and PyG Temporal's GConvGRU); this one follows torch.

    Arguments and shapes are those of `GraphRNN`.
    """

    gates = 3
    torch_type = nn.GRU

    def __init__(
        self, in_channels: int, out_channels: int, K: int, normalization: str | None = "sym", bias: bool = True
    ) -> None:
        super().__init__(in_channels, out_channels, K, normalization, bias)
        self.bias_hn = nn.Parameter(torch.empty(out_channels)) if bias else None
        self.reset_parameters()

    def step(self, x: Tensor, operator: SparseOperator, states: States) -> States:
        """One step."""
        (h,) = states
        x_r, x_z, x_n = x.chunk(3, dim=-1)
        h_r, h_z, h_n = self.filter_hidden(operator, h).chunk(3, dim=-1)
        r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
        n = (x_n + r * (h_n if self.bias_hn is None else h_n + self.bias_hn)).tanh()
        return (n + z * (h - n),)
