"""What a model can see, what it does see, and whether gradients survive the way back."""

from gnnseq.analysis.influence import (
    dependencies,
    frobenius,
    influence,
    influence_blocks,
    l1,
    spectral,
    time_influence,
)
from gnnseq.analysis.reach import chebyshev_hops, hop_distance, hops_needed, layers_needed, reach

__all__ = [
    "chebyshev_hops",
    "dependencies",
    "frobenius",
    "hop_distance",
    "hops_needed",
    "influence",
    "influence_blocks",
    "l1",
    "layers_needed",
    "reach",
    "spectral",
    "time_influence",
]
