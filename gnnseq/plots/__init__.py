"""Figures, one function each; the only package that imports matplotlib."""

from gnnseq.plots.accuracy import plot_accuracy

__all__ = ["plot_accuracy"]
