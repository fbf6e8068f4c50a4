"""The rows of the table, layer by layer."""

from benchmarks.rows import batches, gcn, gcrn, linear, paths, training, trees

ROWS = [*gcrn.rows(), *trees.rows(), *paths.rows(), *gcn.rows(), *linear.rows(), *batches.rows(), *training.rows()]
