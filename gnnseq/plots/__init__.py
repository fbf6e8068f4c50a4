"""Figures, one function each; the only package that imports matplotlib."""

from gnnseq.plots.comparison.accuracy import plot_accuracy
from gnnseq.plots.comparison.cost import plot_cost
from gnnseq.plots.comparison.learning import plot_learning
from gnnseq.plots.comparison.reach import plot_reach
from gnnseq.plots.comparison.report import write_report
from gnnseq.plots.comparison.verdicts import plot_verdicts
from gnnseq.plots.graphs import plot_graphs
from gnnseq.plots.levels import plot_levels
from gnnseq.plots.studies.optimizers import plot_race
from gnnseq.plots.studies.sight import plot_sight
from gnnseq.plots.studies.signals import plot_forecasts
from gnnseq.plots.studies.surface import plot_paths
from gnnseq.plots.studies.text import plot_text_curves

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
