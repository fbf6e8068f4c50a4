"""Weights to and from modules of torch, PyG and the literature."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.layers.cells import Cell


@torch.no_grad()
def load_torch(cells: Iterable[Cell], num_directions: int, module: nn.RNNBase) -> None:
    """Copies the weights of a torch module into cells of the same sizes.

    torch's two bias vectors are added up, but for the second one of a GRU's candidate, which stands apart.
    """
    for number, cell in enumerate(cells):
        suffix = _suffix(number, num_directions)
        cell.weight_ih.copy_(getattr(module, f"weight_ih_{suffix}"))
        cell.weight_hh.copy_(getattr(module, f"weight_hh_{suffix}"))
        _load_bias(cell, module, suffix)


def _load_bias(layer: Any, module: nn.RNNBase, suffix: str) -> None:
    if layer.bias is None:
        return
    bias_ih, bias_hh = (getattr(module, f"bias_{kind}_{suffix}") for kind in ("ih", "hh"))
    layer.bias.copy_(bias_ih + bias_hh)
    if getattr(layer, "bias_hn", None) is not None:
        H = layer.out_channels
        layer.bias[-H:] = bias_ih[-H:]
        layer.bias_hn.copy_(bias_hh[-H:])


@torch.no_grad()
def store_torch(cells: Iterable[Cell], num_directions: int, module: nn.RNNBase) -> None:
    """The way back: torch's second bias vector becomes zero, but for a GRU's candidate."""
    for number, cell in enumerate(cells):
        suffix = _suffix(number, num_directions)
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        for kind, weight in zip(kinds, cell.fused_weights(), strict=False):
            getattr(module, f"{kind}_{suffix}").copy_(weight)


def _suffix(number: int, num_directions: int) -> str:
    layer, direction = divmod(number, num_directions)
    return f"l{layer}" + ("_reverse" if direction else "")


@torch.no_grad()
def load_filters(layer: Any, module: nn.RNNBase) -> None:
    """Copies the weights of a torch module of one layer into filters with K = 1."""
    named = dict(module.named_parameters())
    layer.weight_x[0] = named["weight_ih_l0"].t()
    layer.weight_h[0] = named["weight_hh_l0"].t()
    _load_bias(layer, module, "l0")


def cheb_weight(conv: Any) -> Tensor:
    """The weights ``[K, F, O]`` of a PyG ChebConv."""
    return torch.stack([lin.weight.t() for lin in conv.lins])


@torch.no_grad()
def load_gconv_lstm(layer: Any, module: Any) -> None:
    """Copies the weights of a module laid out as PyG Temporal's GConvLSTM: one filter, bias and peephole per gate.

    Its gates are called i, f, c, o; each has three biases that add up.
    """
    H = layer.out_channels
    for number, gate in enumerate("ifco"):
        conv_x, conv_h = getattr(module, f"conv_x_{gate}"), getattr(module, f"conv_h_{gate}")
        columns = slice(number * H, (number + 1) * H)
        layer.weight_x[..., columns] = cheb_weight(conv_x)
        layer.weight_h[..., columns] = cheb_weight(conv_h)
        biases = [b.view(H) for b in (conv_x.bias, conv_h.bias, getattr(module, f"b_{gate}")) if b is not None]
        layer.bias[columns] = torch.stack(biases).sum(0)
    layer.peephole.copy_(torch.stack([getattr(module, f"w_c_{gate}").view(H) for gate in "ifo"]))


@torch.no_grad()
def load_child_sum(cell: Cell, module: Any) -> None:
    """Copies the weights of a child-sum module with linear layers W_iou, U_iou, W_f, U_f, gates in the order i, o, u.

    Biases may sit in any of the layers or beside them as b_iou and b_f. Where W_f is missing it counts as zero.
    """
    assert cell.bias is not None
    H = cell.out_channels
    cell.weight_ih.zero_()
    cell.weight_hh.zero_()
    cell.bias.zero_()
    places = {"iou": (0, 3, 2), "f": (1,)}
    for name, gates in places.items():
        for source, goal in ((f"W_{name}", cell.weight_ih), (f"U_{name}", cell.weight_hh)):
            layer = getattr(module, source, None)
            if layer is None:
                continue
            _add_rows(goal, gates, layer.weight, H)
            if layer.bias is not None:
                _add_rows(cell.bias, gates, layer.bias, H)
        if getattr(module, f"b_{name}", None) is not None:
            _add_rows(cell.bias, gates, getattr(module, f"b_{name}").view(-1), H)


def _add_rows(goal: Tensor, gates: tuple[int, ...], rows: Tensor, H: int) -> None:
    for gate, block in zip(gates, rows.chunk(len(gates)), strict=True):
        goal[gate * H : (gate + 1) * H] += block
