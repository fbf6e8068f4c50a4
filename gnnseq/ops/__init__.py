"""Differentiable mathematics without weights."""

from gnnseq.ops.linear_scan import linear_scan
from gnnseq.ops.scan import scan
from gnnseq.ops.schedule import Schedule
from gnnseq.ops.segment import segment
from gnnseq.ops.sparse import SparseOperator
from gnnseq.ops.spectral import chebyshev_terms, gcn_operator, scaled_laplacian

__all__ = [
    "Schedule",
    "SparseOperator",
    "chebyshev_terms",
    "gcn_operator",
    "linear_scan",
    "scaled_laplacian",
    "scan",
    "segment",
]
