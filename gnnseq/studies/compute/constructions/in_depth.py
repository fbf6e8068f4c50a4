"""Parity by constructed weights, for models of a fixed depth on words of a bounded length."""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch_geometric.nn import GraphConv

from gnnseq.layers import GraphTransformer, LearnedPositions
from gnnseq.layers.attention.block import TransformerBlock
from gnnseq.models import TCN, ConvStack, EdgeEncoder, NodeClassifier, SymbolEmbedding
from gnnseq.studies.compute.constructions.parts import put, put_linear

_FAR, _HARD = 1e3, 80.0  # from the epsilon of a normalisation; exp(-80) is no more than rounding


def double(stack: TCN) -> NodeClassifier:
    r"""Parity of up to :math:`2^{L-1}` symbols by a `TCN` of L layers: each doubles the symbols that are joined.

    With a and b the parities of two neighbouring stretches, :math:`s_1 = a + b - 1/2` and :math:`s_2 = a + b - 3/2`, a
    layer has the units :math:`\rho(s_1), \rho(-s_1), \rho(s_2), \rho(-s_2)`, and 1, -3, -3, 1 times these is the parity
    of both. A layer normalisation doubles it, whatever a and b. The last layer passes on what is there.

    Args:
        stack: only its number of layers, and whether it has layer normalisations, are used.
    """
    normed = any(isinstance(norm, nn.LayerNorm) for norm in stack.norms)
    built = TCN(1, 4, len(stack.convs), norm=nn.LayerNorm if normed else None)
    scale, read = (_FAR, 0.5) if normed else (1.0, 1.0)
    sign, offset = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]]), torch.tensor([0.5, 0.5, 1.5, 1.5])
    parity = read * torch.tensor([[1.0, -3.0, -3.0, 1.0]])
    last = len(built.convs) - 1
    for number, layer in enumerate(built.convs):
        heard = torch.ones(1, 1) if number == 0 else parity
        kept = torch.zeros(4, heard.size(1)) if number == 0 else torch.eye(4)
        if number < last:
            _conv(layer.conv, scale * sign @ heard - kept, scale * sign @ heard, -scale * sign[:, 0] * offset)
        else:
            _conv(layer.conv, torch.ones(4, 1) @ heard - kept, torch.zeros(4, heard.size(1)), torch.zeros(4))
    return _parity(SymbolEmbedding(2, 1), torch.tensor([[0.0], [1.0], [0.0]]), built, torch.eye(4)[0])


def unroll(stack: ConvStack) -> NodeClassifier:
    r"""Parity of up to L - 1 symbols by L `GraphConv` on a forward path, with separate weights for node and neighbour.

    A layer joins the symbol x of a node and the parity :math:`p - 2q` that its neighbour found in the layer before:
    :math:`p = \rho(x + p' - 2q'), q = \rho(x + p' - 2q' - 1)`. The last layer passes on what is there.

    Args:
        stack: only its number of layers, and whether it adds a layer's input, are used.
    """
    built = ConvStack(GraphConv, 1, 3, len(stack.convs), residual=stack.residual)
    own = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    before = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, -2.0], [0.0, 1.0, -2.0]])
    kept = torch.eye(3) if stack.residual else torch.zeros(3, 3)
    last = len(built.convs) - 1
    for number, conv in enumerate(built.convs):
        if number == 0:
            _conv(conv, torch.tensor([[1.0], [1.0], [0.0]]), torch.zeros(3, 1), torch.zeros(3))
        elif number < last:
            _conv(conv, own - kept, before, torch.tensor([0.0, 0.0, -1.0]))
        else:
            _conv(conv, torch.eye(3) - kept, torch.zeros(3, 3), torch.zeros(3))
    reads = torch.tensor([0.0, 1.0, -2.0])
    return _parity(SymbolEmbedding(2, 1), torch.tensor([[0.0], [1.0], [0.0]]), built, reads)


def attend(layers: int) -> NodeClassifier:
    r"""Parity of up to :math:`2^L` symbols by a causal `GraphTransformer` of L layers with learned positions.

    Layer l attends from place t to place :math:`t - 2^l` alone, since the position of t holds the binary digits of t
    and of all these places, and multiplies what both have found. All features are 1 or -1 and stand there a second time
    with the other sign, so that a normalisation changes nothing but a known factor. The width grows as the square of L.

    Args:
        layers: L.
    """
    length = 2**layers
    places = torch.arange(length)
    before = torch.stack([places, *(places - 2**layer for layer in range(layers))])  # [L + 1, T]
    digits = 2.0 * (before.clamp(min=0).unsqueeze(-1) >> torch.arange(layers) & 1) - 1  # [L + 1, T, L]
    inside = torch.where(before[1:] >= 0, 1.0, -1.0).t()  # [T, L]
    table = torch.cat([torch.zeros(length, 2), digits.transpose(0, 1).flatten(1), inside], dim=1)
    half = table.size(1)  # the parity, a free place, digits, and whether a place is inside
    positions = LearnedPositions(2 * half, max_positions=length)
    put(positions.weight, torch.cat([table, -table], dim=1))
    options: dict[str, Any] = {"attend": "ancestors", "feedforward": 4, "positions": lambda _: positions}
    built = GraphTransformer(2 * half, 2 * half, layers, **options)
    for number, block in enumerate(built.blocks):
        _block(cast(TransformerBlock, block), number, layers, half)
    embedding = SymbolEmbedding(2, 2 * half)
    values = torch.zeros(3, 2 * half)
    values[:2, 0], values[:2, half] = torch.tensor([-1.0, 1.0]), torch.tensor([1.0, -1.0])
    return _parity(embedding, values, EdgeEncoder(built), torch.eye(2 * half)[0], threshold=0.0)


def _block(block: TransformerBlock, number: int, layers: int, half: int) -> None:
    """One layer of `attend`: the parity is feature 0, the free place is feature 1."""
    width, none, norm = 2 * half, (half - 1) / half, torch.zeros(3 * 2 * half, 2 * half)
    for digit in range(layers):
        norm[digit, 2 + (number + 1) * layers + digit] = _HARD * width**0.5 * none
        norm[width + digit, 2 + digit] = 1.0
    norm[2 * width, 0] = none**0.5
    out = torch.zeros(width, width)
    out[1, 0], out[1 + half, 0] = 1.0, -1.0
    put_linear(block.qkv, norm, torch.zeros(3 * width))
    put_linear(block.out, out, torch.zeros(width))
    hidden, flag = torch.zeros(4, width), 2 + layers * (layers + 1) + number
    hidden[0, [0, 1, flag]] = torch.tensor([1.0, 1.0, 1.0])  # both odd: even together
    hidden[1, [0, 1, flag]] = torch.tensor([-1.0, 1.0, 1.0])
    hidden[2, 1], hidden[3, 1] = 1.0, -1.0
    put_linear(block.linear1, hidden, torch.tensor([-2.0, -2.0, 0.0, 0.0]))
    back = torch.zeros(width, 4)
    back[0, :2] = torch.tensor([-2.0, 2.0])
    back[1, 2:] = torch.tensor([-1.0, 1.0])
    back[half:] = -back[:half]
    put_linear(block.linear2, back, torch.zeros(width))


def _parity(
    embedding: SymbolEmbedding, values: Tensor, encoder: nn.Module, reads: Tensor, threshold: float = 0.5
) -> NodeClassifier:
    put(embedding.weight, values)
    head = nn.Linear(len(reads), 2)
    put_linear(head, torch.stack([-reads, reads]), torch.tensor([threshold, -threshold]))
    return NodeClassifier(embedding, encoder, head)


def _conv(conv: GraphConv, own: Tensor, neighbour: Tensor, bias: Tensor) -> None:
    put(conv.lin_root.weight, own)
    put_linear(conv.lin_rel, neighbour, bias)
