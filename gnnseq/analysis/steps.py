"""The states that layers go through while a model runs, each with the weights that its step alone used."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from gnnseq.layers.cells import Cell
from gnnseq.layers.gcn import GCN
from gnnseq.layers.linear.cell import LinearCell
from gnnseq.layers.recurrent import Recurrent
from gnnseq.layers.signals.graph_recurrent import GraphRecurrent
from gnnseq.layers.tree_lstm import NaryCell

Watched = list[tuple[Tensor, tuple[Tensor, ...]]]


@contextmanager
def watching(name: str, module: nn.Module, seen: dict[str, Watched]) -> Iterator[None]:
    """Records each step's state and the weights of this step, within the block.

    Args:
        name: of the module in its model.
        module: one of the layers that `gnnseq.analysis.gradient_flow` follows; others are ignored.
        seen: recorded steps, by the name of their layer.
    """
    if isinstance(module, Recurrent):
        fused, module.fused = module.fused, False
        try:
            yield
        finally:
            module.fused = fused
    elif isinstance(module, Cell):
        with _own_weight(name, module, "weight_hh", seen):
            yield
    elif isinstance(module, GraphRecurrent):
        with _own_weight(name, module, "weight_h", seen):
            yield
    elif isinstance(module, NaryCell):
        with _own_argument(name, module, seen):
            yield
    elif isinstance(module, GCN):
        with _layers(name, module, seen):
            yield
    elif isinstance(module, MessagePassing):
        with _convolution(module, seen):
            yield
    elif isinstance(module, LinearCell):
        raise ValueError(
            f"model.{name} is a {type(module).__name__}, whose steps run together in one scan, expected a "
            "recurrence that runs step by step"
        )
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
def _own_weight(name: str, module: Any, weight: str, seen: dict[str, Watched]) -> Iterator[None]:
    """Every step multiplies by a copy of its own, so that its share of the gradient can be told apart."""
    original, shared = module.step, module._parameters[weight]

    def step(*args: Any) -> Any:
        own = shared.clone()
        module._parameters[weight] = own
        try:
            states = original(*args)
        finally:
            module._parameters[weight] = shared
        seen.setdefault(name, []).append((states[0], (own,)))
        return states

    with _replaced(module, "step", step):
        yield


@contextmanager
def _own_argument(name: str, module: NaryCell, seen: dict[str, Watched]) -> Iterator[None]:
    original = module.step

    def step(x: Tensor, children: Any, slot: Tensor, weight: Tensor) -> Any:
        own = weight.clone()
        states = original(x, children, slot, own)
        seen.setdefault(name, []).append((states[0], (own,)))
        return states

    with _replaced(module, "step", step):
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

    before = module.activation.register_forward_pre_hook(lambda activation, args: outputs.append(args[0]))
    with before, module.register_forward_hook(finish):
        yield


@contextmanager
def _convolution(module: MessagePassing, seen: dict[str, Watched]) -> Iterator[None]:
    """PyG's convolutions, one after the other in the order in which they are called."""

    def note(conv: nn.Module, args: Any, output: Any) -> None:
        state = output[0] if isinstance(output, tuple) else output
        seen.setdefault("convolutions", []).append((state, tuple(p for p in conv.parameters() if p.requires_grad)))

    with module.register_forward_hook(note):
        yield
