"""Weights that compute a task exactly, written down and not trained."""

from gnnseq.studies.compute.constructions.in_depth import attend, double, unroll
from gnnseq.studies.compute.constructions.linear import latch, toggle
from gnnseq.studies.compute.constructions.saturated import fold, track

__all__ = ["attend", "double", "fold", "latch", "toggle", "track", "unroll"]
