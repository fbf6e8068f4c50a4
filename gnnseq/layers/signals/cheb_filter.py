"""One Chebyshev filter, the building block of the GCRN and of its graph CNN."""

from typing import Any, Self

import torch
from torch import Tensor, nn
from torch_geometric.nn import ChebConv

from gnnseq.layers.checks import check_sizes
from gnnseq.layers.interop import cheb_weight, take
from gnnseq.layers.signals.layout import SignalLayout
from gnnseq.layers.signals.spectral_module import Operators, SpectralModule, whole_if_ready


class ChebFilter(SpectralModule):
    r"""A Chebyshev filter of signals on a graph (Defferrard et al. 2016, https://arxiv.org/abs/1606.09375).

    .. math:: W *_G x = \sum_{k=0}^{K-1} T_k(\tilde L)\, x\, W_k + b, \qquad \tilde L = 2 L / \lambda_{max} - I

    It reaches K - 1 hops. On one step it is `torch_geometric.nn.ChebConv`, but graphs of a batch never share a
    ``lambda_max``. It has :math:`Kdn + n` weights for d inputs and n outputs.

    Args:
        in_channels: features of a node at one step, F.
        out_channels: features of the output, O.
        K: number of Chebyshev terms, at least 1.
        normalization: of the Laplacian: "sym", "rw" or None.
        bias: whether there is a bias.

    Shapes:
        - **x:** ``[N, F]``, ``[N, T, F]`` or ``[B, N, T, F]``
        - **edge_index**, **edge_weight**, **batch**, **lambda_max:** as for the `GCRN`
        - **output:** as x, with O features
    """

    def __init__(
        self, in_channels: int, out_channels: int, K: int, normalization: str | None = "sym", bias: bool = True
    ) -> None:
        super().__init__(K, normalization)
        check_sizes(in_channels=in_channels, out_channels=out_channels)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.weight = nn.Parameter(torch.empty(K, in_channels, out_channels))
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot weights for every term and a zero bias, as in PyG."""
        for term in self.weight:
            nn.init.xavier_uniform_(term)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return f"{self.in_channels}, {self.out_channels}, K={self.K}, normalization={self.normalization}"

    @classmethod
    def from_cheb_conv(cls, conv: ChebConv) -> Self:
        """A filter with the weights of a `torch_geometric.nn.ChebConv`.

        Outputs are the same with "sym" and "rw"; with ``normalization=None`` give both the same ``lambda_max``.
        """
        if not isinstance(conv, ChebConv):
            raise TypeError(f"conv is a {type(conv).__name__}, expected torch_geometric.nn.ChebConv")
        layer = cls(conv.in_channels, conv.out_channels, len(conv.lins), conv.normalization, conv.bias is not None)
        layer = layer.to(conv.lins[0].weight)
        take(layer.weight, cheb_weight(conv))
        if layer.bias is not None:
            take(layer.bias, conv.bias)
        return layer.train(conv.training)

    @whole_if_ready
    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Any = None,
        batch: Tensor | None = None,
        lambda_max: Tensor | float | None = None,
    ) -> Tensor:
        """Filters every step; see the class for shapes."""
        layout = SignalLayout(x, self.in_channels, self.weight)
        operators = self.operators(layout, edge_index, edge_weight, batch, lambda_max)
        return layout.from_nodes(self.run(layout.to_nodes(x), operators))

    def run(self, x: Tensor, operators: Operators) -> Tensor:
        """Filters signals ``[N, S, T, F]``."""
        return torch.stack(list(self.filtered_steps(operators, x, self.weight, self.bias)), dim=2)
