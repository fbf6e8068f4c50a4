"""Encoders as plain values, which name their weights by place and shape."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch_geometric.nn import GCNConv, GINConv, GraphConv

from gnnseq.layers import GCN, GCRN
from gnnseq.layers.attention.graph_transformer import GraphTransformer
from gnnseq.layers.attention.positions import SinusoidalPositions
from gnnseq.layers.cells import DAGNNCell, GRUCell, LSTMCell, RecurrentCell, RNNCell
from gnnseq.layers.linear.min_rnns import MinGRUCell, MinLSTMCell
from gnnseq.layers.stacked import StackedRecurrence
from gnnseq.layers.tree_lstm import NaryCell
from gnnseq.models import (
    TCN,
    BagEncoder,
    ConvStack,
    EdgeEncoder,
    HopConv,
    RoundsEncoder,
    SignalEncoder,
    SlotEncoder,
)
from gnnseq.page.packer import Packer, Plain, known, linear, refuse

_CELLS: dict[type[RecurrentCell], str] = {
    RNNCell: "rnn", GRUCell: "gru", LSTMCell: "lstm", NaryCell: "nary", DAGNNCell: "dagnn",
    MinGRUCell: "min_gru", MinLSTMCell: "min_lstm",
}  # fmt: skip
_ACTIVATIONS = {nn.ReLU: "relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid", nn.Identity: "identity"}


def encoder(module: nn.Module, pack: Packer) -> Plain:
    """An encoder's kind, sizes and weights.

    Raises:
        NoForwardPassError: for an encoder, or a part of one, that the page cannot compute.
    """
    if isinstance(module, ConvStack):
        return _convs(module, pack)
    if isinstance(module, BagEncoder):
        return {"kind": "bag"} | linear(module.linear, pack)
    if isinstance(module, SignalEncoder | RoundsEncoder) and isinstance(module.layer, GCRN):
        return _gcrn(module.layer, module.rounds if isinstance(module, RoundsEncoder) else None, pack)
    if isinstance(module, EdgeEncoder | SlotEncoder):
        if isinstance(module.layer, GCN):
            return _gcn(module.layer, pack)
        if isinstance(module.layer, GraphTransformer):
            return _transformer(module.layer, pack)
        if isinstance(module.layer, StackedRecurrence):
            return _recurrence(module.layer, pack)
        raise refuse(module.layer)
    raise refuse(module)


def _recurrence(layer: StackedRecurrence, pack: Packer) -> Plain:
    cell = _CELLS.get(layer.cell_type)
    if cell is None:
        raise refuse(layer)
    cells = [_cell(each, cell, pack) for each in layer._cells]
    arity = {"arity": layer._cells[0].arity} if cell == "nary" else {}
    return {"kind": "recurrence", "cell": cell, "directions": layer.num_directions, "cells": cells, **arity}


def _cell(cell: Any, name: str, pack: Packer) -> Plain:
    found: Plain = {"size": cell.out_channels, "weight_ih": pack(cell.weight_ih), "bias": pack(cell.bias)}
    if name == "nary":
        gates = [[pack(block) for block in of_child] for of_child in cell.weight_f]
        return found | {"weight_igo": [pack(each) for each in cell.weight_igo], "weight_f": gates}
    if name.startswith("min"):
        return found | {"signed": cell.signed, "mean": cell.mean}
    found["weight_hh"] = pack(cell.weight_hh)
    if name in ("gru", "dagnn"):
        found["bias_hn"] = pack(cell.bias_hn)
    return found | ({"attention": pack(cell.attention)} if name == "dagnn" else {})


def _gcn(layer: GCN, pack: Packer) -> Plain:
    biases: Sequence[Tensor | None] = [None] * layer.num_layers if layer.biases is None else list(layer.biases)
    convs = [
        {"kind": "gcn", "weight": pack(weight.t()), "bias": pack(bias), "loops": layer.add_self_loops}
        for weight, bias in zip(layer.weights, biases, strict=True)
    ]
    return {"kind": "convs", "convs": convs, "norms": [None] * (len(convs) - 1), "residual": False, "project": None,
            "positions": None,
            "activation": known(_ACTIVATIONS, layer.activation)}  # fmt: skip


def _convs(stack: ConvStack, pack: Packer) -> Plain:
    activation: Any = stack.activation
    if isinstance(stack, TCN):
        activation = activation[0]  # then comes dropout
    return {
        "kind": "convs",
        "convs": [_conv(conv, pack) for conv in stack.convs],
        "norms": [_norm(norm, pack) for norm in stack.norms],
        "residual": stack.residual,
        "positions": _positions(stack.positions),
        "project": None if isinstance(stack.project, nn.Identity) else linear(stack.project, pack),
        "activation": known(_ACTIVATIONS, activation),
    }


def _conv(conv: Any, pack: Packer) -> Plain:
    if isinstance(conv, HopConv):
        return _conv(conv.conv, pack) | {"hop": conv.hop}
    if type(conv) is GraphConv and conv.aggr in ("add", "sum"):
        return {"kind": "graph", "rel": pack(conv.lin_rel.weight), "bias": pack(conv.lin_rel.bias),
                "root": pack(conv.lin_root.weight), "hop": None}  # fmt: skip
    if type(conv) is GCNConv and conv.normalize and not conv.improved:
        return {"kind": "gcn", "weight": pack(conv.lin.weight), "bias": pack(conv.bias), "loops": conv.add_self_loops}
    if type(conv) is GINConv and isinstance(conv.nn, nn.Sequential):
        return {"kind": "gin", "eps": float(conv.eps), "parts": [_step(part, pack) for part in conv.nn]}
    raise refuse(conv)


def _step(part: nn.Module, pack: Packer) -> Plain:
    """A linear layer or an activation."""
    return linear(part, pack) if isinstance(part, nn.Linear) else {"activation": known(_ACTIVATIONS, part)}


def _positions(module: nn.Module | None) -> Plain | None:
    if module is not None and not isinstance(module, SinusoidalPositions):
        raise refuse(module)
    return None if module is None else {"by_number": module.by_number}


def _transformer(layer: GraphTransformer, pack: Packer) -> Plain:
    blocks: list[dict[str, Plain | None]] = [
        {
            **{name: linear(getattr(block, name), pack) for name in ("qkv", "out", "linear1", "linear2")},
            **{name: _norm(getattr(block, name), pack) for name in ("norm1", "norm2")},
        }
        for block in layer._blocks
    ]
    first = layer._blocks[0]
    return {
        "kind": "transformer",
        "attend": layer.attend,
        "heads": first.heads,
        "norm_first": first.norm_first,
        "activation": known(_ACTIVATIONS, first.activation),
        "project": None if isinstance(layer.project, nn.Identity) else linear(layer.project, pack),
        "positions": _positions(layer.positions),
        "blocks": blocks,
        "norm": None if layer.norm is None else _norm(layer.norm, pack),
    }


def _norm(norm: nn.Module, pack: Packer) -> Plain | None:
    if isinstance(norm, nn.Identity):
        return None
    if not isinstance(norm, nn.LayerNorm) or len(norm.normalized_shape) != 1:
        raise refuse(norm)
    return {"weight": pack(norm.weight), "bias": pack(norm.bias), "eps": norm.eps}


def _gcrn(layer: GCRN, rounds: int | None, pack: Packer) -> Plain:
    if layer.normalization != "sym":
        raise refuse(layer, f" with normalization={layer.normalization!r}")
    weight_x, weight_h = ([pack(term.t()) for term in terms] for terms in (layer.weight_x, layer.weight_h))
    return {"kind": "gcrn", "size": layer.out_channels, "rounds": rounds, "weight_x": weight_x, "weight_h": weight_h,
            "bias": pack(layer.bias), "peephole": pack(layer.peephole)}  # fmt: skip
