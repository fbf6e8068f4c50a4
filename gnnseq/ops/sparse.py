"""A constant sparse matrix that multiplies signals on the nodes of a graph."""

import warnings
from collections.abc import Callable
from inspect import signature
from typing import Any, Self

import torch
from torch import Tensor, nn

from gnnseq.ops.edges import check_edges
from gnnseq.ops.transforms import has_tangent, is_recorded, is_traced


class SparseOperator(nn.Module):
    r"""A constant linear map between signals on nodes: ``(op @ x)[v] = sum over edges (u, v) of w_uv x[u]``.

    On the CPU and on a GPU it is a CSR matrix, together with its transpose for the backward pass, so that messages
    are never formed; where every two nodes share an edge it is a dense one. Where the weights need gradients, inside
    `torch.compile` and `torch.jit.trace`, and where it is made inside a transform of `torch.func`, edges are gathered
    and added instead. All of these sum over edges only: a NaN at a node reaches its neighbours, and where the matrix is
    dense that node itself.

    It is a module without weights. In another module it moves, is copied and changes its dtype as a buffer does, and
    is not part of the ``state_dict``.

    Args:
        edge_index: edges ``[2, E]``, from the node read to the node that reads.
        weight: one factor per edge ``[E]``.
        num_nodes: number of nodes N.
        diagonal: a further multiple of the identity.

    Raises:
        ValueError: for a node out of range, or not one weight per edge.
    """

    edge_index: Tensor
    weight: Tensor

    def __init__(self, edge_index: Tensor, weight: Tensor, num_nodes: int, diagonal: float = 0.0) -> None:
        super().__init__()
        check_edges(edge_index, num_nodes)
        if not is_recorded() and weight.shape != edge_index.shape[1:]:
            expected = list(edge_index.shape[1:])
            raise ValueError(f"weight has shape {list(weight.shape)}, expected {expected}, one per edge")
        self.num_nodes = num_nodes
        self.diagonal = diagonal
        self.register_buffer("edge_index", edge_index, persistent=False)
        self.register_buffer("weight", as_real(weight), persistent=False)
        self._build()

    def _build(self) -> None:
        weight = self.weight
        varies = is_traced() or weight.requires_grad or has_tangent(weight)
        self.matrix: _Matrix | None = None
        if not varies and len(weight) > 0 and not weight.is_meta:
            self.matrix = _Matrix.from_edges(self.edge_index, weight, self.num_nodes)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self._build()
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "matrix": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._build()

    def _replicate_for_data_parallel(self) -> Self:
        replica: Self = super()._replicate_for_data_parallel()  # type: ignore[no-untyped-call]
        replica.matrix = None  # it stands on another device
        return replica

    def __repr__(self) -> str:
        return f"SparseOperator(nodes={self.num_nodes}, edges={self.edge_index.size(1)})"

    def __matmul__(self, x: Tensor) -> Tensor:
        return self.forward(x)

    def apply(self, x: Any) -> Any:
        """The product ``op @ x`` under a name that `torch.compile` follows.

        Given a function instead of a signal, it is `torch.nn.Module.apply`.
        """
        return self.forward(x) if isinstance(x, Tensor) else super().apply(x)

    def forward(self, x: Tensor) -> Tensor:
        """The product ``op @ x``.

        Args:
            x: a signal ``[N, ...]`` of floating point or complex numbers; all further dimensions are channels.
        """
        if not x.is_floating_point() and not x.is_complex():
            raise ValueError(f"x has dtype {x.dtype}, expected a floating point dtype: use x.to({self.weight.dtype})")
        if not is_recorded() and x.size(0) != self.num_nodes:
            raise ValueError(
                f"x has shape {list(x.shape)}, expected {self.num_nodes} nodes in the first dimension, as the operator"
            )
        flat = x if x.dim() == 2 else x.reshape(x.size(0), -1)
        out = self._product(flat)
        if self.diagonal:
            out = out + self.diagonal * flat
        return out if x.dim() == 2 else out.view(x.shape)

    def matrix_of(self, dtype: torch.dtype, transposed: bool = False) -> Tensor:
        """The matrix ``[N, N]`` without its diagonal's multiple, CSR or, where every two nodes share an edge, dense.

        Raises:
            ValueError: where there is none: weights that need gradients, no edges, or made inside a transform.
        """
        if self.matrix is None:
            raise ValueError(f"{self} has no matrix, expected constant weights and at least one edge")
        return (self.matrix.transposed if transposed else self.matrix).of(dtype)

    def _product(self, x: Tensor) -> Tensor:
        if self.matrix is not None and not torch.compiler.is_compiling() and not is_recorded():
            out: Tensor = _multiply(x, self.matrix)
            return out
        if not is_recorded() and self.edge_index.size(1) == 0:
            return torch.zeros_like(x)
        messages = x.index_select(0, self.edge_index[0]) * self.weight.to(x.dtype).unsqueeze(1)
        return torch.zeros_like(x).index_add(0, self.edge_index[1], messages)

    def to_dense(self) -> Tensor:
        """The matrix ``[N, N]``, one row per target."""
        eye = torch.eye(self.num_nodes, dtype=self.weight.dtype, device=self.weight.device)
        return self @ eye


def as_real(weight: Tensor) -> Tensor:
    """Integers and booleans become numbers of torch's default dtype."""
    return weight if weight.is_floating_point() or weight.is_complex() else weight.to(torch.get_default_dtype())


class _Matrix:
    """A CSR matrix and its transpose, or a dense one of a graph in which every two nodes share an edge.

    torch.func cannot lift sparse tensors, so `_Product` is handed this object and not the tensors in it.
    """

    def __init__(self, matrix: Tensor, transposed: "Tensor | _Matrix") -> None:
        self._matrix = matrix
        self.transposed = transposed if isinstance(transposed, _Matrix) else _Matrix(transposed, self)
        self._other_dtypes: dict[torch.dtype, Tensor] = {matrix.dtype: matrix}

    @classmethod
    def from_edges(cls, edge_index: Tensor, weight: Tensor, num_nodes: int) -> "_Matrix":
        source, target = edge_index[0], edge_index[1]
        make = _dense if _is_complete(edge_index, num_nodes) else _csr
        return cls(make(target, source, weight, num_nodes), make(source, target, weight, num_nodes))

    def of(self, dtype: torch.dtype) -> Tensor:
        """The matrix in a dtype."""
        if dtype not in self._other_dtypes:
            self._other_dtypes[dtype] = self._matrix.to(dtype)
        return self._other_dtypes[dtype]

    def entries(self) -> tuple[Tensor, Tensor, Tensor]:
        """Source, target and weight of each entry, by ascending target."""
        if self._matrix.layout == torch.strided:
            target, source = self._matrix.nonzero(as_tuple=True)
            return source, target, self._matrix[target, source]
        length = self._matrix.crow_indices().diff()
        return self._matrix.col_indices().long(), torch.repeat_interleave(length).long(), self._matrix.values()

    def product(self, x: Tensor) -> Tensor:
        """In the dtype of ``x``; half precision is multiplied in float32."""
        if not torch.is_autocast_enabled(x.device.type):
            return self._product(x)
        with torch.autocast(x.device.type, enabled=False):
            return self._product(x)

    def _product(self, x: Tensor) -> Tensor:
        if x.dtype in (torch.float16, torch.bfloat16):
            return (self.of(torch.float32) @ x.float()).to(x.dtype)
        return self.of(x.dtype) @ x


def _is_complete(edge_index: Tensor, num_nodes: int) -> bool:
    """Whether every two nodes share an edge in both directions, so that a dense product reads nothing but edges."""
    pairs = num_nodes * (num_nodes - 1)
    if edge_index.size(1) < pairs:
        return False
    source, target = edge_index[:, edge_index[0] != edge_index[1]]
    return len(torch.unique(source * num_nodes + target)) == pairs


def _dense(row: Tensor, column: Tensor, weight: Tensor, num_nodes: int) -> Tensor:
    return weight.new_zeros(num_nodes, num_nodes).index_put((row, column), weight, accumulate=True)


def _csr(row: Tensor, column: Tensor, weight: Tensor, num_nodes: int) -> Tensor:
    size = (num_nodes, num_nodes)
    order = (row * num_nodes + column).argsort(stable=True)
    # torch's kernels on the CPU want int32 and convert any other indices at every product
    index = torch.int32 if max(num_nodes, len(row)) < 2**31 else torch.int64
    pointer = row.new_zeros(num_nodes + 1, dtype=index)
    pointer[1:] = torch.bincount(row, minlength=num_nodes).cumsum(0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(pointer, column[order].to(index), weight[order], size, check_invariants=False)


def _multiply(x: Tensor, matrix: _Matrix) -> Tensor:
    out: Tensor = _Product.apply(x, matrix)  # type: ignore[no-untyped-call]
    return out


class _Product(torch.autograd.Function):
    """The product with a CSR matrix; its backward is the product with the transpose, itself differentiable."""

    @staticmethod
    def forward(x: Tensor, matrix: _Matrix) -> Tensor:
        return matrix.product(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, _Matrix], output: Tensor) -> None:
        ctx.matrix = inputs[1]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return _multiply(grad, ctx.matrix.transposed), None

    @staticmethod
    def jvp(ctx: Any, x_t: Tensor, matrix_t: None) -> Tensor:
        tangent: Tensor = _multiply(x_t, ctx.matrix)
        return tangent

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int, None], x: Tensor, matrix: _Matrix) -> tuple[Tensor, int]:
        signals = x.movedim(in_dims[0], -1)  # [N, F, V]: the mapped dimension is one more channel
        out: Tensor = _multiply(signals.reshape(signals.size(0), -1), matrix)
        return out.view(signals.shape), signals.dim() - 1


# torch asks for it at every call, which otherwise takes longer than a small product
_Product.forward.__signature__ = signature(_Product.forward)  # type: ignore[attr-defined]
