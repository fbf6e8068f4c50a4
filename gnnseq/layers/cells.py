"""Equations of the RNN, GRU and LSTM, once for torch's fused kernels on paths and once level by level."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.layers.checks import check_dtype, check_nodes
from gnnseq.ops.paths import PathLayout
from gnnseq.ops.scan import Children, States, Step, scan, scan_levels
from gnnseq.ops.schedule import Schedule
from gnnseq.ops.transforms import autocast_dtype, is_mapped, without_autocast


def in_kernel_dtype(states: States | None) -> States | None:
    """Initial states as a recurrence computes the others, so that its results have one dtype."""
    return None if states is None else tuple(state.to(autocast_dtype(state)) for state in states)


def schedule_of(edge_index: Any, x: Tensor, weight: Tensor) -> Schedule:
    """The order of the nodes, for features ``[N, F]`` that fit the weights ``[gates * H, F]``."""
    if not isinstance(x, Tensor):
        raise TypeError(f"x is a {type(x).__name__}, expected a tensor [N, {weight.size(1)}]")
    num_nodes = check_nodes(x, weight.size(1))
    check_dtype(x, weight)
    schedule = Schedule.from_edge_index(edge_index, num_nodes)
    if schedule.device != x.device:
        raise ValueError(f"edge_index is on {schedule.device}, expected {x.device} as x: use edge_index.to(x.device)")
    return schedule


class RecurrentCell(nn.Module, ABC):
    """One layer of a recurrence in one direction: a projection of the inputs, and states along the edges.

    Args:
        in_channels: features of a node, F.
        out_channels: features of an output, H.
        bias: whether the projection has a bias.
        rows: features of the projection, for gates and candidates.
        recurrent: whether gates also depend on the states, by ``weight_hh``.

    Attributes:
        states: number of tensors in a state.
        state_shape: of the state of one graph, in each of them.
    """

    states: int = 1

    weight_hh: Tensor

    def __init__(self, in_channels: int, out_channels: int, bias: bool, rows: int, recurrent: bool = False) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.weight_ih = nn.Parameter(torch.empty(rows, in_channels))
        if recurrent:
            self.weight_hh = nn.Parameter(torch.empty(rows, out_channels))
        self.bias = nn.Parameter(torch.empty(rows)) if bias else None

    @property
    def state_shape(self) -> tuple[int, ...]:
        """``(H,)``."""
        return (self.out_channels,)

    @abstractmethod
    def reset_parameters(self) -> None:
        """Redraws all weights."""

    def extra_repr(self) -> str:
        """Sizes, as PyG prints them."""
        return f"{self.in_channels}, {self.out_channels}, bias={self.bias is not None}"

    @abstractmethod
    def forward(
        self, x: Tensor, schedule: Schedule, initial: States | None = None, fused: bool = True
    ) -> tuple[Tensor, States]:
        """Output of every node ``[N, H]`` and the states of every graph's root, each ``[G, *state_shape]``.

        Args:
            x: ``[N, F]``.
            schedule: the order of the nodes.
            initial: states ``[G, *state_shape]`` of each graph.
            fused: whether torch's kernels may run on paths.
        """


class Cell(RecurrentCell):
    """A cell whose gates depend on the states.

    A subclass defines the number of gates and the equations of one level. Gates are in torch's order.

    Args:
        in_channels: features of a node, F.
        out_channels: features of a state, H.
        bias: whether each gate has a bias.
    """

    gates: int

    def __init__(self, in_channels: int, out_channels: int, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, bias, self.gates * out_channels, recurrent=True)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        r"""Draws every weight from :math:`U(-1/\sqrt H, 1/\sqrt H)`, as torch does."""
        bound = self.out_channels**-0.5
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)

    def forward(
        self, x: Tensor, schedule: Schedule, initial: States | None = None, fused: bool = True
    ) -> tuple[Tensor, States]:
        """By torch's kernels on paths, level by level elsewhere."""
        if not fused or schedule.paths is None or is_mapped():
            return self.by_level(x, schedule, initial)
        return self.on_paths(x, schedule.paths, initial)

    def by_level(
        self, x: Tensor, schedule: Schedule, initial: States | None = None, step: Step | None = None
    ) -> tuple[Tensor, States]:
        """The same, level by level, for any directed acyclic graph; ``step`` in place of the cell's own."""
        schedule.prepare()
        done, last = scan_levels(
            schedule, self.step if step is None else step, x, in_kernel_dtype(initial), self._project
        )
        out = torch.cat([states[0] for states in done]).index_select(0, schedule.scan_place)
        dtype = autocast_dtype(x)
        return out.to(dtype), tuple(schedule.at_last(state).to(dtype) for state in last)

    def node_states(self, x: Tensor, schedule: Schedule, initial: States | None = None) -> States:
        """States of every node, each ``[N, H]``, after the hooks that make weights (weight norm, pruning)."""
        for hook in self._forward_pre_hooks.values():
            hook(self, (x, schedule, initial))
        return scan(schedule, self.step, x, in_kernel_dtype(initial), self._project)

    def _project(self, x: Tensor, leaves: bool) -> Tensor:
        return nn.functional.linear(x, self.weight_ih, self.bias)

    @abstractmethod
    def step(self, x: Tensor, children: Children | None, level: int) -> States:
        """States of a level from its projected inputs ``[n, gates * H]`` and what flows in."""

    def on_paths(self, x: Tensor, paths: PathLayout, initial: States | None = None) -> tuple[Tensor, States]:
        """The same on a batch of paths, by torch's fused kernel on the padded tensor.

        Padding after the last node of a path cannot change an earlier output, so the result is exact.
        """
        dtype = autocast_dtype(x)
        if initial is None:
            initial = (x.new_zeros(paths.num_paths, self.out_channels),) * self.states
        with without_autocast(x.device):
            dense = paths.dense(x.to(dtype))
            weights = [weight.to(dtype) for weight in self.fused_weights()]
            out, last = self.fused(dense, weights, paths, tuple(state.to(dtype).unsqueeze(0) for state in initial))
        flat = out.reshape(-1, self.out_channels)
        h = last[0] if paths.equal else flat.index_select(0, paths.last)
        return paths.nodes(flat), (h, *last[1:])

    @abstractmethod
    def fused(self, x: Tensor, weights: list[Tensor], paths: PathLayout, initial: States) -> tuple[Tensor, States]:
        """Runs torch's kernel on ``[B, T, F]``: output ``[B, T, H]``, final states ``[B, H]`` each."""

    def fused_weights(self) -> list[Tensor]:
        """Weights as torch's kernels want them, with two bias vectors."""
        if self.bias is None:
            return [self.weight_ih, self.weight_hh]
        return [self.weight_ih, self.weight_hh, self.bias, torch.zeros_like(self.bias)]


class RNNCell(Cell):
    r""":math:`h_v = \tanh(W_{ih} x_v + W_{hh} \sum_k h_k + b)` over the children k of v."""

    gates = 1

    def step(self, x: Tensor, children: Children | None, level: int) -> States:
        """One level."""
        if children is None:
            return (x.tanh(),)
        return (torch.addmm(x, children.sum(children.states[0]), self.weight_hh.t()).tanh(),)

    def fused(self, x: Tensor, weights: list[Tensor], paths: PathLayout, initial: States) -> tuple[Tensor, States]:
        """torch.rnn_tanh."""
        out, h = torch.rnn_tanh(x, initial[0], weights, self.bias is not None, 1, 0.0, self.training, False, True)
        return out, (h[0],)


class GRUCell(Cell):
    r"""The GRU with :math:`\tilde h_v = \sum_k h_k` over the children k of v.

    .. math::
        r, z &= \sigma(W_{ir,iz} x_v + W_{hr,hz} \tilde h_v + b_{r,z}) \\
        n &= \tanh(W_{in} x_v + b_n + r \odot (W_{hn} \tilde h_v + b_{hn})) \\
        h_v &= (1 - z) \odot n + z \odot \tilde h_v

    Of torch's second biases, only the candidate's, ``bias_hn``, is a separate weight.
    """

    gates = 3

    def __init__(self, in_channels: int, out_channels: int, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, bias)
        self.bias_hn = nn.Parameter(torch.empty(out_channels)) if bias else None
        self.reset_parameters()

    def step(self, x: Tensor, children: Children | None, level: int) -> States:
        """One level."""
        if children is None:
            h = x.new_zeros(len(x), self.out_channels)
            hidden = h.new_zeros(len(x), 3 * self.out_channels)
        else:
            h = self._read(children)
            hidden = h @ self.weight_hh.t()
        x_rz, x_n = x.split([2 * self.out_channels, self.out_channels], dim=-1)
        h_rz, h_n = hidden.split([2 * self.out_channels, self.out_channels], dim=-1)
        r, z = (x_rz + h_rz).sigmoid().chunk(2, dim=-1)
        n = (x_n + r * (h_n if self.bias_hn is None else h_n + self.bias_hn.to(h_n.dtype))).tanh()
        return (n + z * (h - n),)

    def _read(self, children: Children) -> Tensor:
        return children.sum(children.states[0])

    def fused(self, x: Tensor, weights: list[Tensor], paths: PathLayout, initial: States) -> tuple[Tensor, States]:
        """torch.gru."""
        out, h = torch.gru(x, initial[0], weights, self.bias is not None, 1, 0.0, self.training, False, True)
        return out, (h[0],)

    def fused_weights(self) -> list[Tensor]:
        """The second bias is zero but for the candidate."""
        weights = super().fused_weights()
        if self.bias_hn is None:
            return weights
        zeros = self.bias_hn.new_zeros(2 * self.out_channels)
        return [*weights[:3], torch.cat([zeros, self.bias_hn])]


class DAGNNCell(GRUCell):
    r"""The GRU with :math:`\tilde h_v = \sum_k \mathrm{softmax}_k(w^\top h_k) h_k` over the children k of v."""

    def __init__(self, in_channels: int, out_channels: int, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, bias)
        self.attention = nn.Parameter(torch.empty(out_channels))
        self.reset_parameters()

    def fused_weights(self) -> list[Tensor]:
        """Those of the GRU. One child has the weight 1, so the gradient of the attention is zero, and not missing."""
        weight, *others = super().fused_weights()
        zero = self.attention.masked_fill(torch.ones_like(self.attention, dtype=torch.bool), 0.0).sum()
        return [weight + zero, *others]

    def _read(self, children: Children) -> Tensor:
        (h,) = children.states
        return children.sum(children.softmax(h @ self.attention).unsqueeze(1) * h)


class LSTMCell(Cell):
    r"""The child-sum Tree-LSTM of Tai et al. 2015 (https://arxiv.org/abs/1503.00075), which on a path is the LSTM.

    .. math::
        i, g, o &= \sigma, \tanh, \sigma(W x_v + U \textstyle\sum_k h_k + b) \\
        f_k &= \sigma(W_f x_v + U_f h_k + b_f) \\
        c_v &= i \odot g + \textstyle\sum_k f_k \odot c_k, \qquad h_v = o \odot \tanh(c_v)
    """

    gates = 4
    states = 2

    def step(self, x: Tensor, children: Children | None, level: int) -> States:
        """One level."""
        H = self.out_channels
        x_i, x_f, x_go = x.split([H, H, 2 * H], dim=-1)
        if children is None:
            i, g, o = x_i.sigmoid(), x_go[:, :H].tanh(), x_go[:, H:].sigmoid()
            c = i * g
            return o * c.tanh(), c
        w_i, w_f, w_go = self.weight_hh.split([H, H, 2 * H])
        h, c_child = children.states
        h_sum = children.sum(h)
        i = torch.addmm(x_i, h_sum, w_i.t()).sigmoid()
        g, o = torch.addmm(x_go, h_sum, w_go.t()).chunk(2, dim=-1)
        f = torch.addmm(x_f.index_select(0, children.parent), h, w_f.t()).sigmoid()
        c = i * g.tanh() + children.sum(f * c_child)
        return o.sigmoid() * c.tanh(), c

    def fused(self, x: Tensor, weights: list[Tensor], paths: PathLayout, initial: States) -> tuple[Tensor, States]:
        """torch.lstm.

        Where paths end at different steps, one more input feature marks the padding: it closes the input gate and
        opens the forget gate exactly, so that the final cell state is that of each path's last node. The mark and its
        weights multiply to infinity, which no finite bias can make up for.
        """
        if not paths.equal:
            huge = 2 * torch.finfo(x.dtype).max ** 0.5
            x = torch.cat([x, (paths.padding.to(x.dtype) * huge).unsqueeze(-1)], dim=-1)
            hold = x.new_zeros(4, self.out_channels)
            hold[0], hold[1] = -huge, huge
            weights = [torch.cat([weights[0], hold.view(-1, 1)], dim=1), *weights[1:]]
        if torch.compiler.is_compiling() and not x.requires_grad:
            # torch compiles no gradients of oneDNN's LSTM, which it takes where the input needs none
            x = torch.cat([x.flatten(0, 1), weights[0][:0]]).view(x.shape)
        out, h, c = torch.lstm(x, initial, weights, self.bias is not None, 1, 0.0, self.training, False, True)
        return out, (h.flatten(0, -2), c.flatten(0, -2))  # compiled, torch 2.10 gives them one more dimension
