"""Weights one after the other as base64 of float32, and parts of a model that the page cannot compute."""

import base64
from typing import Any

import torch
from torch import Tensor, nn

Plain = dict[str, Any]


class NoForwardPassError(ValueError):
    """A part of a model that the page cannot compute; the message names it."""


class Packer:
    """Weights one after the other, each known by its place and shape."""

    def __init__(self) -> None:
        self.parts: list[Tensor] = []
        self.size = 0

    def __call__(self, weight: Tensor | None) -> Plain | None:
        """Where a weight is; None stays None."""
        if weight is None:
            return None
        flat = weight.detach().to("cpu", torch.float32).contiguous()
        place = {"at": self.size, "shape": list(flat.shape)}
        self.parts.append(flat.flatten())
        self.size += flat.numel()
        return place

    def text(self) -> str:
        """All weights as base64 of little-endian float32."""
        return base64.b64encode(torch.cat(self.parts).numpy().astype("<f4").tobytes()).decode()


def name(module: nn.Module) -> str:
    """Of the module's class."""
    return type(module).__name__


def refuse(module: nn.Module, what: str = "") -> NoForwardPassError:
    """The error for a module that the page cannot compute; ``what`` says as what it stands where it does."""
    return NoForwardPassError(f"{name(module)}{what} has no forward pass in the page")


def known(names: dict[type[nn.Module], str], module: nn.Module) -> str:
    """The page's name of a module's class.

    Raises:
        NoForwardPassError: for a class that has none.
    """
    if type(module) not in names:
        raise refuse(module)
    return names[type(module)]


def linear(module: nn.Module, pack: Packer) -> Plain:
    """Weight and bias of a linear layer.

    Raises:
        NoForwardPassError: for another module.
    """
    if not isinstance(module, nn.Linear):
        raise refuse(module, " as a linear layer")
    return {"weight": pack(module.weight), "bias": pack(module.bias)}
