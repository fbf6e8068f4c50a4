"""How a model is called on a batch of graphs, and where the features enter it."""

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from inspect import Parameter, signature
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from gnnseq.models.modes import evaluating

Model = Callable[..., Any]
_VARIADIC = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


class ModelCall:
    """A model on one batch, as a function of its features.

    Features are ``data.x`` where that holds floats. Where it holds integers they are the output of a module:
    ``inputs``, else the model's attribute ``embedding``, else the first `torch.nn.Embedding` that the model calls.

    Args:
        model: called as ``model(data)`` or, if its parameters are so named, ``model(x, edge_index, ...)`` with whatever
            attributes of the data its further parameters name.
        data: a graph or a batch of graphs.
        inputs: the module whose output counts as the features.

    Raises:
        ValueError: for integers without an embedding, a parameter that the data cannot fill, or an output that is
            neither one row per node nor one per graph, or not finite.
    """

    def __init__(self, model: Model, data: Data, inputs: nn.Module | None = None) -> None:
        self.model = model
        self.data = _prepared(model, data)
        self.num_nodes = int(self.data.num_nodes)
        if self.num_nodes == 0:
            raise ValueError("data has no nodes, expected at least one")
        batch = self.data.batch
        self.batch = batch if batch is not None else torch.zeros(self.num_nodes, dtype=torch.long)
        if bool((self.batch.diff() < 0).any()):
            raise ValueError("data.batch is not ascending, expected the nodes of each graph together")
        self.num_graphs = max(int(self.batch[-1]) + 1, getattr(self.data, "num_graphs", 1))
        self._sources = _sources(model, self.data, inputs)

    def features(self) -> Tensor:
        """The features as they are, ``[N, F]`` or ``[N, T, F]``."""
        if not self._sources:
            return self._per_node(self.data.x.detach())
        seen: list[Tensor] = []
        weight = _weight(self.model)

        def note(value: Tensor) -> Tensor:
            own = value if weight is None or not value.is_floating_point() else value.to(weight.dtype)
            seen.append(own)
            return own

        with self._replacing(note), torch.no_grad():
            self._invoke(self.data)
        if not seen:
            raise ValueError("model calls no embedding for the integers in x, expected inputs=module")
        if not seen[0].is_floating_point():
            raise ValueError(f"inputs gives {seen[0].dtype}, expected features that are floats")
        self._shape = seen[0].shape
        return self._per_node(seen[0].detach())

    def __call__(self, x: Tensor) -> Tensor:
        """The output for other features."""
        if self._sources:
            with self._replacing(lambda value: x.reshape(self._shape)):
                out = self._invoke(self.data)
        else:
            data = copy.copy(self.data)
            data.x = x
            out = self._invoke(data)
        out = out[0] if isinstance(out, tuple) and out else out
        if not isinstance(out, Tensor):
            raise ValueError(f"model returns a {type(out).__name__}, expected a tensor or a tuple that starts with one")
        return out

    def rows(self, out: Tensor) -> tuple[Tensor, Tensor]:
        """The output as ``[O, C]``, and the graph of each row ``[O]``."""
        shape = list(out.shape)
        if shape and shape[0] == self.num_nodes:
            return out.reshape(self.num_nodes, -1), self.batch
        if len(shape) == 3 and shape[0] * shape[1] == self.num_nodes:
            return out.reshape(self.num_nodes, -1), self.batch
        if shape and shape[0] == self.num_graphs:
            return out.reshape(self.num_graphs, -1), torch.arange(self.num_graphs)
        raise ValueError(
            f"model's output has shape {shape}, expected one row for each of {self.num_nodes} nodes "
            f"or {self.num_graphs} graphs"
        )

    def _per_node(self, x: Tensor) -> Tensor:
        if x.dim() > 0 and x.size(0) == self.num_nodes:
            return x
        if x.dim() > 2 and x.size(0) * x.size(1) == self.num_nodes:
            return x.flatten(0, 1)
        raise ValueError(f"features have shape {list(x.shape)}, expected {self.num_nodes} nodes in the first dimension")

    def _invoke(self, data: Data) -> Any:
        return call_model(self.model, data)

    @contextmanager
    def _replacing(self, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
        """The first output of a source is changed; later ones are left alone."""
        done: list[bool] = []

        def hook(module: nn.Module, args: Any, output: Tensor) -> Tensor:
            if done:
                return output
            done.append(True)
            return change(output)

        with ExitStack() as stack:
            for module in self._sources:
                stack.enter_context(module.register_forward_hook(hook))
            yield


@contextmanager
def in_double(model: Model, any_weights: bool = False) -> Iterator[None]:
    """A model in float64 and evaluation mode for a while; afterwards all that its modules hold is as it was.

    Args:
        model: what is no module is left alone.
        any_weights: whether parameters that are all zero, as some layers start, are random numbers meanwhile.
    """
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    own = [module for module in modules if not isinstance(module, torch.jit.ScriptModule)]
    kept = [(module, dict(module.__dict__), dict(module._buffers)) for module in own]
    tensors = {id(t): t for m in modules for t in (*m._parameters.values(), *m._buffers.values()) if t is not None}
    before = [(tensor, tensor.data) for tensor in tensors.values() if tensor.is_floating_point()]
    generator = torch.Generator().manual_seed(0)
    try:
        with evaluating(model):
            for tensor, data in before:
                tensor.data = data.double()
                if any_weights and isinstance(tensor, nn.Parameter) and not data.any():
                    drawn = torch.rand(data.shape, dtype=torch.float64, generator=generator)
                    tensor.data = drawn.mul_(0.1).to(data.device)
            yield
    finally:
        for tensor, data in before:
            tensor.data = data
        for module, attributes, buffers in kept:
            module.__dict__.clear()
            module.__dict__.update(attributes)
            module._buffers.clear()
            module._buffers.update(buffers)


def _prepared(model: Model, data: Data) -> Data:
    """A shallow copy on the model's device, its floats in the model's dtype."""
    weight = _weight(model)
    data = copy.copy(data)
    if weight is None:
        return data
    return data.apply(lambda t: t.to(weight.device, weight.dtype if t.is_floating_point() else t.dtype))


def _weight(model: Model) -> Tensor | None:
    """The first weight, whose dtype and device are those of the model."""
    weights = model.parameters() if isinstance(model, nn.Module) else iter(())
    return next((w for w in weights if w.is_floating_point()), None)


def _sources(model: Model, data: Data, inputs: nn.Module | None) -> list[nn.Module]:
    if inputs is not None:
        return [inputs]
    if data.x is None:
        raise ValueError("data has no x, expected features, or inputs=module")
    if data.x.is_floating_point():
        return []
    embedding = getattr(model, "embedding", None)
    if isinstance(embedding, nn.Module):
        return [embedding]
    modules = model.modules() if isinstance(model, nn.Module) else iter(())
    found: list[nn.Module] = [module for module in modules if isinstance(module, nn.Embedding)]
    if not found:
        raise ValueError(f"x holds {data.x.dtype} and model has no nn.Embedding, expected floats or inputs=module")
    return found


def call_model(model: Model, data: Data) -> Any:
    """``model(data)`` for one parameter; else by the parameters' names, the first two being features and edges."""
    forward = model.forward if isinstance(model, nn.Module) else model
    parameters = [p for p in signature(forward).parameters.values() if p.kind not in _VARIADIC]
    if not parameters:  # PyG's Sequential
        return model(data.x, data.edge_index)
    required = [p for p in parameters if p.default is Parameter.empty]
    if len(required) < 2 and not {"x", "edge_index"} & {p.name for p in parameters}:
        return model(data)
    filled = {}
    for place, p in enumerate(parameters):
        if p.annotation in (Batch, Data):
            filled[p.name] = data
        elif p.name in data and p.name != "y":
            filled[p.name] = data[p.name]
        elif p in required and place < 2:
            filled[p.name] = (data.x, data.edge_index)[place]
        elif p in required:
            raise ValueError(f"model needs {p.name}, which data does not hold; it holds {', '.join(data.keys())}")
    return model(**filled)
