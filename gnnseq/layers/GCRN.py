"""The graph convolutional recurrent network, model 2 of Seo et al. 2016."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from gnnseq.layers.interop import check_gconv_lstm, load_gconv_lstm
from gnnseq.layers.signals.graph_recurrent import GraphRecurrent
from gnnseq.layers.signals.layout import States
from gnnseq.layers.signals.spectral_module import Operators, whole_if_ready
from gnnseq.ops.graph_lstm import graph_lstm, hand_written, peephole_lstm
from gnnseq.ops.operators.sparse import SparseOperator
from gnnseq.ops.operators.spectral import chebyshev_terms


class _PeepholeRecurrent(GraphRecurrent):
    fused: bool = True
    gates = 4
    num_states = 2
    torch_type = nn.LSTM

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        K: int,
        normalization: str | None = "sym",
        bias: bool = True,
        peephole: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, K, normalization, bias)
        self.peephole = nn.Parameter(torch.empty(3, out_channels)) if peephole else None
        self.reset_parameters()

    def step(self, x: Tensor, operator: SparseOperator, states: States) -> States:
        """One step of the peephole LSTM."""
        h, c = states
        return peephole_lstm(x + self.filter_hidden(operator, h), c, self.peephole)

    def run(
        self, x: Tensor, operators: Operators, states: States | None, active: Tensor | None = None
    ) -> tuple[Tensor, States]:
        """As for every recurrence; on one graph and without lengths by a backward pass written by hand."""
        replaced = not self.fused or "step" in vars(self)  # by code that watches every step
        if replaced or active is not None or not isinstance(operators, SparseOperator):
            return super().run(x, operators, states, active)
        if not hand_written(operators, x, self.weight_x, self.K):
            return super().run(x, operators, states, active)
        inputs = chebyshev_terms(operators, x, self.K)
        parts = [self.weight_h.flatten(0, 1), self.weight_x.flatten(0, 1)]
        if self.bias is not None:
            inputs.append(x.new_ones(1).expand(*x.shape[:-1], 1))
            parts.append(self.bias.unsqueeze(0))
        h, c = self.zeros(x) if states is None else states
        out, c = graph_lstm(operators, torch.cat(inputs, dim=-1), h, c, torch.cat(parts), self.peephole)
        return out, (out[:, :, -1], c)

    @classmethod
    def from_gconv_lstm(cls, module: Any) -> Self:
        """A layer with the weights of a module laid out as PyG Temporal's ``GConvLSTM``.

        That is ``conv_x_i, conv_h_i, ... conv_x_o, conv_h_o`` (each a `torch_geometric.nn.ChebConv`), peepholes
        ``w_c_i, w_c_f, w_c_o`` and biases ``b_i, b_f, b_c, b_o``. Outputs are the same with "sym" and "rw"; with
        ``normalization=None`` give both the same ``lambda_max``, since ChebConv takes one over the whole batch.
        """
        check_gconv_lstm(module)
        conv = module.conv_x_i
        layer = cls(conv.in_channels, conv.out_channels, len(conv.lins), conv.normalization).to(conv.lins[0].weight)
        load_gconv_lstm(layer, module)
        return layer


class GCRN(_PeepholeRecurrent):
    r"""A recurrent layer for signals on a graph: an LSTM whose products are graph filters.

    Model 2 of Seo, Defferrard, Vandergheynst and Bresson 2016 (https://arxiv.org/abs/1612.07659):

    .. math::
        i &= \sigma(W_{xi} *_G x_t + W_{hi} *_G h_{t-1} + w_{ci} \odot c_{t-1} + b_i) \\
        f &= \sigma(W_{xf} *_G x_t + W_{hf} *_G h_{t-1} + w_{cf} \odot c_{t-1} + b_f) \\
        c_t &= f \odot c_{t-1} + i \odot \tanh(W_{xc} *_G x_t + W_{hc} *_G h_{t-1} + b_c) \\
        o &= \sigma(W_{xo} *_G x_t + W_{ho} *_G h_{t-1} + w_{co} \odot c_t + b_o) \\
        h_t &= o \odot \tanh(c_t)

    with :math:`W *_G x = \sum_{k=0}^{K-1} T_k(\tilde L)\, x\, W_k` and :math:`\tilde L = 2 L / \lambda_{max} - I`.
    Each filter reaches K - 1 hops at every step. Peepholes are one weight per channel, shared by the nodes: the
    paper's parameter counts leave room for no more.

    Special cases: with K = 1 and no peepholes it is `torch.nn.LSTM` with nodes as the batch; without edges it is
    that LSTM with weights :math:`W_0 - W_2 + W_4 - \dots`, since then :math:`\tilde L = 0`.

    It has :math:`4K(dn + n^2) + 4n + 3n` weights for d inputs and n outputs (4n for the biases, 3n for peepholes).

    Args:
        in_channels: features of a node at one step, F.
        out_channels: features of a state, H.
        K: number of Chebyshev terms, at least 1.
        normalization: of the Laplacian: "sym", "rw" or None.
        bias: whether gates have a bias.
        peephole: whether gates see the cell state.

    Shapes:
        - **x:** ``[N, T, F]``, nodes first, so that PyG can batch it; ``[N, F]`` for one step; or ``[B, N, T, F]`` for
          B signals on one graph, which is stored and multiplied once
        - **edge_index:** ``[2, E]``, both directions of every edge; a list of T of them for a graph that changes; or
          what `operator` gives, to normalise a graph only once
        - **edge_weight:** ``[E]``, or a list of T
        - **state:** ``(h, c)``, each ``[N, H]`` (``[B, N, H]``)
        - **batch:** graph of each node ``[N]``
        - **lambda_max:** one number, or one per graph ``[G]``; None takes a bound of each graph by itself (2 for "sym"
          and "rw")
        - **lengths:** steps of each graph's (or signal's) sequence ``[G]`` (``[B]``): there its state stops, and
          later outputs are zero
        - **mask:** True where a value was observed, ``[N, T]`` or ``[N, T, F]``; a missing value counts as zero,
          even if it is NaN
        - **output:** ``[N, T, H]`` (``[N, H]``, ``[B, N, T, H]``), and the final ``(h, c)``

    Attributes:
        fused: whether the backward pass written by hand may run (see `gnnseq.ops.graph_lstm`). Other cases run
            step by step by itself; set it to False to compare, or to watch steps.

    Raises:
        ValueError: for shapes that do not fit, a directed graph (pass ``gnnseq.ops.diffusion_operator(edge_index,
            N, edge_weight)``, or any operator of your own, instead), K < 1, or weights that are not finite.
    """

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
        out, (h, c) = self.forward_signals(x, edge_index, edge_weight, state, batch, lambda_max, lengths, mask)
        return out, (h, c)


class GCRNCell(_PeepholeRecurrent):
    """One step of a `GCRN`, with the same weights, for graphs and loops of the caller's own.

    Arguments are those of `GCRN`.

    Shapes:
        - **x:** ``[N, F]``, or ``[B, N, F]`` for B signals on one graph
        - **edge_index:** ``[2, E]``, or what `operator` gives
        - **state:** ``(h, c)``, each ``[N, H]`` (``[B, N, H]``); zeros where it is None
        - **output:** ``h`` and ``(h, c)``, each ``[N, H]`` (``[B, N, H]``)
    """

    @whole_if_ready
    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Tensor | None = None,
        state: tuple[Tensor, Tensor] | None = None,
        batch: Tensor | None = None,
        lambda_max: Tensor | float | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """One step; see the class for shapes."""
        if isinstance(x, Tensor) and x.dim() not in (2, 3):
            F = self.in_channels
            raise ValueError(f"x has shape {list(x.shape)}, expected [N, {F}] or [B, N, {F}]: one step")
        many = isinstance(x, Tensor) and x.dim() == 3
        signals = x.unsqueeze(2) if many else x
        out, (h, c) = self.forward_signals(signals, edge_index, edge_weight, state, batch, lambda_max)
        return out.squeeze(2) if many else out, (h, c)
