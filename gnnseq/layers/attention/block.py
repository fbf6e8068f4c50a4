"""One layer of a Transformer encoder, for nodes that attend to each other in any way."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout as drop
from torch.nn.functional import layer_norm

Attend = Callable[[Tensor, Tensor, Tensor, float], Tensor]


class TransformerBlock(nn.Module):
    r"""Multi-head attention and two linear layers, each with a residual connection and a normalisation.

    .. math::
        y &= x + \mathrm{MHA}(\mathrm{LN}(x)), \qquad z = y + W_2\, \rho(W_1 \mathrm{LN}(y) + b_1) + b_2

    with ``norm_first`` (https://arxiv.org/abs/2002.04745), else :math:`y = \mathrm{LN}(x + \mathrm{MHA}(x))` and so on
    (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762). It is `torch.nn.TransformerEncoderLayer`, which has its
    weights and dropout in the same places.

    Args:
        channels: features of a node, H.
        heads: number of heads, which divides H.
        feedforward: width between the two linear layers.
        dropout: probability of zeroing an attention weight, a hidden unit or an output of either part, in training.
        norm_first: whether each part normalises its input, or else its sum with the input.
        activation: between the linear layers; ReLU by default.

    Shapes:
        - **x:** ``[N, H]``
        - **attend:** called with queries, keys and values ``[N, heads, H / heads]`` and the dropout
        - **output:** ``[N, H]``
    """

    def __init__(
        self,
        channels: int,
        heads: int,
        feedforward: int,
        dropout: float = 0.0,
        norm_first: bool = True,
        activation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.norm_first = norm_first
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        self.linear1 = nn.Linear(channels, feedforward)
        self.linear2 = nn.Linear(feedforward, channels)
        self.norm1 = nn.LayerNorm(channels)
        self.norm2 = nn.LayerNorm(channels)
        self.activation = nn.ReLU() if activation is None else activation
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Redraws all weights as torch does: Glorot for queries, keys and values, no bias in the attention."""
        for part in (self.out, self.linear1, self.linear2, self.norm1, self.norm2):
            part.reset_parameters()
        nn.init.xavier_uniform_(self.qkv.weight)
        nn.init.zeros_(self.qkv.bias)
        nn.init.zeros_(self.out.bias)
        for module in self.activation.modules():
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()

    def extra_repr(self) -> str:
        """What the modules inside do not show."""
        return f"heads={self.heads}, dropout={self.dropout}, norm_first={self.norm_first}"

    def forward(self, x: Tensor, attend: Attend) -> Tensor:
        """Runs the layer; see the class for shapes."""
        if self.norm_first:
            x = x + self._attention(normalised(self.norm1, x), attend)
            return x + self._feedforward(normalised(self.norm2, x))
        x = normalised(self.norm1, x + self._attention(x, attend))
        return normalised(self.norm2, x + self._feedforward(x))

    def _attention(self, x: Tensor, attend: Attend) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).unbind(1)  # [N, heads, d] each
        read = attend(q, k, v, self.dropout if self.training else 0.0)
        return self._drop(self.out(read.flatten(1)))

    def _feedforward(self, x: Tensor) -> Tensor:
        return self._drop(self.linear2(self._drop(self.activation(self.linear1(x)))))

    def _drop(self, x: Tensor) -> Tensor:
        return drop(x, self.dropout, self.training)


def normalised(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    """A normalisation, also of features that autocast gives another dtype than its weights in half precision."""
    if x.dtype == norm.weight.dtype or norm.weight.dtype == torch.float32:
        return cast(Tensor, norm(x))
    dtype = torch.promote_types(x.dtype, norm.weight.dtype)
    weight, bias = norm.weight.to(dtype), norm.bias.to(dtype)
    return layer_norm(x.to(dtype), norm.normalized_shape, weight, bias, norm.eps)
