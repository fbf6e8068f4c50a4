"""What recurrences that are linear in their states share: the projection, and the solution by parallel scans."""

from abc import abstractmethod
from typing import Any

from torch import Tensor, nn

from gnnseq.layers.cells import RecurrentCell
from gnnseq.layers.stacked import StackedRecurrence
from gnnseq.ops.linear.scan import linear_scan
from gnnseq.ops.scan import States
from gnnseq.ops.schedule import Schedule
from gnnseq.ops.transforms import in_float32


class LinearCell(RecurrentCell):
    """A cell whose gates depend on a node's features only, so that its states are a linear recurrence.

    Gates and states are computed in float32 at least: half precision rounds a gate near 1 to 1, and never forgets.

    Args:
        in_channels: features of a node, F.
        out_channels: features of an output, H.
        bias: whether the projection has a bias.
        rows: features of the projection.
        mean: whether a node takes the mean of its children's states, or their sum.
    """

    def __init__(self, in_channels: int, out_channels: int, bias: bool, rows: int, mean: bool) -> None:
        super().__init__(in_channels, out_channels, bias, rows)
        self.mean = mean

    def reset_parameters(self) -> None:
        r"""Draws every weight from :math:`U(-1/\sqrt F, 1/\sqrt F)`, as `torch.nn.Linear`."""
        bound = self.in_channels**-0.5
        for weight in (self.weight_ih, self.bias):
            if weight is not None:
                nn.init.uniform_(weight, -bound, bound)

    def forward(
        self, x: Tensor, schedule: Schedule, initial: States | None = None, fused: bool = False
    ) -> tuple[Tensor, States]:
        """Runs the recurrence."""
        gates = nn.functional.linear(x, self.weight_ih, self.bias)
        out, final = self.outputs(in_float32(gates), schedule, None if initial is None else in_float32(initial[0]))
        return out.to(gates.dtype), (final.to(gates.dtype),)

    @abstractmethod
    def outputs(self, gates: Tensor, schedule: Schedule, initial: Tensor | None) -> tuple[Tensor, Tensor]:
        """Outputs ``[N, H]``, and states of the roots ``[G, *state_shape]``, from the projected inputs."""

    def at_roots(self, schedule: Schedule, states: Tensor) -> Tensor:
        """Of states of all nodes ``[N, *state_shape]`` those of the roots."""
        final: Tensor = schedule.at_roots(states.flatten(1)).unflatten(-1, self.state_shape)
        return final

    def solve(self, schedule: Schedule, keep: Tensor, b: Tensor, initial: Tensor | None) -> Tensor:
        r"""States :math:`h_v = b_v + k_v \odot \frac{1}{m_v} \sum_{u \to v} h_u` of all nodes.

        The gates k are broadcast to b. Nodes without children take the initial state of their graph.
        """
        if initial is not None:
            leaf = schedule.leaves
            first = initial.index_select(0, schedule.graph[leaf])
            b = b.index_add(0, leaf, keep.index_select(0, leaf) * first)
        if self.mean and schedule.paths is None:  # on paths there is one child at most
            count = schedule.in_degree.clamp(min=1).view(-1, *[1] * (keep.dim() - 1))
            keep = keep / count
        return linear_scan(schedule, b, target_gate=keep.expand_as(b))


class LinearRecurrence(StackedRecurrence):
    """Layers and directions of a `LinearCell`."""

    fused = False

    def forward(self, x: Tensor, edge_index: Any, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Runs the recurrence; see the class for shapes."""
        out, (h,) = self._run(x, edge_index, None if state is None else (state,))
        return out, h
