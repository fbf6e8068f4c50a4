"""Weights to and from modules of torch, PyG and the literature."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.layers.cells import Cell


def take(goal: Tensor, *parts: Tensor | Sequence[Tensor | None], name: str = "weight", dim: int = 0) -> None:
    """Writes a weight from those of another module, and freezes it where they are frozen.

    Args:
        goal: the weight.
        parts: one after the other along an axis; those of a sequence add up, and None counts as zero.
        name: of the weight, for the message.
        dim: the axis.

    Raises:
        ValueError: for parts of which some are frozen and some are not, which one weight cannot be.
    """
    summed = [[p for p in ([part] if isinstance(part, Tensor) else part) if p is not None] for part in parts]
    trained = {any(p.requires_grad for p in group) for group in summed if group}
    if len(trained) > 1:
        raise ValueError(
            f"{name} joins weights of the module of which some are frozen (requires_grad=False) and some are not, "
            "expected all or none"
        )
    with torch.no_grad():
        for row, group in zip(goal.split(goal.size(dim) // len(parts), dim), summed, strict=True):
            row.zero_()
            for part in group:
                row += part.reshape(row.shape)
    goal.requires_grad_(trained != {False})


@torch.enable_grad()  # parts of a weight that is trained count as trained
def load_torch(cells: Iterable[Cell], num_directions: int, module: nn.RNNBase) -> None:
    """Copies the weights of a torch module into cells of the same sizes, with what is frozen.

    torch's two bias vectors are added. The second bias of a GRU's candidate stays separate.
    """
    for number, cell in enumerate(cells):
        suffix = _suffix(number, num_directions)
        take(cell.weight_ih, getattr(module, f"weight_ih_{suffix}"))
        take(cell.weight_hh, getattr(module, f"weight_hh_{suffix}"))
        _load_bias(cell, module, suffix)


def _load_bias(layer: Any, module: nn.RNNBase, suffix: str) -> None:
    if layer.bias is None:
        return
    bias_ih, bias_hh = (getattr(module, f"bias_{kind}_{suffix}") for kind in ("ih", "hh"))
    if getattr(layer, "bias_hn", None) is None:
        take(layer.bias, [bias_ih, bias_hh])
        return
    if bias_ih.requires_grad != bias_hh.requires_grad:
        raise ValueError(f"module has one of bias_ih_{suffix} and bias_hh_{suffix} frozen, expected both or none")
    (r, z, n), (r_hh, z_hh, n_hh) = bias_ih.chunk(3), bias_hh.chunk(3)
    take(layer.bias, [r, r_hh], [z, z_hh], n)
    take(layer.bias_hn, n_hh)


@torch.no_grad()
def store_torch(cells: Iterable[Cell], num_directions: int, module: nn.RNNBase) -> None:
    """The inverse: torch's second bias vector becomes zero, except for a GRU's candidate."""
    for number, cell in enumerate(cells):
        suffix = _suffix(number, num_directions)
        bias, candidate = cell.bias, getattr(cell, "bias_hn", None)
        if bias is not None and candidate is not None and bias.requires_grad != candidate.requires_grad:
            raise ValueError("one of bias and bias_hn is frozen, expected both or none: torch.nn.GRU joins them")
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        owners = (cell.weight_ih, cell.weight_hh, bias, bias)
        for kind, weight, owner in zip(kinds, cell.fused_weights(), owners, strict=False):
            goal = getattr(module, f"{kind}_{suffix}")
            goal.copy_(weight).requires_grad_(owner is not None and owner.requires_grad)


def _suffix(number: int, num_directions: int) -> str:
    layer, direction = divmod(number, num_directions)
    return f"l{layer}" + ("_reverse" if direction else "")


@torch.enable_grad()
def load_filters(layer: Any, module: nn.RNNBase) -> None:
    """Copies the weights of a torch module of one layer into filters with K = 1, with its mode and what is frozen."""
    for name, goal in {"weight_ih_l0": layer.weight_x, "weight_hh_l0": layer.weight_h}.items():
        take(goal, getattr(module, name).t())
    _load_bias(layer, module, "l0")
    layer.train(module.training)


@torch.enable_grad()
def cheb_weight(conv: Any) -> Tensor:
    """The weights ``[K, F, O]`` of a PyG ChebConv."""
    if len({lin.weight.requires_grad for lin in conv.lins}) > 1:
        raise ValueError(f"{conv} has some of its lins frozen (requires_grad=False), expected all or none")
    return torch.stack([lin.weight.t() for lin in conv.lins])


def check_gconv_lstm(module: Any) -> None:
    """Raises a ``TypeError`` unless a module has the layout of PyG Temporal's GConvLSTM; it names what is missing."""
    names = [f"{kind}_{gate}" for gate in "ifco" for kind in ("conv_x", "conv_h", "b")]
    missing = [name for name in [*names, *(f"w_c_{gate}" for gate in "ifo")] if not hasattr(module, name)]
    if missing:
        raise TypeError(
            f"module is a {type(module).__name__} without {', '.join(missing)}, expected the layout of PyG Temporal's "
            "GConvLSTM: ChebConvs conv_x_i, conv_h_i, ... conv_h_o, peepholes w_c_i, w_c_f, w_c_o, biases b_i, ... b_o"
        )
    if not hasattr(module.conv_x_i, "lins"):
        raise TypeError(f"module.conv_x_i is a {type(module.conv_x_i).__name__}, expected torch_geometric.nn.ChebConv")


@torch.enable_grad()
def load_gconv_lstm(layer: Any, module: Any) -> None:
    """Copies the weights of a module laid out as PyG Temporal's GConvLSTM: one filter, bias and peephole per gate.

    Its gates are called i, f, c, o; each has three biases that add up.
    """
    for kind in ("x", "h"):
        filters = [cheb_weight(getattr(module, f"conv_{kind}_{gate}")) for gate in "ifco"]
        take(getattr(layer, f"weight_{kind}"), *filters, name=f"weight_{kind}", dim=-1)
    biases = [[getattr(module, f"{name}_{gate}") for name in ("conv_x", "conv_h", "b")] for gate in "ifco"]
    take(layer.bias, *([x.bias, h.bias, own] for x, h, own in biases), name="bias")
    take(layer.peephole, *(getattr(module, f"w_c_{gate}") for gate in "ifo"), name="peephole")
    layer.train(module.training)


def check_child_sum(module: Any) -> tuple[int, int]:
    """Sizes F and H of a child-sum module.

    Raises:
        TypeError: without linear layers W_iou, U_iou and U_f.
        ValueError: for shapes that do not fit, as those of an N-ary cell.
    """
    missing = [name for name in ("W_iou", "U_iou", "U_f") if not isinstance(getattr(module, name, None), nn.Linear)]
    if missing:
        kind = type(module).__name__
        raise TypeError(f"module is a {kind} without linear layers {', '.join(missing)}, expected W_iou, U_iou, U_f")
    H, F = module.U_iou.weight.size(0) // 3, module.W_iou.weight.size(1)
    for name, shape in {"W_iou": [3 * H, F], "U_iou": [3 * H, H], "W_f": [H, F], "U_f": [H, H]}.items():
        layer = getattr(module, name, None)
        if layer is not None and list(layer.weight.shape) != shape:
            raise ValueError(
                f"module.{name}.weight has shape {list(layer.weight.shape)}, expected {shape}: a child-sum cell reads "
                "the sum of its children, not several side by side as an N-ary one"
            )
    return F, H


@torch.enable_grad()
def load_child_sum(cell: Cell, module: Any) -> None:
    """Copies the weights of a child-sum module with linear layers W_iou, U_iou, W_f, U_f, gates in the order i, o, u.

    Biases may sit in any of the layers or beside them as b_iou and b_f. Where W_f is missing it counts as zero.
    """
    assert cell.bias is not None
    for side, goal in (("W", cell.weight_ih), ("U", cell.weight_hh)):
        i, o, u = getattr(module, f"{side}_iou").weight.chunk(3)
        f = getattr(module, f"{side}_f", None)
        take(goal, i, [None if f is None else f.weight], u, o, name=f"{side}_iou and {side}_f")
    biases: dict[str, list[Any]] = {}
    for name, count in {"iou": 3, "f": 1}.items():
        layers = [getattr(module, f"{side}_{name}", None) for side in "WU"]
        found = [layer.bias for layer in layers if layer is not None] + [getattr(module, f"b_{name}", None)]
        biases[name] = [b.view(count, -1) for b in found if b is not None]
    i, o, u = ([b[gate] for b in biases["iou"]] for gate in range(3))
    take(cell.bias, i, [b[0] for b in biases["f"]], u, o, name="bias")
