"""How the gradient of a loss fares on its way back, step by step or layer by layer."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Data

from gnnseq.analysis.calls import call_model
from gnnseq.analysis.steps import Watched, watching
from gnnseq.models.modes import evaluating


@dataclass(frozen=True)
class LayerFlow:
    r"""The gradient at every step of one recurrent layer, or at every layer of a stack of convolutions.

    A step is a time step, or a level of a tree from the leaves to the root. All numbers are norms over the whole batch.

    Attributes:
        hidden: :math:`\|\partial L / \partial h_t\|` of each step ``[T]``, through all that comes later.
        weight: of each step's share in the gradient of the recurrent weight, or of each layer's own weights ``[T]``.
    """

    hidden: Tensor
    weight: Tensor


@dataclass(frozen=True)
class GradientFlow:
    """The result of `gradient_flow`.

    Attributes:
        layers: by the module's name in the model.
        norm: of all gradients together, before clipping.
        clip_factor: by what clipping multiplies every gradient of a weight; 1 where it changes nothing. It bounds
            exploding gradients and does nothing for vanishing ones.
    """

    layers: dict[str, LayerFlow]
    norm: float
    clip_factor: float


def gradient_flow(
    model: nn.Module,
    data: Data,
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
    max_norm: float | None = None,
) -> GradientFlow:
    """Follows the gradient of a loss back through every recurrence and stack of convolutions of a model.

    RNN, GRU, LSTM and the child-sum Tree-LSTM, N-ary Tree-LSTM, GCRN and its relatives are measured at every step, a
    `GCN` and PyG's convolutions at every layer. The model runs in evaluation mode and level by level; it is not
    changed.

    Args:
        model: called as in `gnnseq.analysis.influence`.
        data: a batch with targets ``y``.
        loss: of logits and targets.
        max_norm: to which gradients would be clipped.

    Raises:
        ValueError: for a model without such a layer (for a `torch.nn.LSTM` see ``LSTM.from_torch``), or with a linear
            recurrence such as `MinGRU`, whose steps run together; for a loss
            that is not finite, or a ``max_norm`` that is not positive.
    """
    if max_norm is not None and not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}, expected a positive number or None")
    seen: dict[str, Watched] = {}
    with ExitStack() as stack, torch.enable_grad():
        stack.enter_context(evaluating(model))
        for name, module in model.named_modules():
            stack.enter_context(watching(name, module, seen))
        value = loss(call_model(model, data), data.y)
    if not seen:
        raise ValueError("model has no layer to follow gradients through, expected a recurrence or a convolution")
    if not bool(torch.isfinite(value)):
        raise ValueError(f"loss is {value.item()}, expected a finite number")
    parameters = [p for p in model.parameters() if p.requires_grad]
    points = [t for steps in seen.values() for state, weights in steps for t in (state, *weights)]
    found = iter(torch.autograd.grad(value, [*parameters, *points], materialize_grads=True))
    norm = _norm([next(found) for _ in parameters])
    layers = {}
    for name, steps in seen.items():
        pairs = [(next(found), [next(found) for _ in weights]) for _, weights in steps]
        layers[name] = LayerFlow(
            torch.tensor([_norm([state]) for state, _ in pairs]), torch.tensor([_norm(shares) for _, shares in pairs])
        )
    factor = 1.0 if max_norm is None else min(1.0, max_norm / (norm + 1e-6))
    return GradientFlow(layers, norm, factor)


def _norm(gradients: list[Tensor]) -> float:
    return float(torch.stack([g.double().square().sum() for g in gradients]).sum().sqrt()) if gradients else 0.0
