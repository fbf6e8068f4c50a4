"""How the gradient of a loss fares on its way back, step by step or layer by layer."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Data
from torch_geometric.nn import MessagePassing

from gnnseq.analysis.calls import call_model, evaluating
from gnnseq.layers.cells import Cell
from gnnseq.layers.gcn import GCN
from gnnseq.layers.graph_recurrent import GraphRecurrent
from gnnseq.layers.recurrent import Recurrent
from gnnseq.layers.tree_lstm import NaryTreeLSTM

Watched = list[tuple[Tensor, tuple[Tensor, ...]]]


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
    """What `gradient_flow` finds.

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

    RNN, GRU, LSTM and the child-sum Tree-LSTM, N-ary Tree-LSTM, GCRN and its relatives are read at every step, a `GCN`
    and PyG's convolutions at every layer. The model runs in evaluation mode and level by level, and is left as it was.

    Args:
        model: called as in `gnnseq.analysis.influence`.
        data: a batch with targets ``y``.
        loss: of logits and targets.
        max_norm: to which gradients would be clipped.

    Raises:
        ValueError: for a model without such a layer (a `torch.nn.LSTM` cannot be read; see ``LSTM.from_torch``), a loss
            that is not finite, or a ``max_norm`` that is not positive.
    """
    if max_norm is not None and not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}, expected a positive number or None")
    seen: dict[str, Watched] = {}
    with ExitStack() as stack, torch.enable_grad():
        stack.enter_context(evaluating(model))
        for name, module in model.named_modules():
            stack.enter_context(_watching(name, module, seen))
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


@contextmanager
def _watching(name: str, module: nn.Module, seen: dict[str, Watched]) -> Iterator[None]:
    """Notes each step's state, and the weight that this step alone used."""
    if isinstance(module, Recurrent):
        fused, module.fused = module.fused, False
        try:
            yield
        finally:
            module.fused = fused
    elif isinstance(module, Cell):
        with _own_weight(name, module, "step", "weight_hh", seen):
            yield
    elif isinstance(module, GraphRecurrent):
        with _own_weight(name, module, "step", "weight_h", seen):
            yield
    elif isinstance(module, NaryTreeLSTM):
        with _own_argument(name, module, seen):
            yield
    elif isinstance(module, GCN):
        with _layers(name, module, seen):
            yield
    elif isinstance(module, MessagePassing):
        with _convolution(module, seen):
            yield
    else:
        yield


@contextmanager
def _replaced(module: nn.Module, method: str, function: Callable[..., Any]) -> Iterator[None]:
    module.__dict__[method] = function
    try:
        yield
    finally:
        del module.__dict__[method]


@contextmanager
def _own_weight(name: str, module: nn.Module, method: str, weight: str, seen: dict[str, Watched]) -> Iterator[None]:
    """Every step multiplies by a copy of its own, so that its share of the gradient can be told apart."""
    original = getattr(module, method)
    shared = module._parameters[weight]
    assert shared is not None

    def step(*args: Any) -> Any:
        own = shared.clone()
        module._parameters[weight] = own  # type: ignore[assignment]
        try:
            states = original(*args)
        finally:
            module._parameters[weight] = shared
        seen.setdefault(name, []).append((states[0], (own,)))
        return states

    with _replaced(module, method, step):
        yield


@contextmanager
def _own_argument(name: str, module: NaryTreeLSTM, seen: dict[str, Watched]) -> Iterator[None]:
    original = module._step

    def step(x: Tensor, children: Any, slot: Tensor, weight: Tensor) -> Any:
        own = weight.clone()
        states = original(x, children, slot, own)
        seen.setdefault(name, []).append((states[0], (own,)))
        return states

    with _replaced(module, "_step", step):
        yield


@contextmanager
def _layers(name: str, module: GCN, seen: dict[str, Watched]) -> Iterator[None]:
    """The output of each layer of a stack is what enters the activation, and of the last what leaves the stack."""
    outputs: list[Tensor] = []

    def finish(stack: nn.Module, args: Any, output: Tensor) -> None:
        biases: list[tuple[Tensor, ...]] = [()] * module.num_layers
        if module.biases is not None:
            biases = [(bias,) for bias in module.biases]
        layers = zip([*outputs, output], module.weights, biases, strict=True)
        seen.setdefault(name, []).extend((state, (weight, *bias)) for state, weight, bias in layers)
        outputs.clear()

    handles = [
        module.activation.register_forward_pre_hook(lambda activation, args: outputs.append(args[0])),
        module.register_forward_hook(finish),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _convolution(module: MessagePassing, seen: dict[str, Watched]) -> Iterator[None]:
    """PyG's convolutions, one after the other in the order in which they are called."""

    def note(conv: nn.Module, args: Any, output: Any) -> None:
        state = output[0] if isinstance(output, tuple) else output
        seen.setdefault("convolutions", []).append((state, tuple(p for p in conv.parameters() if p.requires_grad)))

    handle = module.register_forward_hook(note)
    try:
        yield
    finally:
        handle.remove()
