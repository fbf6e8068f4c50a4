"""Figures, one function each; the only package that imports matplotlib."""

from gnnseq.plots.accuracy import plot_accuracy
from gnnseq.plots.cost import plot_cost
from gnnseq.plots.graphs import plot_graphs
from gnnseq.plots.learning import plot_learning
from gnnseq.plots.levels import plot_levels
from gnnseq.plots.optimizers import plot_race
from gnnseq.plots.reach import plot_reach
from gnnseq.plots.report import write_report
from gnnseq.plots.sight import plot_sight
from gnnseq.plots.signals import plot_forecasts
from gnnseq.plots.surface import plot_paths
from gnnseq.plots.text import plot_text_curves
from gnnseq.plots.verdicts import plot_verdicts

__all__ = [
    "plot_accuracy",
    "plot_cost",
    "plot_forecasts",
    "plot_graphs",
    "plot_learning",
    "plot_levels",
    "plot_paths",
    "plot_race",
    "plot_reach",
    "plot_sight",
    "plot_text_curves",
    "plot_verdicts",
    "write_report",
]
