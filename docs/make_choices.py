"""Three studies of choices that a verdict can hang on: python docs/make_choices.py --run initialisation --jobs 2.

- "initialisation": initialisations crossed with learning rates, on palindromes of length 20.
- "path": why a GCN fails on a path: one weight or two, direction, residual, normalisation and depth, crossed.
- "budget": 1,000, 10,000 and 100,000 weights, on copies and on nested lists.

``--run`` makes or goes on with the records in docs/results/choices; without it tables and figures are made of them.
"""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from statistics import fmean

import torch
from stored import fill_all, read
from torch import nn
from torch_geometric.nn import GCNConv, GraphConv

from gnnseq.experiments import Family, Settings, Store, find_family, run_comparison
from gnnseq.experiments.encoders import predictor, steps
from gnnseq.experiments.families import CHRONO, ORTHOGONAL, ORTHOGONAL_QUIET
from gnnseq.experiments.family import DEFAULT, Initialisation, fixed_reach
from gnnseq.experiments.tasks.base import Task
from gnnseq.experiments.tasks.first_symbol import FirstSymbolTask
from gnnseq.experiments.tasks.listops import ListOpsTask
from gnnseq.experiments.tasks.palindromes import PalindromeTask
from gnnseq.experiments.tasks.sequences import CopyMemoryTask
from gnnseq.graphs import path_batch
from gnnseq.layers import LSTM, chrono_
from gnnseq.models import ConvStack
from gnnseq.ops import gcn_operator
from gnnseq.plots.comparison.models import family_looks
from gnnseq.plots.style import bare, decades, figure, save
from gnnseq.results import collect
from gnnseq.results.joined import Result
from gnnseq.results.table import markdown_table, spread
from gnnseq.runs.store import Record

DOCS = Path(__file__).parent
PAGE, RESULTS, FIGURES = DOCS / "choices.md", DOCS / "results" / "choices", DOCS / "figures"
RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
COPY = CopyMemoryTask(30)
HOPS = 8  # from the first of nine symbols to the last
DEPTHS = (8, 12)
LEARNED = 0.15  # a mean above it; chance is 0.1
BUDGETS = (1_000, 10_000, 100_000)
BUDGETED = ("lstm", "min-gru", "transformer", "tcn", "tree-lstm-tree", "conv-residual-tree")


def _forget(model: nn.Module, task: Task) -> None:
    """A forget bias of 1 (Jozefowicz et al. 2015); of a GRU on the gate that keeps its state."""
    for layer in model.modules():
        if isinstance(layer, LSTM):
            H = layer.out_channels
            for cell in layer.cells:
                with torch.no_grad():
                    cell.bias[H : 2 * H] = 1.0


def _chrono_short(model: nn.Module, task: Task) -> object:
    return chrono_(model, max(3, steps(task) // 8))


def _chrono_long(model: nn.Module, task: Task) -> object:
    return chrono_(model, 8 * steps(task))


FORGET = Initialisation("forget bias 1", _forget)
SHORT = Initialisation("chrono, an eighth of the length", _chrono_short)
LONG = Initialisation("chrono, eight times the length", _chrono_long)
BEGINNINGS = {
    "rnn": (DEFAULT, ORTHOGONAL, ORTHOGONAL_QUIET),
    "gru": (DEFAULT, SHORT, CHRONO, LONG),
    "lstm": (DEFAULT, FORGET, SHORT, CHRONO, LONG),
}


def initialisation(store: Store, jobs: int) -> None:
    """Every initialisation of each recurrence at every rate, five seeds."""
    for name, beginnings in BEGINNINGS.items():
        for begin, rate in product(beginnings, RATES):
            family = replace(find_family(name), initialise=begin, learning_rate=rate)
            run_comparison([PalindromeTask(20)], [family], store=store, seeds=5, settings=Settings(), jobs=jobs)


def _stack(conv: type, residual: bool, norm: bool, depth: int, task: Task, features: int, width: int) -> nn.Module:
    return ConvStack(conv, features, width, depth, residual=residual, norm=nn.LayerNorm if norm else None)


def path_families() -> list[Family]:
    """All 32 stacks; the name says what each has."""
    made = []
    for two, both, residual, norm, depth in product((False, True), (False, True), (False, True), (False, True), DEPTHS):
        parts = ["two weights" if two else "one weight", "undirected" if both else "directed"]
        parts += ["residual"] * residual + ["norm"] * norm + [f"{depth} layers"]
        build = predictor(partial(_stack, GraphConv if two else GCNConv, residual, norm, depth))
        view = "path both ways" if both else "path"
        made.append(Family(", ".join(parts), view, build, reach=partial(fixed_reach, depth)))
    return made


def path(store: Store, jobs: int) -> None:
    """All stacks on the first of nine symbols, each at the best of three rates."""
    settings = Settings(steps=400, max_norm=None)
    run_comparison([FirstSymbolTask(HOPS + 1)], path_families(), store=store, seeds=3, grid=(1e-3, 3e-3, 1e-2),
                   tuning_seeds=1, extensions=0, settings=settings, jobs=jobs)  # fmt: skip


def budget(store: Store, jobs: int) -> None:
    """Six models at three budgets on two tasks, each at the best of its rates."""
    for weights in BUDGETS:
        for task in (COPY, ListOpsTask(20)):
            families = [family for family in map(find_family, BUDGETED) if family.joins(task)]
            run_comparison([task], families, store=store, seeds=5, grid=(1e-3, 3e-3, 1e-2), tuning_seeds=1,
                           settings=Settings(budget=weights, steps=600), jobs=jobs)  # fmt: skip


STUDIES = {"initialisation": initialisation, "path": path, "budget": budget}


def records_of(name: str) -> list[Record]:
    """Stored final runs."""
    return [record for record in read(RESULTS / f"{name}.jsonl") if record["purpose"] == "test"]


def by_rate(records: Iterable[Record]) -> dict[tuple[str, str], dict[float, list[float]]]:
    """Scores by model, initialisation and rate."""
    found: dict[tuple[str, str], dict[float, list[float]]] = {}
    for record in records:
        trial = record["trial"]
        rates = found.setdefault((trial["family"], trial["initialisation"]), {})
        rates.setdefault(trial["learning_rate"], []).append(record["score"])
    return found


def initialisation_table() -> str:
    """Mean accuracy of five seeds at each rate, and the least of them in brackets."""
    lines = []
    for (family, beginning), rates in by_rate(records_of("initialisation")).items():
        cells = [f"{100 * fmean(rates[r]):.1f} ({100 * min(rates[r]):.0f})" if r in rates else "–" for r in RATES]
        lines.append((find_family(family).title, beginning, *cells))
    return markdown_table(("model", "initialisation", *(f"{rate:g}" for rate in RATES)), lines)


def path_table() -> str:
    """The stacks that learned, the best first, and the range of all others in one row."""
    results = sorted(collect(records_of("path")), key=lambda result: -result.summary.mean)
    learned = [result for result in results if result.summary.mean > LEARNED]
    lines = [(r.model, spread(r.summary, True), f"{r.solved} of {r.summary.count}", r.setting) for r in learned]
    rest = [100 * result.summary.mean for result in results[len(learned) :]]
    lines.append((f"the {len(rest)} others", f"{min(rest):.1f} to {max(rest):.1f} %", "none", ""))
    return markdown_table(("stack", "score", "solved", "setting"), lines)


def shares_table() -> str:
    """The first symbol's share of the last node's output in a GCN without weights and nonlinearities."""
    lines = []
    for kind, direction in (("directed", "forward"), ("undirected", "both")):
        edges = path_batch(torch.zeros(1, HOPS + 1, 1), direction=direction).edge_index
        step = gcn_operator(edges, HOPS + 1, torch.ones(edges.size(1), dtype=torch.double)).to_dense()
        for name, layer in ((kind, step), (f"{kind}, residual", step + torch.eye(HOPS + 1))):
            rows = [torch.linalg.matrix_power(layer, depth)[HOPS] for depth in DEPTHS]
            lines.append((name, *(f"{100 * float(row[0] / row.sum()):.2g} %" for row in rows)))
    return markdown_table(("path", *(f"{depth} layers" for depth in DEPTHS)), lines)


def effects_table() -> str:
    """What one choice changes, all others held: the mean over the pairs of stacks that differ in it alone."""
    means = {result.model: result.summary.mean for result in collect(records_of("path"))}
    choices = {
        "two weights": "one weight",
        "directed": "undirected",
        "residual, ": "",
        "norm, ": "",
        "12 layers": "8 layers",
    }
    lines = []
    for with_it, without in choices.items():
        pairs = [(means[name], means[other]) for name in means if with_it in f"{name}"
                 and (other := name.replace(with_it, without)) in means and other != name
                 and not (with_it == "directed" and "undirected" in name)]  # fmt: skip
        gains = [100 * (high - low) for high, low in pairs]
        label = with_it.rstrip(", ") + (f" instead of {without}" if without else "")
        lines.append((label, f"{fmean(gains):+.1f}", f"{min(gains):+.1f}", f"{max(gains):+.1f}"))
    return markdown_table(("choice", "points, mean", "least", "most"), lines)


def budgets() -> list[Result]:
    """Results of each budget, named by it."""
    records = records_of("budget")
    return collect(records, lambda record: f"{record['family']['name']}|{record['trial']['budget']}")


def budget_table() -> str:
    """Scores of each model at each budget."""
    lines: dict[tuple[str, str], dict[int, str]] = {}
    for result in budgets():
        name, weights = result.model.split("|")
        lines.setdefault((result.task["title"], name), {})[int(weights)] = spread(result.summary, True)
    rows = [
        (task, find_family(name).title, *(own.get(weights, "–") for weights in BUDGETS))
        for (task, name), own in lines.items()
    ]
    return markdown_table(("task", "model", *(f"{weights:,} weights" for weights in BUDGETS)), rows)


TABLES = {
    "initialisation": initialisation_table,
    "path": path_table,
    "effects": effects_table,
    "shares": shares_table,
    "budget": budget_table,
}


def filled(text: str) -> str:
    """The page with the tables of the records."""
    return fill_all(text, {name: table() for name, table in TABLES.items()})


def draw() -> None:
    """One figure for initialisations and rates, and one for budgets."""
    found = by_rate(records_of("initialisation"))
    drawn = figure(9, 0.9 + 0.33 * len(found))
    axes = drawn.subplots()
    grid = [[100 * fmean(rates.get(rate, [float("nan")])) for rate in RATES] for rates in found.values()]
    axes.imshow(grid, vmin=0, vmax=100, cmap="Blues", aspect="auto")
    for row, values in enumerate(grid):
        for column, value in enumerate(values):
            axes.text(column, row, f"{value:.0f} %", ha="center", va="center", fontsize=9,
                      color="white" if value > 60 else "black")  # fmt: skip
    axes.set_xticks(range(len(RATES)), [f"{rate:g}" for rate in RATES])
    axes.set_yticks(range(len(found)), [f"{find_family(f).title}, {begin}" for f, begin in found], fontsize=9)
    axes.set_xlabel("learning rate (Adam)")
    axes.set_title("Accuracy on palindromes of length 20, mean over five seeds", fontsize=11)
    save(drawn, FIGURES / "choices_initialisation.png")
    draw_budgets()


def draw_budgets() -> None:
    """Accuracy against the number of weights, a panel for each task."""
    tasks: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for result in budgets():
        name, weights = result.model.split("|")
        own = tasks.setdefault(result.task["title"], {})
        own.setdefault(name, []).append((int(weights), 100 * result.summary.mean))
    looks = family_looks([(name, name) for name in BUDGETED])
    drawn = figure(11, 4)
    panels = drawn.subplots(1, len(tasks), sharey=True)
    for axes, (title, models) in zip(panels, tasks.items(), strict=True):
        for name, points in models.items():
            look = looks[name]
            axes.plot(*zip(*sorted(points), strict=True), label=find_family(name).title, color=look.colour,
                      marker=look.marker, linestyle=look.line, clip_on=False)  # fmt: skip
        axes.set(xscale="log", xlabel="weights", ylim=(0, 100))
        axes.set_title(title, fontsize=10)
        decades(axes.xaxis)
        bare(axes)
    panels[0].set_ylabel("accuracy on test data (%)")
    labels = panels[-1].get_legend_handles_labels()
    panels[-1].legend(*labels, fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.02, 1))
    save(drawn, FIGURES / "choices_budget.png")


def main() -> None:
    """Runs one study, or makes tables and figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", choices=list(STUDIES))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--store", type=Path, default=RESULTS, help="folder of the records")
    options = parser.parse_args()
    if options.run is not None:
        STUDIES[options.run](Store(options.store / f"{options.run}.jsonl"), options.jobs)
        return
    draw()
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
