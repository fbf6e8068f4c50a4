"""Model 1 of Seo et al. 2016: a graph CNN, then a peephole LSTM."""

from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.layers.checks import check_sizes
from gnnseq.layers.GCRN import GCRN
from gnnseq.layers.signals.cheb_filter import ChebFilter
from gnnseq.layers.signals.layout import SignalLayout, States, within
from gnnseq.layers.signals.spectral_module import whole_if_ready
from gnnseq.ops.operators.sparse import SparseOperator
from gnnseq.ops.transforms import autocast_dtype, is_recorded, require

_NO_GRAPH = SparseOperator(torch.empty(2, 0, dtype=torch.long), torch.empty(0), 0)


class GraphCNNLSTM(nn.Module):
    r"""A graph CNN on every step, then a peephole LSTM over time with one state per node.

    Model 1 of Seo, Defferrard, Vandergheynst and Bresson 2016 (https://arxiv.org/abs/1612.07659):

    .. math::
        z_t &= \mathrm{ReLU}(W *_G x_t + b) \\
        i, f &= \sigma(W_{i,f} z_t + U_{i,f} h_{t-1} + w_{i,f} \odot c_{t-1} + b_{i,f}) \\
        c_t &= f \odot c_{t-1} + i \odot \tanh(W_c z_t + U_c h_{t-1} + b_c) \\
        o &= \sigma(W_o z_t + U_o h_{t-1} + w_o \odot c_t + b_o), \qquad h_t = o \odot \tanh(c_t)

    The graph acts on inputs only, so every output reaches K - 1 hops, however long the sequence; states of different
    nodes never meet. `FlatGraphCNNLSTM` joins them. The paper leaves the CNN's activation open; here it is a ReLU.

    With d inputs, m CNN channels and n outputs it has :math:`Kdm + m` weights in the filter and
    :math:`4n(m + n) + 7n` in the LSTM. With an identity filter it is a peephole LSTM with nodes as the batch.

    Args:
        in_channels: features of a node at one step, F.
        cnn_channels: features of the graph CNN's output, C.
        out_channels: features of a state, H.
        K: number of Chebyshev terms, at least 1.
        normalization: of the Laplacian: "sym", "rw" or None.
        peephole: whether gates see the cell state.

    Shapes:
        As those of the `GCRN`.
    """

    def __init__(
        self,
        in_channels: int,
        cnn_channels: int,
        out_channels: int,
        K: int,
        normalization: str | None = "sym",
        peephole: bool = True,
    ) -> None:
        super().__init__()
        check_sizes(in_channels=in_channels, cnn_channels=cnn_channels, out_channels=out_channels)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.cnn = ChebFilter(in_channels, cnn_channels, K, normalization)
        self.lstm = GCRN(self._lstm_channels(cnn_channels), out_channels, 1, peephole=peephole)

    def _lstm_channels(self, cnn_channels: int) -> int:
        return cnn_channels

    def reset_parameters(self) -> None:
        """Redraws all weights."""
        self.cnn.reset_parameters()
        self.lstm.reset_parameters()

    @whole_if_ready
    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Any = None,
        state: tuple[Tensor, Tensor] | None = None,
        batch: Tensor | None = None,
        lambda_max: Tensor | float | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Runs over all steps; see the class for shapes."""
        layout = SignalLayout(x, self.in_channels, self.cnn.weight)
        inside = SignalLayout(x, self.in_channels, self.cnn.weight, self._states(layout.nodes))
        initial: States | None = None if state is None else inside.states_to_nodes(state, 2, self.out_channels)
        self._check_batch(batch)
        active = None if lengths is None else layout.active(lengths, batch)
        operators = self.cnn.operators(layout, edge_index, edge_weight, batch, lambda_max)
        signals = within(layout.to_nodes(x if mask is None else layout.masked(x, mask)), active)
        features = self._features(self.cnn.run(signals, operators).relu())
        out, (h, c) = self.lstm.run(features, _NO_GRAPH, initial, None if active is None else self._active(active))
        dtype = autocast_dtype(x)
        return inside.from_nodes(out.to(dtype)), (
            inside.state_from_nodes(h.to(dtype)),
            inside.state_from_nodes(c.to(dtype)),
        )

    def _states(self, num_nodes: int) -> int:
        """For how many rows the LSTM keeps states."""
        return num_nodes

    def _check_batch(self, batch: Tensor | None) -> None:
        """Raises if the nodes of the layer do not match the graphs of ``batch``."""

    def _features(self, filtered: Tensor) -> Tensor:
        """Filtered signals ``[N, S, T, C]`` to the LSTM's inputs."""
        return filtered

    def _active(self, active: Tensor) -> Tensor:
        return active


class FlatGraphCNNLSTM(GraphCNNLSTM):
    r"""A graph CNN on every step, then a peephole LSTM whose input is a whole graph as one vector.

    The form of model 1 in which the CNN's output, ``num_nodes * cnn_channels`` numbers, is flattened before the LSTM;
    equations as in `GraphCNNLSTM`. All graphs need the same number of nodes, and the order of the nodes matters: it is
    the price of one state for the whole graph.

    With S nodes the LSTM has :math:`4n(Sm + n) + 7n` weights.

    Args:
        in_channels: features of a node at one step, F.
        cnn_channels: features of the graph CNN's output for each node, C.
        out_channels: features of a state, H.
        K: number of Chebyshev terms, at least 1.
        num_nodes: number of nodes of every graph.
        normalization: of the Laplacian: "sym", "rw" or None.

    Shapes:
        - **x** and the rest as for the `GCRN`, N being G times ``num_nodes``
        - **state:** ``(h, c)``, each ``[G, H]`` (``[B, G, H]``)
        - **output:** ``[G, T, H]`` (``[G, H]``, ``[B, G, T, H]``), and the final ``(h, c)``
    """

    def __init__(
        self,
        in_channels: int,
        cnn_channels: int,
        out_channels: int,
        K: int,
        num_nodes: int,
        normalization: str | None = "sym",
    ) -> None:
        check_sizes(num_nodes=num_nodes)
        self.num_nodes = num_nodes
        super().__init__(in_channels, cnn_channels, out_channels, K, normalization)

    def _lstm_channels(self, cnn_channels: int) -> int:
        return self.num_nodes * cnn_channels

    def extra_repr(self) -> str:
        """The size of a graph."""
        return f"num_nodes={self.num_nodes}"

    def _states(self, num_nodes: int) -> int:
        if is_recorded():
            return num_nodes // self.num_nodes
        if num_nodes % self.num_nodes:
            raise ValueError(f"x has {num_nodes} nodes, expected a multiple of num_nodes={self.num_nodes}")
        return num_nodes // self.num_nodes

    def _check_batch(self, batch: Tensor | None) -> None:
        if batch is None or is_recorded():
            return
        graph = torch.arange(len(batch), device=batch.device) // self.num_nodes
        if torch.compiler.is_compiling():
            require((batch == graph).all(), f"batch is given, expected graphs of num_nodes={self.num_nodes} nodes each")
        elif not torch.equal(batch, graph.to(batch.dtype)):
            raise ValueError(f"batch is {batch.tolist()}, expected graphs of num_nodes={self.num_nodes} nodes each")

    def _features(self, filtered: Tensor) -> Tensor:
        return torch.cat(filtered.unflatten(0, (-1, self.num_nodes)).unbind(1), dim=-1)  # [G, S, T, num_nodes * C]

    def _active(self, active: Tensor) -> Tensor:
        return active[:: self.num_nodes]  # one row stays one row
