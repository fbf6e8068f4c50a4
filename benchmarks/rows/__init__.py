"""The rows of the table, layer by layer."""

from benchmarks.rows import batches, gcn, gcrn, linear, pairs, paths, training, trees

ROWS = [
    *gcrn.rows(),
    *trees.rows(),
    *pairs.rows(),
    *paths.rows(),
    *gcn.rows(),
    *linear.rows(),
    *batches.rows(),
    *training.rows(),
]
