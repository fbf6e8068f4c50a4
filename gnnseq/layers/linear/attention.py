"""Linear attention with a matrix for a state, along the edges of directed acyclic graphs."""

from abc import abstractmethod
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, logsigmoid, rms_norm, silu

from gnnseq.layers.checks import check_heads, check_sizes
from gnnseq.layers.linear.cell import LinearCell, LinearRecurrence
from gnnseq.ops.schedule import Schedule

Decay = Literal["vector", "scalar", "none"]
_TEMPERATURE = 16  # of the decay, Yang et al. 2024
_EPS = 1e-5


class MatrixCell(LinearCell):
    """A cell whose state is a matrix ``[d, d]`` for each head: keys and values update it, queries multiply it.

    Args:
        in_channels: features of a node, F.
        out_channels: features of an output, H.
        bias: whether projections have a bias.
        heads: number of heads, of ``d = H / heads`` features each.
        gates: further rows of the projection.
        mean: whether a node takes the mean of its children's states, or their sum.
    """

    def __init__(self, in_channels: int, out_channels: int, bias: bool, heads: int, gates: int, mean: bool) -> None:
        check_sizes(in_channels=in_channels)
        check_heads(heads, out_channels)
        super().__init__(in_channels, out_channels, bias, 4 * out_channels + gates, mean)
        self.heads = heads
        self.weight_out = nn.Parameter(torch.empty(out_channels, out_channels))
        self.reset_parameters()

    @property
    def state_shape(self) -> tuple[int, ...]:
        """``(heads, d, d)``, keys by values."""
        return (self.heads, *[self.out_channels // self.heads] * 2)

    def reset_parameters(self) -> None:
        r"""Draws every weight from :math:`U(-1/\sqrt F, 1/\sqrt F)`, as `torch.nn.Linear`."""
        super().reset_parameters()
        bound = self.out_channels**-0.5
        nn.init.uniform_(self.weight_out, -bound, bound)

    def outputs(self, gates: Tensor, schedule: Schedule, initial: Tensor | None) -> tuple[Tensor, Tensor]:
        """Reads the states with queries, normalises each head, gates and mixes them."""
        H = self.out_channels
        parts = gates.split([H, H, H, H, gates.size(-1) - 4 * H], dim=-1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)) for part in parts[:3])
        read, final = self.read(q, k, v, parts[4], schedule, initial)
        read = rms_norm(read, [v.size(-1)], eps=_EPS)
        mixed = read.flatten(1) * silu(parts[3])
        return linear(mixed.to(self.weight_out.dtype), self.weight_out), final

    @abstractmethod
    def read(
        self, q: Tensor, k: Tensor, v: Tensor, gates: Tensor, schedule: Schedule, initial: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """What the queries read of the states ``[N, heads, d]``, and the states of the roots."""

    def read_states(self, q: Tensor, states: Tensor, schedule: Schedule) -> tuple[Tensor, Tensor]:
        """`read`, from the states of all nodes ``[N, heads, d, d]``."""
        return (q.unsqueeze(-1) * states).sum(-2), self.at_roots(schedule, states)


class GatedLinearAttentionCell(MatrixCell):
    r""":math:`S_v = a_v \odot M_v + k_v v_v^\top`, with M the mean or sum of the children's states."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        bias: bool = True,
        heads: int = 4,
        decay: Decay = "vector",
        mean: bool = True,
    ) -> None:
        if decay not in get_args(Decay):
            raise ValueError(f"decay is {decay!r}, expected one of {', '.join(map(repr, get_args(Decay)))}")
        gates = {"vector": out_channels, "scalar": heads, "none": 0}[decay]
        super().__init__(in_channels, out_channels, bias, heads, gates, mean)
        self.decay = decay

    def read(
        self, q: Tensor, k: Tensor, v: Tensor, gates: Tensor, schedule: Schedule, initial: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Adds an outer product at each node."""
        b = k.unsqueeze(-1) * v.unsqueeze(-2)
        keep = b.new_ones(len(b), 1, 1, 1)
        if self.decay != "none":
            a = (logsigmoid(gates) / _TEMPERATURE).exp().unflatten(-1, (self.heads, -1))
            keep = a.unsqueeze(-1)
        return self.read_states(q * k.size(-1) ** -0.5, self.solve(schedule, keep, b, initial), schedule)


class GatedLinearAttention(LinearRecurrence):
    r"""Gated linear attention (Yang et al. 2024, https://arxiv.org/abs/2312.06635) along the edges of a DAG.

    .. math::
        S_v &= a_v \odot \frac{1}{m_v} \sum_{u \to v} S_u + k_v v_v^\top, \qquad a_v = \sigma(W_a x_v + b_a)^{1/16} \\
        h_v &= W_o \big(\mathrm{norm}(S_v^\top q_v / \sqrt d) \odot \mathrm{silu}(W_r x_v + b_r)\big)

    for each head, with queries, keys and values :math:`q, k, v = W_{q,k,v} x + b`, :math:`m_v` children of node v, and
    a root mean square norm over the d features of a head. The decay scales the rows of S (its keys). A scalar decay is
    one number for each head, as in Mamba-2 (Dao and Gu 2024, https://arxiv.org/abs/2405.21060), and without decay it is
    causal linear attention. On a forest it equals attention with weights :math:`q_v^\top k_u` times the product of the
    gates on the way from u to v, the entry of :math:`(I - W)^{-1}`, in place of a softmax.

    It has :math:`5nd + 5n + n^2` weights for d inputs and n outputs.

    Args:
        in_channels: features of a node, F.
        out_channels: features of an output, H, in each direction.
        num_layers: layers, each reading the one below.
        heads: number of heads; they divide H, and d = H / heads.
        bias: whether projections have a bias.
        dropout: probability of zeroing an output between layers, in training.
        bidirectional: whether a second recurrence runs against the edges.
        decay: "vector" (a gate for each feature of a key), "scalar" (one for each head) or "none".
        mean: whether a node takes the mean of its children's states. Their sum (False) can grow by a factor of up to
            :math:`m_v` at each node, and overflow on deep graphs.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]`` from source to target (child to parent), or a `Schedule`
        - **state:** ``[num_layers * directions, G, heads, d, d]``, input of the nodes without incoming edges
        - **output:** ``[N, directions * H]``, and the state of every graph's root in the shape of ``state``, as `RNN`

    Raises:
        ValueError: for a cycle, a node out of range, sizes below 1, heads that do not divide H, another ``decay``,
            shapes that do not fit, or features and states of another dtype than the weights (under autocast any of
            float32, float16 and bfloat16 will do).
    """

    cell_type = GatedLinearAttentionCell

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_layers: int = 1,
        heads: int = 4,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        decay: Decay = "vector",
        mean: bool = True,
    ) -> None:
        options: dict[str, Any] = {"heads": heads, "decay": decay, "mean": mean}
        super().__init__(in_channels, out_channels, num_layers, bias, dropout, bidirectional, **options)
        self.heads, self.decay, self.mean = heads, decay, mean

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return f"{super().extra_repr()}, heads={self.heads}, decay={self.decay!r}, mean={self.mean}"
