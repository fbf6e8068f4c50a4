"""Figures, one function each; the only package that imports matplotlib."""

from gnnseq.plots.accuracy import plot_accuracy
from gnnseq.plots.graphs import plot_graphs
from gnnseq.plots.sight import plot_sight
from gnnseq.plots.signals import plot_forecasts
from gnnseq.plots.text import plot_text_curves

__all__ = ["plot_accuracy", "plot_forecasts", "plot_graphs", "plot_sight", "plot_text_curves"]
