"""Where PyG's explainers put their masks over edges."""

from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from gnnseq.ops.operators.sparse import SparseOperator


class MaskedOperator(SparseOperator):
    """An operator to which a mask was applied."""


class EdgeMask(MessagePassing):  # type: ignore[misc]
    """Multiplies the entries of a layer's operator by the mask of an explainer of `torch_geometric.explain`.

    Explainers look for modules of the class `MessagePassing`, set a number between 0 and 1 for each edge, and count
    such modules as hops. A layer that multiplies by matrices passes no messages; this module without weights stands
    for its hops. As in PyG the degrees stay those of the whole graph, and self-loops are not masked.

    Args:
        hops: how far the layer reaches, at least 1.
    """

    explain: bool | None = None  # a property of the base class, which would look for messages

    def __init__(self, hops: int) -> None:
        nn.Module.__init__(self)  # that of MessagePassing writes code for messages
        self.flow = "source_to_target"
        self._edge_mask: Tensor | None = None
        self._loop_mask: Tensor | None = None
        self._apply_sigmoid = True
        self.further = nn.ModuleList([EdgeMask(hops - 1)] if hops > 1 else [])

    def __setstate__(self, state: dict[str, Any]) -> None:
        nn.Module.__setstate__(self, state)

    def __repr__(self) -> str:
        return "EdgeMask()"

    @property
    def is_set(self) -> bool:
        """Whether an explainer is at work."""
        return self._edge_mask is not None

    def forward(self, operator: SparseOperator, edge_index: Tensor) -> SparseOperator:
        """The operator of these edges under the mask, or as it is.

        Raises:
            ValueError: for a mask of another number of edges.
        """
        given = self.factor(edge_index)
        if given is None:
            return operator
        given = given[edge_index[0] != edge_index[1]].to(operator.weight.dtype)
        edges = operator.edge_index
        factor = torch.ones_like(operator.weight).masked_scatter(edges[0] != edges[1], given)
        return MaskedOperator(edges, operator.weight * factor, operator.num_nodes)

    def factor(self, edge_index: Tensor) -> Tensor | None:
        """The mask as numbers between 0 and 1, one for each of these edges ``[E]``; None where none is set.

        Raises:
            ValueError: for a mask of another number of edges.
        """
        mask: Any = self._edge_mask
        if mask is None:
            return None
        if mask.shape != edge_index.shape[1:]:
            raise ValueError(f"the explainer's mask has shape {list(mask.shape)}, expected [{edge_index.size(1)}]")
        given: Tensor = mask.sigmoid() if self._apply_sigmoid else mask
        return given


class NoEdgeMask(EdgeMask):
    """Stands in a layer that cannot apply a mask over edges, and says so when an explainer sets one."""

    def __init__(self) -> None:
        super().__init__(1)

    def __repr__(self) -> str:
        return "NoEdgeMask()"

    def refuse(self, layer: nn.Module) -> None:
        """Raises a ``ValueError`` where an explainer has set a mask: it would have no effect."""
        if self.is_set:
            raise ValueError(
                f"an edge mask is set, but {type(layer).__name__} applies none, so it would have no effect, expected "
                "edge_mask_type=None"
            )
