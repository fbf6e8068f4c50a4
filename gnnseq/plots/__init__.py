"""Figures, one function each; the only package that imports matplotlib."""

from gnnseq.plots.accuracy import plot_accuracy
from gnnseq.plots.graphs import plot_graphs
from gnnseq.plots.sight import plot_sight

__all__ = ["plot_accuracy", "plot_graphs", "plot_sight"]
