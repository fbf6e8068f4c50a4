"""A recurrence in time whose products are graph filters; the base of the GCRN and its GRU and RNN forms."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.layers.signal_layout import SignalLayout, States
from gnnseq.ops.edges import plain_edges
from gnnseq.ops.sparse import SparseOperator
from gnnseq.ops.spectral import chebyshev_terms, scaled_laplacian


class GraphRecurrent(nn.Module):
    r"""Chebyshev filters of order K in place of the products of a recurrent cell.

    Every gate reads :math:`\sum_k T_k(\tilde L) x_t W_k + \sum_k T_k(\tilde L) h_{t-1} U_k + b`. A subclass gives the
    number of gates and what they do.

    Args:
        in_channels: features of a node at one step, F.
        out_channels: features of a state, H.
        K: number of Chebyshev terms; a filter reaches K - 1 hops.
        normalization: of the Laplacian: "sym", "rw" or None.
        bias: whether gates have a bias.
    """

    gates: int
    num_states: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        K: int,
        normalization: str | None = "sym",
        bias: bool = True,
    ) -> None:
        super().__init__()
        for name, value in {
            "in_channels": in_channels,
            "out_channels": out_channels,
            "K": K,
        }.items():
            if value < 1:
                raise ValueError(f"{name} is {value}, expected at least 1")
        if normalization not in ("sym", "rw", None):
            raise ValueError(f'normalization is {normalization!r}, expected "sym", "rw" or None')
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.K = K
        self.normalization = normalization
        self.weight_x = nn.Parameter(torch.empty(K, in_channels, self.gates * out_channels))
        self.weight_h = nn.Parameter(torch.empty(K, out_channels, self.gates * out_channels))
        self.bias = nn.Parameter(torch.empty(self.gates * out_channels)) if bias else None

    def reset_parameters(self) -> None:
        r"""Draws every weight from :math:`U(-b, b)` with :math:`b = 1/\sqrt{K H}`, torch's rule for the KH inputs."""
        bound = (self.K * self.out_channels) ** -0.5
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return f"{self.in_channels}, {self.out_channels}, K={self.K}, normalization={self.normalization}"

    def operator(
        self,
        edge_index: Any,
        num_nodes: int,
        edge_weight: Tensor | None = None,
        batch: Tensor | None = None,
        lambda_max: Tensor | float | None = None,
    ) -> SparseOperator:
        """The scaled Laplacian of a graph, to be passed as ``edge_index`` wherever the graph stays the same."""
        if isinstance(edge_index, SparseOperator):
            return edge_index
        edges, weight = plain_edges(edge_index, edge_weight)
        dtype = self.weight_x.dtype if self.weight_x.dtype == torch.float64 else torch.float32
        weight = (
            torch.ones(edges.size(1), dtype=dtype, device=edges.device)
            if weight is None
            else weight.to(dtype)
        )
        return scaled_laplacian(edges, num_nodes, weight, self.normalization, lambda_max, batch)

    def project(self, operator: SparseOperator, x: Tensor) -> Tensor:
        """The input's share of all gates, for signals ``[N, S, ..., F]`` of any number of steps."""
        terms = chebyshev_terms(operator, x, self.K)
        weight = self.weight_x.view(-1, self.weight_x.size(-1))
        joined = terms[0] if self.K == 1 else torch.cat(terms, dim=-1)
        return nn.functional.linear(joined, weight.t(), self.bias)

    def step(self, x: Tensor, operator: SparseOperator, states: States) -> States:
        """States after one step from projected inputs ``[N, S, gates * H]``; a subclass's equations."""
        raise NotImplementedError

    def filter_hidden(self, operator: SparseOperator, h: Tensor) -> Tensor:
        """The state's share of all gates ``[N, S, gates * H]``."""
        terms = chebyshev_terms(operator, h, self.K)
        joined = terms[0] if self.K == 1 else torch.cat(terms, dim=-1)
        return joined @ self.weight_h.view(-1, self.weight_h.size(-1))

    def zeros(self, x: Tensor) -> States:
        """The initial states for signals ``[N, S, ...]``."""
        return (x.new_zeros(x.size(0), x.size(1), self.out_channels),) * self.num_states

    def run(
        self,
        x: Tensor,
        operators: SparseOperator | Sequence[SparseOperator],
        states: States | None,
        active: Tensor | None = None,
    ) -> tuple[Tensor, States]:
        """Runs over signals ``[N, S, T, F]``; one Python step per time step, inputs filtered before the loop.

        Args:
            x: S signals on every node over T steps.
            operators: one operator, or one per step.
            states: initial states ``[N, S, H]``.
            active: ``[N, S, T]``, False where a sequence has ended: its state stops and its output is zero.
        """
        states = self.zeros(x) if states is None else states
        if isinstance(operators, SparseOperator):
            inputs: Sequence[Tensor] = self.project(operators, x).unbind(2)
            operators = [operators] * len(inputs)
        else:
            inputs = [self.project(op, x_t) for op, x_t in zip(operators, x.unbind(2), strict=True)]
        steps = None if active is None else active.unsqueeze(-1).unbind(2)
        outs = []
        for t, (x_t, operator) in enumerate(zip(inputs, operators, strict=True)):
            new = self.step(x_t, operator, states)
            if steps is not None:
                new = tuple(
                    torch.where(steps[t], n, old) for n, old in zip(new, states, strict=True)
                )
            states = new
            outs.append(states[0] if steps is None else states[0] * steps[t])
        return torch.stack(outs, dim=2), states

    def forward_signals(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Any = None,
        states: States | None = None,
        batch: Tensor | None = None,
        lambda_max: Any = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, States]:
        """What every subclass's ``forward`` does: any layout of signals in, the same layout out."""
        layout = SignalLayout(x, self.in_channels)
        if mask is not None:
            x = layout.masked(x, mask)
        signals = layout.to_nodes(x)
        if isinstance(edge_index, list | tuple):
            weights = edge_weight if edge_weight is not None else [None] * len(edge_index)
            if len(edge_index) != layout.steps or len(weights) != layout.steps:
                raise ValueError(
                    f"edge_index and edge_weight list {len(edge_index)} and {len(weights)} graphs, "
                    f"expected one for each of {layout.steps} steps"
                )
            operators: Any = [
                self.operator(e, layout.nodes, w, batch, lambda_max)
                for e, w in zip(edge_index, weights, strict=True)
            ]
        else:
            operators = self.operator(edge_index, layout.nodes, edge_weight, batch, lambda_max)
        active = None if lengths is None else layout.active(lengths, batch)
        initial = (
            None
            if states is None
            else layout.states_to_nodes(states, self.num_states, self.out_channels)
        )
        out, final = self.run(signals, operators, initial, active)
        return layout.from_nodes(out), tuple(layout.state_from_nodes(state) for state in final)
