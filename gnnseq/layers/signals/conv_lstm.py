"""The GCRN's recurrence around any graph convolution."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.layers.checks import check_sizes
from gnnseq.layers.signals.layout import SignalLayout, within
from gnnseq.layers.signals.spectral_module import ready, whole_if_ready
from gnnseq.ops.edges import check_edges, plain_edges
from gnnseq.ops.graph_lstm import peephole_lstm
from gnnseq.ops.operators.sparse import SparseOperator
from gnnseq.ops.scan import States, scan_steps
from gnnseq.ops.transforms import autocast_dtype


class ConvLSTM(nn.Module):
    r"""A peephole LSTM over time whose products are graph convolutions of any kind.

    .. math::
        i, f, g, o = \mathrm{conv}_x(x_t) + \mathrm{conv}_h(h_{t-1}), \quad \text{then as in the GCRN}

    Each of the two convolutions gives all four gates, in the order i, f, g, o. With
    ``conv=lambda i, o: ChebConv(i, o, K)`` it is the `GCRN`, which is the fast special case: it normalises the graph
    once and filters all inputs before the loop, where a `ConvLSTM` calls both convolutions at every step.

    Args:
        in_channels: features of a node at one step, F.
        out_channels: features of a state, H.
        conv: makes a convolution from its input and output width, such as the class of a PyG convolution. Biases are
            the convolutions' own.
        peephole: whether gates see the cell state.

    Shapes:
        - **x:** ``[N, T, F]``, ``[N, F]`` for one step, or ``[B, N, T, F]`` where the convolution takes ``[B, N, F]``
        - **edge_index:** whatever the convolution takes (edges, a sparse matrix, or a `SparseOperator`), or a list of T
          of them
        - **edge_weight:** ``[E]``, or a list of T; handed to the convolution only where it is given
        - **state**, **batch**, **lengths**, **mask**, **output:** as for the `GCRN`; ``batch`` assigns lengths to nodes
        - further keyword arguments go to both convolutions at every step
    """

    def __init__(
        self, in_channels: int, out_channels: int, conv: Callable[[int, int], nn.Module], peephole: bool = True
    ) -> None:
        super().__init__()
        check_sizes(in_channels=in_channels, out_channels=out_channels)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.conv_x = conv(in_channels, 4 * out_channels)
        self.conv_h = conv(out_channels, 4 * out_channels)
        self.peephole = nn.Parameter(torch.empty(3, out_channels)) if peephole else None
        self._reset_peephole()

    def reset_parameters(self) -> None:
        """Resets both convolutions in their own way, and draws the peepholes as `GCRN` does."""
        for conv in (self.conv_x, self.conv_h):
            conv.reset_parameters()  # type: ignore[operator]
        self._reset_peephole()

    def _reset_peephole(self) -> None:
        if self.peephole is not None:
            bound = self.out_channels**-0.5
            nn.init.uniform_(self.peephole, -bound, bound)

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return f"{self.in_channels}, {self.out_channels}, peephole={self.peephole is not None}"

    @whole_if_ready
    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Any = None,
        state: tuple[Tensor, Tensor] | None = None,
        batch: Tensor | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
        **arguments: Any,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Runs over all steps; see the class for shapes."""
        layout = SignalLayout(x, self.in_channels, next(self.parameters(), self.peephole))
        graphs = layout.graphs(edge_index, edge_weight)
        for edges, weight in graphs if isinstance(edge_index, list | tuple) else graphs[:1]:
            self._check_graph(edges, weight, layout.nodes)
        active = None if lengths is None else layout.active(lengths, batch)
        x = x if mask is None else layout.masked(x, mask)
        x = x if active is None else layout.from_nodes(within(layout.to_nodes(x), active))
        steps = [x] if x.dim() == 2 else list(x.unbind(-2))

        def step(now: tuple[Tensor, tuple[Any, Any]], states: States) -> States:
            (x_t, (edges, weight)), (h, c) = now, states
            given = arguments if weight is None else {**arguments, "edge_weight": weight}
            gates = self.conv_x(x_t, edges, **given) + self.conv_h(h, edges, **given)
            return peephole_lstm(gates, c, self.peephole)

        running = None if active is None else [layout.state_from_nodes(a) for a in active.unsqueeze(-1).unbind(2)]
        initial = self._initial(steps[0], layout, state)
        outs, (h, c) = scan_steps(step, zip(steps, graphs, strict=True), initial, running)
        dtype = autocast_dtype(x)
        out = outs[0] if x.dim() == 2 else torch.stack(outs, dim=-2)
        return out.to(dtype), (h.to(dtype, copy=True), c.to(dtype, copy=True))

    def _check_graph(self, edges: Any, weight: Any, num_nodes: int) -> None:
        if isinstance(edges, SparseOperator):
            ready(edges, num_nodes, edge_weight=weight)
        else:
            check_edges(plain_edges(edges, weight)[0], num_nodes)

    def _initial(self, x: Tensor, layout: SignalLayout, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
        if state is None:
            zeros = x.new_zeros(*x.shape[:-1], self.out_channels)
            return zeros, zeros
        layout.states_to_nodes(state, 2, self.out_channels)  # a check of shapes
        return state
