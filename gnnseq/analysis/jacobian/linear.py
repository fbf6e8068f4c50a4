"""Products of a model's Jacobian at a batch with many vectors at once, from either side."""

import math
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import RLock
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor
from torch.func import vmap

from gnnseq.analysis.calls import ModelCall
from gnnseq.analysis.jacobian.operation import name_of, recorded
from gnnseq.analysis.jacobian.rows import fast_rows

MEMORY_LIMIT = 2**30  # bytes that all vectors of one product may take together
_CACHE = 2**21  # bytes of the average intermediate result at which products are fastest on a CPU
_OTHERS_OF_TORCH = ("AccumulateGrad", "CopySlices")


class Linearised:
    r"""The Jacobian of a model at one batch, as products.

    `pull` multiplies it from the left, by one backward pass. `push` multiplies it from the right: the backward pass is
    a linear function of its cotangent u, and :math:`J t = \partial \langle u^T J, t \rangle / \partial u`, so the graph
    of the backward pass is recorded once and differentiated. Both take many vectors at once.

    Args:
        call: the model on the batch.
        by_step: whether each time step of features ``[N, T, F]`` is a separate input.

    Attributes:
        in_size: number of inputs U (nodes, or nodes and steps) and features of each, F.
        out_size: number of output rows O and their channels, C.
        in_graph: graph of each input ``[U]``.
        out_graph: graph of each output row ``[O]``.
        recorded: the features, a leaf, and the output ``[O, C]`` that autograd recorded for them.
    """

    def __init__(self, call: ModelCall, by_step: bool = False) -> None:
        self._call = call
        self.x = call.features()
        self.recorded, out_graph = self._record()
        out = self.recorded[1].detach()
        _check_finite(out)
        self.out_graph = out_graph.cpu()
        self.per_node = self.x.size(1) if by_step and self.x.dim() > 2 else 1
        units = self.x.size(0) * self.per_node
        self.in_size = (units, self.x.numel() // units)
        self.out_size = (out.size(0), out.size(1))
        self.in_graph = call.batch.cpu().repeat_interleave(self.per_node)

    def _record(self) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Runs the model; a second time if it drew random numbers, to check that they do not change the output."""
        before = _random_states()
        with torch.enable_grad(), decomposed(), fast_rows():
            x = self.x.clone().requires_grad_()
            out, graph = self._call.rows(self._call(x))
        if _random_states() != before:
            with torch.no_grad():
                again = self._call.rows(self._call(self.x))[0]
            eps = 1e3 * torch.finfo(out.dtype).eps
            if not torch.allclose(out, again, rtol=eps, atol=eps * float(again.abs().max()), equal_nan=True):
                raise ValueError(
                    "model gives two different outputs for the same batch, expected no randomness such as dropout"
                )
        return (x, out), graph

    @property
    def dtype(self) -> torch.dtype:
        """Of the features, and so of the results."""
        return self.x.dtype

    def chunk(self, chunk_size: int | None = None) -> int:
        """How many vectors to multiply at once; a size that could exceed the memory limit is reduced with a warning."""
        size = max(self._graph.size, 1)
        most = max(1, MEMORY_LIMIT // size)
        if chunk_size is None:
            return min(most, max(8, _CACHE * self._graph.operations // size))
        if chunk_size < 1:
            raise ValueError(f"chunk_size is {chunk_size}, expected an integer >= 1")
        if chunk_size > most:
            needed, limit = size * chunk_size / 2**30, MEMORY_LIMIT / 2**30
            warnings.warn(
                f"chunk_size {chunk_size} could take {needed:.1f} GiB, more than {limit:g}: taking {most}", stacklevel=5
            )
        return min(chunk_size, most)

    @cached_property
    def _graph(self) -> "_Graph":
        return _Graph.of(self.recorded[1])

    @property
    def has_custom_backward(self) -> bool:
        """Whether the model contains a backward pass that is not torch's, whose derivative may be wrong."""
        return self._graph.custom

    @cached_property
    def _backward(self) -> tuple[Tensor, Tensor]:
        x, out = self.recorded
        with torch.enable_grad():
            cotangent = torch.zeros_like(out).requires_grad_()
            back = torch.autograd.grad(out, x, cotangent, create_graph=True, materialize_grads=True)[0]
        return cotangent, back

    def pull(self, cotangents: Tensor) -> Tensor:
        """Products ``[k, U, F]`` of cotangents ``[k, O, C]`` with the Jacobian."""
        x, out = self.recorded
        return _products(out, x, cotangents).reshape(-1, *self.in_size)

    def push(self, tangents: Tensor) -> Tensor:
        """Products ``[k, O, C]`` of the Jacobian with tangents ``[k, U, F]``.

        Raises:
            RuntimeError: if the model's backward pass is not differentiable.
        """
        if not self.recorded[1].requires_grad:
            return tangents.new_zeros(len(tangents), *self.out_size)
        cotangent, back = self._backward
        return _products(back, cotangent, tangents.view(-1, *self.x.shape))


def _products(outputs: Tensor, inputs: Tensor, vectors: Tensor) -> Tensor:
    """One row of derivatives for each vector, on the CPU; one by one where torch cannot take them together."""
    if not outputs.requires_grad:
        return vectors.new_zeros(len(vectors), *inputs.shape)
    vectors = vectors.to(inputs.device)

    def one(vector: Tensor) -> Tensor:
        return torch.autograd.grad(outputs, inputs, vector, retain_graph=True, materialize_grads=True)[0]

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*performance drop.*")
        try:
            rows: Tensor = vmap(one)(vectors) if len(vectors) > 1 else one(vectors[0]).unsqueeze(0)
        except RuntimeError:
            rows = torch.stack([one(vector) for vector in vectors])
    return rows.cpu()


def _random_states() -> list[Any]:
    """Of all generators that a model may draw from."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    of_torch = [state.numpy().tobytes() for state in (torch.get_rng_state(), *cuda)]
    _, keys, *rest = np.random.get_state()  # noqa: NPY002
    return [random.getstate(), np.asarray(keys).tobytes(), rest, of_torch]


_SWITCHES = RLock()


@contextmanager
def decomposed() -> Iterator[None]:
    """Runs recurrences without fused kernels, whose backward passes have no derivatives.

    The switches belong to the process. A lock admits one thread at a time: a second one would read the changed switches
    and restore those.
    """
    with _SWITCHES:
        mkldnn = torch._C._get_mkldnn_enabled()
        torch._C._set_mkldnn_enabled(False)
        try:
            with torch.backends.cudnn.flags(enabled=False):
                yield
        finally:
            torch._C._set_mkldnn_enabled(mkldnn)


class _Graph(NamedTuple):
    """What autograd recorded for a result.

    Attributes:
        operations: how many there are.
        size: bytes of all their outputs, and so of what one vector takes at most on its way back.
        custom: whether one of them is not torch's own.
    """

    operations: int
    size: int
    custom: bool

    @classmethod
    def of(cls, result: Tensor) -> Self:
        nodes, size, custom = recorded(result), 0, False
        for node in nodes:
            for out in node._input_metadata:
                size += math.prod(out.shape) * out.dtype.itemsize
            custom = custom or not (name_of(node) or type(node).__name__ in _OTHERS_OF_TORCH)
        return cls(len(nodes), size, custom)


def memory_limit() -> int:
    """Largest number of bytes that all derivatives may take at a time."""
    return MEMORY_LIMIT


def random_numbers(dtype: torch.dtype, rows: int, width: int) -> tuple[Tensor, Tensor]:
    """A number for each row and one for each of its channels, of absolute value 1 to 2; the same at every call."""
    generator = torch.Generator().manual_seed(0)
    number = torch.rand(rows + width, 2, dtype=torch.float64, generator=generator)
    signed = (1 + number[:, 0]) * torch.where(number[:, 1] < 0.5, -1.0, 1.0)
    first, second = signed.to(dtype).split([rows, width])
    return first, second


def _check_finite(out: Tensor) -> None:
    bad = (~torch.isfinite(out)).nonzero()
    if bad.numel():
        row, channel = bad[0].tolist()
        raise ValueError(f"model's output {row} is {out[row, channel].item()}, expected finite numbers")
