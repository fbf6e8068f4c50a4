"""Constructed weights that compute a task exactly, without training."""

from gnnseq.studies.compute.constructions.in_depth import attend, double, unroll
from gnnseq.studies.compute.constructions.linear import latch, toggle
from gnnseq.studies.compute.constructions.saturated import fold, track

__all__ = ["attend", "double", "fold", "latch", "toggle", "track", "unroll"]
