"""A constant sparse matrix that multiplies signals on the nodes of a graph."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Self

import torch
from torch import Tensor, nn

from gnnseq.ops.edges import check_edges
from gnnseq.ops.operators.constant_matrix import ConstantMatrix, multiply
from gnnseq.ops.transforms import has_tangent, in_float32, is_recorded, is_traced


class SparseOperator(nn.Module):
    r"""A constant linear map between signals on nodes: ``(op @ x)[v] = sum over edges (u, v) of w_uv x[u]``.

    The product multiplies by a CSR matrix, and the backward pass by its transpose; each is made at its first use. The
    matrix is dense where every two nodes share an edge. There are four cases without a matrix, in which messages are
    gathered and added: a small signal on few edges on the CPU; weights that need gradients; code inside `torch.compile`
    or `torch.jit.trace`; an operator made inside a transform of `torch.func`. All forms sum over edges only: a NaN at a
    node reaches its neighbours and, where the matrix is dense, the node itself.

    The operator is a module without weights. Inside another module it is moved, copied and cast like a buffer. It is
    not part of the ``state_dict`` unless it is `saved`.

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
        constant = not varies and len(weight) > 0 and not weight.is_meta
        self.matrix = ConstantMatrix(self.edge_index, weight, self.num_nodes) if constant else None

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self._build()
        return self

    @property
    def directions(self) -> "tuple[SparseOperator, ...]":
        """The operators whose polynomials a filter adds up; here the operator itself."""
        return (self,)

    def saved(self) -> Self:
        """A copy whose edges and weights are in the ``state_dict``, for a model that is saved with its graph."""
        copy = deepcopy(self)
        for module in copy.modules():
            module._non_persistent_buffers_set.clear()
        return copy

    def _load_from_state_dict(self, *arguments: Any) -> None:
        super()._load_from_state_dict(*arguments)
        check_edges(self.edge_index, self.num_nodes)
        self._build()

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
        if self.weight.is_complex() and not x.is_complex():
            x = x.to(torch.promote_types(x.dtype, self.weight.dtype))
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
            out: Tensor = multiply(x, self.matrix)
            return out
        if not is_recorded() and self.edge_index.size(1) == 0:
            return torch.zeros_like(x)
        exact = in_float32(x)
        messages = exact.index_select(0, self.edge_index[0]) * self.weight.to(exact.dtype).unsqueeze(1)
        return torch.zeros_like(exact).index_add(0, self.edge_index[1], messages).to(x.dtype)

    def to_dense(self) -> Tensor:
        """The matrix ``[N, N]``, one row per target."""
        eye = torch.eye(self.num_nodes, dtype=self.weight.dtype, device=self.weight.device)
        return self @ eye


def as_real(weight: Tensor) -> Tensor:
    """Integers and booleans become numbers of torch's default dtype."""
    return weight if weight.is_floating_point() or weight.is_complex() else weight.to(torch.get_default_dtype())
