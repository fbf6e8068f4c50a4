"""The delta rule: a matrix for a state, in which a node replaces what is held for its key."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize, silu

from gnnseq.layers.linear.attention import MatrixCell
from gnnseq.layers.linear.cell import LinearRecurrence
from gnnseq.ops.linear.delta import delta_rule
from gnnseq.ops.paths import PathLayout
from gnnseq.ops.scan import Children, scan
from gnnseq.ops.schedule import Schedule
from gnnseq.ops.transforms import without_autocast

_EPS = 1e-5


class DeltaNetCell(MatrixCell):
    r""":math:`S_v = (I - \beta_v k_v k_v^\top) M_v + \beta_v k_v v_v^\top`, M the mean or sum of the children's."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        bias: bool = True,
        heads: int = 4,
        signed: bool = False,
        mean: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, bias, heads, heads, mean)
        self.signed = signed

    def read(
        self, q: Tensor, k: Tensor, v: Tensor, gates: Tensor, schedule: Schedule, initial: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """On paths in chunks; elsewhere level by level, since no scan of single numbers computes a matrix."""
        beta = gates.sigmoid() * (2 if self.signed else 1)
        q, k = (normalize(silu(part), dim=-1, eps=_EPS) for part in (q, k))
        if schedule.paths is not None:
            return self._on_paths(q, k, v, beta, schedule.paths, initial)
        count = schedule.in_degree.clamp(min=1).unsqueeze(1) if self.mean else torch.ones_like(beta[:, :1])
        inputs = torch.cat([part.flatten(1) for part in (k, v, beta, count)], dim=1)
        flat = None if initial is None else (initial.flatten(1),)
        (states,) = scan(schedule, self._step, inputs, flat)
        return self.read_states(q, states.unflatten(-1, self.state_shape), schedule)

    def _on_paths(
        self, q: Tensor, k: Tensor, v: Tensor, beta: Tensor, paths: PathLayout, initial: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """`delta_rule` on the padded tensor; padding keeps the state."""
        H = self.out_channels
        dense = paths.dense(torch.cat([q.flatten(1), k.flatten(1), v.flatten(1), beta], dim=1))
        *qkv, beta = dense.split([H, H, H, self.heads], dim=-1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in qkv)
        state = v.new_zeros(paths.num_paths, *self.state_shape) if initial is None else initial
        with without_autocast(v.device):
            read, state = delta_rule(q, k, v, beta.mT.unsqueeze(-1), state)
        return paths.nodes(read.transpose(1, 2).flatten(2)).unflatten(-1, (self.heads, -1)), state

    def _step(self, x: Tensor, children: Children | None, level: int) -> tuple[Tensor]:
        H = self.out_channels
        k, v, beta, count = x.split([H, H, self.heads, 1], dim=-1)
        k, v = (part.unflatten(-1, (self.heads, -1)) for part in (k, v))
        if children is None:
            return ((k.unsqueeze(-1) * (v * beta.unsqueeze(-1)).unsqueeze(-2)).flatten(1),)
        before = (children.sum(children.states[0]) / count).unflatten(-1, self.state_shape)
        error = v - (k.unsqueeze(-1) * before).sum(-2)
        return ((before + k.unsqueeze(-1) * (error * beta.unsqueeze(-1)).unsqueeze(-2)).flatten(1),)


class DeltaNet(LinearRecurrence):
    r"""The delta rule (Yang et al. 2024, https://arxiv.org/abs/2406.06484) along the edges of a DAG.

    .. math::
        S_v &= (I - \beta_v k_v k_v^\top) \frac{1}{m_v} \sum_{u \to v} S_u + \beta_v k_v v_v^\top,
        \qquad \beta_v = \sigma(W_\beta x_v + b_\beta) \\
        h_v &= W_o \big(\mathrm{norm}(S_v^\top q_v) \odot \mathrm{silu}(W_r x_v + b_r)\big)

    for each head, with queries and keys :math:`\mathrm{silu}(W_{q,k} x + b)` of length 1 and values
    :math:`W_v x + b`. A node replaces what the state holds for its key. On paths it runs in chunks of 64 steps
    (`gnnseq.ops.linear.delta.delta_rule`), on other graphs level by level. It has
    :math:`4nd + n^2 + pd + 4n + p` weights for d inputs, n outputs and p heads.

    Arguments, shapes and what is raised are those of `GatedLinearAttention`, but for the decay.

    Args:
        in_channels: features of a node, F.
        out_channels: features of an output, H, in each direction.
        num_layers: layers, each reading the one below.
        heads: number of heads; they divide H, and d = H / heads.
        bias: whether projections have a bias.
        dropout: probability of zeroing an output between layers, in training.
        bidirectional: whether a second recurrence runs against the edges.
        signed: whether :math:`\beta` is doubled, in (0, 2), so that an eigenvalue of the transition lies in (-1, 1) in
            place of (0, 1): the recurrence can then track states (Grazzi et al. 2024, https://arxiv.org/abs/2411.12537).
        mean: whether a node takes the mean of its children's states, or their sum.
    """

    cell_type = DeltaNetCell

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_layers: int = 1,
        heads: int = 4,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        signed: bool = False,
        mean: bool = True,
    ) -> None:
        options: dict[str, Any] = {"heads": heads, "signed": signed, "mean": mean}
        super().__init__(in_channels, out_channels, num_layers, bias, dropout, bidirectional, **options)
        self.heads, self.signed, self.mean = heads, signed, mean

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return f"{super().extra_repr()}, heads={self.heads}, signed={self.signed}, mean={self.mean}"
