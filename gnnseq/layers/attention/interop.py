"""Weights to and from torch's Transformer encoder."""

from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.nn.functional import gelu, relu

from gnnseq.layers.attention.block import TransformerBlock
from gnnseq.layers.interop import take

_LINEAR = ("linear1", "linear2", "norm1", "norm2")


def block_arguments(layers: list[nn.TransformerEncoderLayer]) -> tuple[int, dict[str, Any]]:
    """Width and arguments of blocks that equal the layers of a torch encoder.

    Raises:
        ValueError: for layers without biases, with several rates of dropout, an activation that is no module, or that
            differ in their arguments.
    """
    found = [_arguments(layer) for layer in layers]
    shown = [{**given, "activation": str(given["activation"])} for given in found]
    if any(other != shown[0] for other in shown):
        raise ValueError(f"module has layers with {shown[0]} and others with another choice, expected one for all")
    return layers[0].self_attn.embed_dim, found[0]


def _arguments(layer: nn.TransformerEncoderLayer) -> dict[str, Any]:
    if layer.linear1.bias is None:
        raise ValueError("module has no biases, expected bias=True")
    rates = {layer.dropout.p, layer.dropout1.p, layer.dropout2.p, layer.self_attn.dropout}
    if len(rates) > 1:
        raise ValueError(f"module has dropout of {sorted(rates)}, expected one for all parts")
    known: dict[Any, nn.Module] = {relu: nn.ReLU(), torch.relu: nn.ReLU(), gelu: nn.GELU()}
    activation = known.get(layer.activation, layer.activation)
    if not isinstance(activation, nn.Module) or list(activation.parameters()):
        raise ValueError(
            f"module has activation {activation}, expected relu, gelu or a torch.nn.Module without weights"
        )
    return {
        "heads": layer.self_attn.num_heads,
        "feedforward": layer.linear1.out_features,
        "dropout": rates.pop(),
        "norm_first": layer.norm_first,
        "activation": deepcopy(activation),
    }


@torch.enable_grad()  # parts of a weight that is trained count as trained
def load_block(block: TransformerBlock, layer: nn.TransformerEncoderLayer) -> None:
    """Copies the weights of a torch layer into a block of the same sizes, with what is frozen."""
    for goal, source in _pairs(block, layer):
        take(goal, source)
    block.norm1.eps, block.norm2.eps = layer.norm1.eps, layer.norm2.eps


@torch.enable_grad()
def load_norm(norm: nn.LayerNorm, source: Any) -> None:
    """Copies a normalisation, with what is frozen.

    Raises:
        ValueError: for another kind than `torch.nn.LayerNorm`, or one without weights.
    """
    if not isinstance(source, nn.LayerNorm) or source.bias is None:
        raise ValueError(f"module has norm {source}, expected torch.nn.LayerNorm with weight and bias")
    take(norm.weight, source.weight)
    take(norm.bias, source.bias)
    norm.eps = source.eps


def store_encoder(blocks: list[TransformerBlock], norm: nn.LayerNorm | None) -> nn.TransformerEncoder:
    """The way back: an encoder with ``batch_first=True``."""
    first = blocks[0]
    kind = {nn.ReLU: relu, nn.GELU: gelu}
    activation: Any = first.activation
    if getattr(activation, "approximate", "none") == "none":
        activation = kind.get(type(activation), activation)
    layer = nn.TransformerEncoderLayer(
        first.qkv.in_features,
        first.heads,
        first.linear1.out_features,
        first.dropout,
        activation,
        batch_first=True,
        norm_first=first.norm_first,
    )
    end = None if norm is None else nn.LayerNorm(first.qkv.in_features)
    module = nn.TransformerEncoder(layer, len(blocks), end, enable_nested_tensor=False).to(first.qkv.weight)
    for block, goal in zip(blocks, module.layers, strict=True):
        for weight, copy in _pairs(block, goal):
            _copy(copy, weight)
        goal.norm1.eps, goal.norm2.eps = block.norm1.eps, block.norm2.eps
        goal.activation = module.layers[0].activation  # one for all, as in the blocks
    if norm is not None and end is not None:
        _copy(end.weight, norm.weight)
        _copy(end.bias, norm.bias)
        end.eps = norm.eps
    return module


def _pairs(block: TransformerBlock, layer: Any) -> list[tuple[Any, Any]]:
    """Each weight of a block beside that of a torch layer."""
    attention = layer.self_attn
    parts = [getattr(block, name) for name in _LINEAR] + [block.out]
    theirs = [getattr(layer, name) for name in _LINEAR] + [attention.out_proj]
    pairs = [(block.qkv.weight, attention.in_proj_weight), (block.qkv.bias, attention.in_proj_bias)]
    for mine, other in zip(parts, theirs, strict=True):
        pairs += [(mine.weight, other.weight), (mine.bias, other.bias)]
    return pairs


@torch.no_grad()
def _copy(goal: nn.Parameter, source: nn.Parameter) -> None:
    goal.copy_(source).requires_grad_(source.requires_grad)
