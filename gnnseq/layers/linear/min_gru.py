"""A gated recurrence whose gates do not read the state, along the edges of directed acyclic graphs."""

from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.layers.cells import schedule_of
from gnnseq.layers.checks import check_dtype, check_sizes, check_states
from gnnseq.layers.edge_mask import NoEdgeMask
from gnnseq.ops.linear.scan import linear_scan
from gnnseq.ops.schedule import Schedule, refuse_trace
from gnnseq.ops.transforms import is_recorded, uncompiled


class MinGRU(nn.Module):
    r"""The minimal gated recurrent unit (Feng et al. 2024, https://arxiv.org/abs/2410.01201) along the edges of a DAG.

    .. math::
        z_v &= \sigma(W_z x_v + b_z), \qquad \tilde h_v = W_h x_v + b_h \\
        h_v &= (1 - z_v) \odot \frac{1}{m_v} \sum_{u \to v} h_u + z_v \odot \tilde h_v

    with :math:`m_v` children of node v. It is linear in the states, so `linear_scan` computes it by parallel scans. On
    a path it is the paper's recurrence (without the logarithmic form, in which :math:`\tilde h` is positive). It has
    :math:`2nd + 2n` weights for d inputs and n outputs.

    Args:
        in_channels: features of a node, F.
        out_channels: features of a state, H, in each direction.
        num_layers: layers, each reading the one below.
        bidirectional: whether a second recurrence runs against the edges.
        signed: whether the children's gate is :math:`1 - 2 z_v`, in (-1, 1), in place of :math:`1 - z_v`. Without
            negative gates such a recurrence cannot compute parity (Grazzi et al. 2024, https://arxiv.org/abs/2411.12537).
        mean: whether a node reads the mean of its children's states. Their sum (False: no :math:`1 / m_v`) can grow by
            a factor of up to :math:`m_v` at each node, and overflow on deep graphs.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]`` from the node read to the node that reads, or a `Schedule`
        - **state:** ``[num_layers * directions, G, H]``, read by the nodes without incoming edges as their only child
        - **output:** ``[N, directions * H]``, and the state of every graph's root in the shape of ``state``, as `RNN`

    Raises:
        ValueError: for a cycle, a node out of range, sizes below 1, shapes that do not fit, or features and states of
            another dtype than the weights (under autocast any of float32, float16 and bfloat16 will do).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        signed: bool = False,
        mean: bool = True,
    ) -> None:
        super().__init__()
        check_sizes(in_channels=in_channels, out_channels=out_channels, num_layers=num_layers)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.signed = signed
        self.mean = mean
        self.edge_mask = NoEdgeMask()
        wide = out_channels * self.num_directions
        self.gates = nn.ModuleList(  # rows z, then the candidate
            nn.Linear(in_channels if layer == 0 else wide, 2 * out_channels)
            for layer in range(num_layers)
            for _ in range(self.num_directions)
        )

    @property
    def num_directions(self) -> int:
        """2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    def reset_parameters(self) -> None:
        """Draws all weights anew, as `torch.nn.Linear`."""
        for gate in self.gates:
            gate.reset_parameters()  # type: ignore[operator]

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return (
            f"{self.in_channels}, {self.out_channels}, num_layers={self.num_layers}, "
            f"bidirectional={self.bidirectional}, signed={self.signed}, mean={self.mean}"
        )

    def forward(self, x: Tensor, edge_index: Any, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Runs the recurrence; see the class for shapes."""
        self.edge_mask.refuse(self)
        ready = isinstance(edge_index, Schedule) and edge_index.ready
        if not ready and (is_recorded() or torch.compiler.is_exporting()):
            raise ValueError(refuse_trace("edge_index"))
        out, final = (
            uncompiled(self._run, x, edge_index, state)
            if torch.compiler.is_dynamo_compiling()
            else self._run(x, edge_index, state)
        )
        return out, final

    def _run(self, x: Tensor, edge_index: Any, state: Tensor | None) -> tuple[Tensor, Tensor]:
        weight = self.gates[0].weight
        schedule = schedule_of(edge_index, x, weight)  # type: ignore[arg-type]
        if state is not None:
            shape = [len(self.gates), schedule.num_graphs, self.out_channels]
            check_states((state,), 1, shape, x.device)
            check_dtype(state, weight, "state")  # type: ignore[arg-type]
        finals = []
        for layer in range(self.num_layers):
            outs = []
            for direction in range(self.num_directions):
                number = layer * self.num_directions + direction
                there = schedule if direction == 0 else schedule.reversed()
                h = self._direction(self.gates[number](x), there, None if state is None else state[number])
                outs.append(h)
                finals.append(there.at_roots(h))
            x = outs[0] if len(outs) == 1 else torch.cat(outs, dim=-1)
        return x, torch.stack(finals)

    def _direction(self, gates: Tensor, schedule: Schedule, state: Tensor | None) -> Tensor:
        """States ``[N, H]`` from gates ``[N, 2H]``."""
        z, candidate = gates.chunk(2, dim=-1)
        z = z.sigmoid()
        keep, b = (1 - 2 * z if self.signed else 1 - z), z * candidate
        if state is not None:
            leaf = schedule.leaves
            first = state.to(b.dtype).index_select(0, schedule.graph[leaf])
            b = b.index_add(0, leaf, keep.index_select(0, leaf) * first)
        if self.mean:
            keep = keep / schedule.in_degree.clamp(min=1).unsqueeze(1)
        return linear_scan(schedule, b, target_gate=keep)
