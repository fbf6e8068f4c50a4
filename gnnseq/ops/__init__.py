"""Differentiable mathematics without weights."""

from gnnseq.ops.linear.scan import linear_scan
from gnnseq.ops.operators.diffusion import DiffusionOperator, diffusion_operator, random_walk
from gnnseq.ops.operators.sparse import SparseOperator
from gnnseq.ops.operators.spectral import chebyshev_terms, gcn_operator, scaled_laplacian
from gnnseq.ops.scan import scan
from gnnseq.ops.schedule import Schedule
from gnnseq.ops.segment import segment

__all__ = [
    "DiffusionOperator",
    "Schedule",
    "SparseOperator",
    "chebyshev_terms",
    "diffusion_operator",
    "gcn_operator",
    "linear_scan",
    "random_walk",
    "scaled_laplacian",
    "scan",
    "segment",
]
