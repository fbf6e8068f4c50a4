"""The rows of the table, layer by layer."""

from benchmarks.rows import batches, gcn, gcrn, paths, training, trees

ROWS = [*gcrn.rows(), *trees.rows(), *paths.rows(), *gcn.rows(), *batches.rows(), *training.rows()]
