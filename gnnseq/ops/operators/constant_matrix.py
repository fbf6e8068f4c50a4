"""The constant matrix of a graph and its product, in the form that fits the edges and the signal."""

import warnings
from copy import copy
from functools import cache
from typing import Any, Self

import torch
from torch import Tensor
from torch._functorch.utils import unwrap_dead_wrappers

from gnnseq.ops.transforms import outside_transforms, without_autocast

_FEW = 2**11  # numbers in all messages together, up to which no matrix is made


class ConstantMatrix:
    """The matrix ``[N, N]`` of some edges, with one row per target; each form of it is made when a product needs it.

    Edges and weights are copied. torch.func cannot lift sparse tensors, so `_Product` takes this object instead.

    Attributes:
        ends: source and target of every edge.
        weight: weight of every edge ``[E, 1]``; those of repeated edges add up.
        channels: channels of a signal up to which a product adds up messages; with more it multiplies by a matrix.
    """

    def __init__(self, edge_index: Tensor, weight: Tensor, num_nodes: int) -> None:
        source, target = edge_index.clone().unbind()
        self.ends = source, target
        self.weight = weight.clone().unsqueeze(1)
        self.num_nodes = num_nodes
        self._is_transposed = False
        self._complete = _is_complete(edge_index, num_nodes)
        self.channels = _FEW // len(weight) if weight.device.type == "cpu" and not self._complete else -1
        self._made: dict[tuple[torch.dtype, bool], Tensor] = {}

    @property
    def transposed(self) -> Self:
        """The transpose; the two share the matrices that were made of either."""
        other = copy(self)
        other.ends = self.ends[1], self.ends[0]
        other._is_transposed = not self._is_transposed
        return other

    def of(self, dtype: torch.dtype) -> Tensor:
        """The matrix in a dtype: CSR, or dense where every two nodes share an edge."""
        key = dtype, self._is_transposed
        if key not in self._made:
            with outside_transforms():
                make = _dense if self._complete else _csr
                self._made[key] = make(*self.ends, self.weight.squeeze(1).to(dtype), self.num_nodes)
        return self._made[key]

    def entries(self) -> tuple[Tensor, Tensor, Tensor]:
        """Source, target and weight of each entry, by ascending target."""
        matrix = self.of(self.weight.dtype)
        if matrix.layout == torch.strided:
            target, source = matrix.nonzero(as_tuple=True)
            return source, target, matrix[target, source]
        length = matrix.crow_indices().diff()
        return matrix.col_indices().long(), torch.repeat_interleave(length).long(), matrix.values()

    def product(self, x: Tensor) -> Tensor:
        """In the dtype of ``x``; half precision is multiplied in float32."""
        with without_autocast(x.device):
            return self._product(x)

    def _product(self, x: Tensor) -> Tensor:
        if x.dtype in (torch.float16, torch.bfloat16):
            return self._product(x.float()).to(x.dtype)
        if x.size(1) > self.channels:
            return self.of(x.dtype) @ x
        source, target = self.ends
        messages = x.index_select(0, source).mul_(self.weight.to(x.dtype))
        return torch.zeros_like(x).index_add_(0, target, messages)


def _is_complete(edge_index: Tensor, num_nodes: int) -> bool:
    """Whether every two nodes share an edge in both directions, so that a dense product reads nothing but edges."""
    pairs = num_nodes * (num_nodes - 1)
    if edge_index.size(1) < pairs:
        return False
    source, target = edge_index[:, edge_index[0] != edge_index[1]]
    return len(torch.unique(source * num_nodes + target)) == pairs


def _dense(column: Tensor, row: Tensor, weight: Tensor, num_nodes: int) -> Tensor:
    return weight.new_zeros(num_nodes, num_nodes).index_put((row, column), weight, accumulate=True)


def _csr(column: Tensor, row: Tensor, weight: Tensor, num_nodes: int) -> Tensor:
    place, order = torch.add(column, row, alpha=num_nodes).sort(stable=True)
    # torch's kernels on the CPU want int32 and convert any other indices at every product
    index = torch.int32 if max(num_nodes, len(row)) < 2**31 else torch.int64
    first = torch.arange(0, num_nodes * num_nodes + 1, num_nodes, device=row.device)  # where each row begins
    pointer = torch.searchsorted(place, first, out_int32=index == torch.int32)
    column = column.index_select(0, order).to(index)
    _warn_of_beta()
    size = (num_nodes, num_nodes)
    return torch.sparse_csr_tensor(pointer, column, weight.index_select(0, order), size, check_invariants=False)


@cache
def _warn_of_beta() -> None:
    """Suppresses torch's warning that CSR tensors are in beta, which it gives once in a process."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
        torch.sparse_csr_tensor([0, 0], [], [], (1, 1), check_invariants=False)


def multiply(x: Tensor, matrix: ConstantMatrix) -> Tensor:
    """The product with a signal ``[N, F]``, which has derivatives of every kind."""
    if torch._C._are_functorch_transforms_active():
        out: Tensor = _Product.apply(x, matrix)  # type: ignore[no-untyped-call]
        return out
    # torch's own ``apply`` inspects the signature at every call, which takes longer than a small product
    args = unwrap_dead_wrappers((x, matrix))
    out = super(torch.autograd.Function, _Product).apply(*args)  # type: ignore[no-untyped-call]
    return out


class _Product(torch.autograd.Function):
    """The product with a CSR matrix; its backward is the product with the transpose, itself differentiable."""

    @staticmethod
    def forward(x: Tensor, matrix: ConstantMatrix) -> Tensor:
        return matrix.product(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ConstantMatrix], output: Tensor) -> None:
        ctx.matrix = inputs[1]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        if ctx.matrix.weight.is_complex():
            return multiply(grad.conj().resolve_conj(), ctx.matrix.transposed).conj().resolve_conj(), None
        return multiply(grad, ctx.matrix.transposed), None

    @staticmethod
    def jvp(ctx: Any, x_t: Tensor, matrix_t: None) -> Tensor:
        tangent: Tensor = multiply(x_t, ctx.matrix)
        return tangent

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int, None], x: Tensor, matrix: ConstantMatrix) -> tuple[Tensor, int]:
        signals = x.movedim(in_dims[0], -1)  # [N, F, V]: the mapped dimension is one more channel
        out: Tensor = multiply(signals.reshape(signals.size(0), -1), matrix)
        return out.view(signals.shape), signals.dim() - 1
