"""Shared by all layers with Chebyshev filters: the operator of the edges."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from gnnseq.layers.checks import check_sizes
from gnnseq.layers.edge_mask import EdgeMask, MaskedOperator
from gnnseq.layers.signals.layout import SignalLayout
from gnnseq.ops.edges import plain_edges
from gnnseq.ops.operators.sparse import SparseOperator
from gnnseq.ops.operators.spectral import chebyshev_terms, scaled_laplacian
from gnnseq.ops.transforms import is_recorded, uncompiled

Operators = SparseOperator | Sequence[SparseOperator]
Forward = TypeVar("Forward", bound=Callable[..., Any])


def whole_if_ready(forward: Forward) -> Forward:
    """A layer's ``forward`` that `torch.compile` follows on a ready operator, and runs as it is on edges."""

    @wraps(forward)
    def either(layer: nn.Module, x: Tensor, edge_index: Any, *arguments: Any, **named: Any) -> Any:
        if torch.compiler.is_dynamo_compiling() and not isinstance(edge_index, SparseOperator):
            return uncompiled(forward, layer, x, edge_index, *arguments, **named)
        return forward(layer, x, edge_index, *arguments, **named)

    return cast(Forward, either)


class SpectralModule(nn.Module):
    """A layer with Chebyshev filters of order K on a scaled Laplacian.

    Args:
        K: number of Chebyshev terms; a filter reaches K - 1 hops.
        normalization: of the Laplacian: "sym", "rw" or None.
    """

    def __init__(self, K: int, normalization: str | None) -> None:
        super().__init__()
        check_sizes(K=K)
        if normalization not in ("sym", "rw", None):
            raise ValueError(f'normalization is {normalization!r}, expected "sym", "rw" or None')
        self.K = K
        self.normalization = normalization
        self.edge_mask = EdgeMask(K - 1) if K > 1 else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"

    @property
    def filter_weight(self) -> Tensor:
        """The weight whose dtype is the layer's."""
        weight = self.weight
        assert isinstance(weight, Tensor)
        return weight

    def operator(
        self,
        edge_index: Any,
        num_nodes: int,
        edge_weight: Any = None,
        batch: Tensor | None = None,
        lambda_max: Tensor | float | None = None,
    ) -> SparseOperator:
        """The scaled Laplacian of a graph, to be passed as ``edge_index`` wherever the graph stays the same.

        A `SparseOperator` is returned as it is, so any other linear map can take the Laplacian's place.
        """
        if isinstance(edge_index, SparseOperator):
            given = {"edge_weight": edge_weight, "lambda_max": lambda_max}
            return ready(edge_index, num_nodes, self.edge_mask, **given)
        edges, weight = weighted_edges(edge_index, edge_weight, self.filter_weight)
        operator = scaled_laplacian(edges, num_nodes, weight, self.normalization, lambda_max, batch)
        return operator if self.edge_mask is None else self.edge_mask.forward(operator, edges)

    def operators(
        self, layout: SignalLayout, edge_index: Any, edge_weight: Any, batch: Tensor | None, lambda_max: Any
    ) -> Operators:
        """One operator for all steps, or one for each where ``edge_index`` is a list."""
        if not isinstance(edge_index, list | tuple):
            return self.operator(edge_index, layout.nodes, edge_weight, batch, lambda_max)
        graphs = layout.graphs(edge_index, edge_weight)
        return [self.operator(edges, layout.nodes, weight, batch, lambda_max) for edges, weight in graphs]

    def filtered(self, operator: SparseOperator, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        r""":math:`\sum_k T_k(\tilde L) x W_k + b` of a signal ``[N, ..., F]``, with weights ``[K, F, O]``."""
        terms = chebyshev_terms(operator, x, self.K)
        joined = terms[0] if self.K == 1 else torch.cat(terms, dim=-1)
        return nn.functional.linear(joined, weight.reshape(-1, weight.size(-1)).t(), bias)

    def filtered_steps(self, operators: Operators, x: Tensor, weight: Tensor, bias: Tensor | None) -> Sequence[Tensor]:
        """`filtered` of every step of signals ``[N, S, T, F]``; all at once where the graph stays the same."""
        if isinstance(operators, SparseOperator):
            return self.filtered(operators, x, weight, bias).unbind(2)
        steps = zip(operators, x.unbind(2), strict=True)
        return [self.filtered(operator, x_t, weight, bias) for operator, x_t in steps]


def weighted_edges(edge_index: Any, edge_weight: Any, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Edges and their weights, ones where there are none, for a layer: in float64 if it is, in float32 otherwise."""
    edges, given = plain_edges(edge_index, edge_weight)
    dtype = torch.float64 if weight.dtype == torch.float64 else torch.float32
    if given is None:
        return edges, torch.ones(edges.size(1), dtype=dtype, device=edges.device)
    return edges, given if given.is_complex() else given.to(dtype)


def ready(operator: SparseOperator, num_nodes: int, mask: EdgeMask | None = None, **given: Any) -> SparseOperator:
    """A ready operator for so many nodes. Other arguments that it would ignore are errors."""
    if mask is not None and mask.is_set and not isinstance(operator, MaskedOperator):
        raise ValueError("edge_index is a ready operator, expected edges [2, E]: an explainer masks them")
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name} is given beside a ready operator, expected None: make the operator with it")
    if not is_recorded() and operator.num_nodes != num_nodes:
        raise ValueError(f"the operator is of {operator.num_nodes} nodes, but x has {num_nodes}")
    return operator
