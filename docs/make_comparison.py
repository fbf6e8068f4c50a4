r"""Writes comparison.md's tables and figures of all models on all tasks: python docs/make_comparison.py.

The list of models in guides/own_data.md is written too. The records are stored without the runs that chose learning
rates, and without curves but for a few that are drawn:

    python examples/compare_rnn_vs_gnn.py --preset verdicts --output runs/verdicts
    python docs/make_comparison.py --store runs/verdicts

Models with five times the steps, on tasks that none solved, come from the command on the page and

    python docs/make_comparison.py --patience runs/patience
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

from stored import fill_all, read, take_over, without_curve

from gnnseq.experiments import collect, ranking
from gnnseq.experiments.families import FAMILIES
from gnnseq.experiments.tasks.signals import SignalTask
from gnnseq.plots import plot_cost, plot_learning, plot_reach, plot_verdicts
from gnnseq.plots.comparison.report import verdicts
from gnnseq.results.conditions import learning_rates
from gnnseq.results.joined import Result, by_task
from gnnseq.results.table import describe_task, markdown_table, number, spread
from gnnseq.results.verdict import Comparison, diagnosis
from gnnseq.runs.store import Record

DOCS = Path(__file__).parent
PAGES = [DOCS / name for name in ("comparison.md", "results/comparison/tables.md", "guides/own_data.md")]
RECORDS, PATIENT = (DOCS / "results" / name / "records.jsonl" for name in ("comparison", "patience"))
REFERENCE = "LSTM"
SIGNALS = SignalTask(graph_seed=None)  # as --tasks signals:20 makes it
COSTS = ("listops", "signals")  # the tasks whose costs are drawn
DRAWN = ("listops", (0, 1, 2))  # the task and the seeds whose learning curves are kept
SHOWN = {"rnn", "gru", "lstm", "min-gru", "linear-attention", "transformer", "tcn", "gcn", "gcn-graph", "gps-graph",
         "conv-residual-graph", "gcrn-graph", "gcrn-signals", "lstm-vectors", "tree-lstm-tree", "dagnn-tree",
         "bag"}  # models of the figures of reach, cost and learning  # fmt: skip
HEADER = ("model", "score", "minus LSTM", "better on a seed", "verdict", "diagnosis", "weights", "ms a step", "setting")


def slim(record: Record) -> Record:
    """A record with its curve of accuracy where it is drawn, and without curves elsewhere."""
    curve = record.get("curve") or {}
    kept = without_curve(record)
    wanted = record["task"]["name"] == DRAWN[0] and record["family"]["name"] in SHOWN
    if wanted and record["trial"]["seed"] in DRAWN[1] and "accuracy" in curve:
        kept["curve"] = {"accuracy": [round(value, 4) for value in curve["accuracy"]]}
    return kept


def judged(result: Result, own: list[Comparison]) -> tuple[str, str, str]:
    """Difference to the reference, the chance to be better on a seed, each with its interval, and the verdict."""
    against = next((c for c in own if result.model in (c.a, c.b) and result.model != REFERENCE), None)
    if against is None or against.mean is None or against.interval is None:
        return "", "", "the reference"
    low, high = against.interval  # the reference is the first of the two
    scale, form, unit = (100, "+.1f", " points") if result.percent else (1, "+.3f", "")
    shown = f"{-scale * against.mean:{form}} [{-scale * high:{form}}, {-scale * low:{form}}]{unit}"
    chance = "–"
    if against.improvement is not None:
        wins, least, most = against.improvement
        chance = f"{1 - wins:.0%} [{1 - most:.0%}, {1 - least:.0%}]"
    if against.equal and against.better is None:
        return shown, chance, "equal"
    word = {None: "undecided", result.model: "better"}.get(against.better, "worse")
    return shown, chance, f"{word} (p = {against.corrected:.2g})"


def line(result: Result, own: list[Comparison]) -> tuple[str, ...]:
    """A model's line in the table of a task."""
    percent = result.task["metric"] == "accuracy"
    return (
        result.model,
        spread(result.summary, percent),
        *judged(result, own),
        diagnosis(result),
        f"{result.first('weights'):,}",
        number(result.middle("ms_per_step")),
        result.setting,
    )


def is_test(record: Record) -> bool:
    """Not one of the runs that chose a learning rate."""
    return bool(record["purpose"] == "test")


def how_tuned(records: list[Record]) -> str:
    """How often the best rate is at an end of its grid, beyond which a better one may lie."""
    choices = learning_rates(records)
    ends = [f"{model} ({task}, {chosen})" for task, model, _, chosen, note in choices if note]
    listed = f": {'; '.join(ends)}" if ends else ""
    return f"Of {len(choices)} learning rates {len(ends)} are at an end of their grid{listed}.\n"


def summary(results: list[Result], comparisons: list[Comparison]) -> str:
    """For each task the reference, the best model, and how many models have which verdict."""
    lines = []
    for title, group in by_task(results).items():
        own = [c for c in comparisons if c.task == title]
        best = max(group, key=Result.gain)
        base = next(result for result in group if result.model == REFERENCE)
        words = [judged(result, own)[2].split()[0] for result in group if result is not base]
        counts = [str(words.count(word)) for word in ("better", "equal", "undecided", "worse")]
        shown = [number(result.summary.mean, result.percent) for result in (base, best)]
        lines.append((title, number(base.task["chance"], base.percent), shown[0], f"{best.model}, {shown[1]}", *counts))
    header = ("task", "chance", "LSTM", "best mean", "better than the LSTM", "equal", "undecided", "worse")
    return markdown_table(header, lines)


def tables(results: list[Result], comparisons: list[Comparison]) -> str:
    """For each task its models, and what was decided."""
    parts = []
    for title, group in by_task(results).items():
        own = [c for c in comparisons if c.task == title]
        parts.append(f"## {title[:1].upper()}{title[1:]}\n\n{describe_task(group[0].task)} {ranking(own)}\n")
        parts.append(markdown_table(HEADER, [line(result, own) for result in group]))
    return "\n".join(parts)


def patience(short: list[Result], long: list[Result], comparisons: list[Comparison]) -> str:
    """Scores of the same models after few steps and after many."""
    before = {(result.task["title"], result.model): result for result in short}
    few, many = (max(result.first("trial")["steps"] for result in results) for results in (short, long))
    lines = [
        (
            result.task["title"],
            result.model,
            spread(before[result.task["title"], result.model].summary, percent=True),
            spread(result.summary, percent=True),
            judged(result, [c for c in comparisons if c.task == result.task["title"]])[2],
            f"{result.solved} of {len(result.scores)}",
            result.setting,
        )
        for result in long
    ]
    header = (
        "task",
        "model",
        f"score, {few:,} steps",
        f"{many:,} steps",
        "against the LSTM",
        "runs at the threshold",
        "setting",
    )
    return markdown_table(header, lines)


def references(results: list[Result]) -> str:
    """Errors without training on the graphs of the signals, beside the model with the least error there."""
    own = [result for result in results if result.task["name"] == SIGNALS.name]
    best = max(own, key=Result.gain)
    found = {seed: SIGNALS.references(seed) for seed in best.scores}
    names = ("mean of the past", "last value", "VAR(1) by least squares, no graph", "true rule")
    lines = []
    for title, key in zip(names, found[0], strict=True):
        won = sum(best.scores[seed] < errors[key] for seed, errors in found.items())
        error = fmean(errors[key] for errors in found.values())
        lines.append((title, f"{error:.3f}", f"{won} of {len(found)}"))
    return markdown_table(("forecast", "mean error", f"seeds on which it errs more than {best.model}"), lines)


def together(results: list[Result], comparisons: list[Comparison]) -> str:
    """How many verdicts are left if the correction is for the models of all tasks."""
    few, all_tasks = (
        sum(each.better is not None for each in found)
        for found in (comparisons, verdicts(results, reference=REFERENCE, together=True))
    )
    return (
        f"Of {len(comparisons)} comparisons {few} are decided, better or worse; with a correction over all of them "
        f"(`--together`) {all_tasks}.\n"
    )


def models() -> str:
    """The models by the names that the command line takes."""
    return markdown_table(("name", "model", "view"), [(f"`{each.name}`", each.title, each.view) for each in FAMILIES])


def filled(text: str) -> str:
    """A page with those tables of the stored records for which it has marks."""
    records, long = read(RECORDS), collect(read(PATIENT))
    results = collect(records)
    found = verdicts(results, reference=REFERENCE)
    made: dict[str, Callable[[], str]] = {
        "summary": lambda: summary(results, found),
        "patience": lambda: patience(results, long, verdicts(long, reference=REFERENCE)),
        "tables": lambda: f"{how_tuned(records)}\n{tables(results, found)}",
        "references": lambda: references(results),
        "together": lambda: together(results, found),
        "models": models,
    }
    return fill_all(text, {name: make() for name, make in made.items() if f"<!-- {name}:" in text})


def main() -> None:
    """Takes over new records where asked, draws, and fills the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="output folder of --preset verdicts")
    parser.add_argument("--patience", type=Path, metavar="FOLDER", help="output folder of the runs with more steps")
    options = parser.parse_args()
    if options.store is not None:
        take_over(options.store, RECORDS, slim, kept=is_test)
    if options.patience is not None:
        take_over(options.patience, PATIENT, kept=is_test)
    records = read(RECORDS)
    results = collect(records)
    comparisons = verdicts(results, reference=REFERENCE)
    figures = DOCS / "figures"
    plot_verdicts(records, comparisons, figures / "comparison.png", REFERENCE)
    some = [record for record in records if record["family"]["name"] in SHOWN]
    plot_reach(some, figures / "comparison_reach.png")
    plot_cost([record for record in some if record["task"]["name"] in COSTS], figures / "comparison_cost.png")
    curves = [record for record in some if record["task"]["name"] == DRAWN[0] and "curve" in record]
    plot_learning(curves, figures / "comparison_learning.png")
    patient = read(PATIENT)
    decided = verdicts(collect(patient), reference=REFERENCE)
    plot_verdicts(patient, decided, figures / "comparison_patience.png", REFERENCE)
    for page in PAGES:
        page.write_text(filled(page.read_text("utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
