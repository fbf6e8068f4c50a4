"""Writes the tables and figures of comparison.md, all models on eight tasks: python docs/make_comparison.py.

The records come from a preset of the comparison, and are stored without their curves (but for a few that are drawn):

    python examples/compare_rnn_vs_gnn.py --preset verdicts --output runs/verdicts
    python docs/make_comparison.py --store runs/verdicts
"""

import argparse
from pathlib import Path

from stored import fill, read, take_over, without_curve

from gnnseq.experiments import collect, ranking
from gnnseq.experiments.conditions import learning_rates
from gnnseq.experiments.report import describe_task, markdown_table, number, spread
from gnnseq.experiments.results import Result, by_task
from gnnseq.experiments.store import Record
from gnnseq.experiments.verdict import Comparison, diagnosis
from gnnseq.plots import plot_cost, plot_learning, plot_reach, plot_verdicts
from gnnseq.plots.report import verdicts

DOCS = Path(__file__).parent
PAGE, RECORDS = DOCS / "comparison.md", DOCS / "results" / "comparison" / "records.jsonl"
REFERENCE = "LSTM"
COSTS = ("listops", "signals")  # the tasks whose costs are drawn
DRAWN = ("listops", (0, 1, 2))  # the task and the seeds whose learning curves are kept
HEADER = ("model", "score", "minus LSTM", "p, corrected", "verdict", "diagnosis", "weights", "ms a step", "setting")


def slim(record: Record) -> Record:
    """A record with its curve of accuracy where it is drawn, and without curves elsewhere."""
    curve = record.get("curve") or {}
    kept = without_curve(record)
    if record["task"]["name"] == DRAWN[0] and record["trial"]["seed"] in DRAWN[1] and "accuracy" in curve:
        kept["curve"] = {"accuracy": [round(value, 4) for value in curve["accuracy"]]}
    return kept


def line(result: Result, own: list[Comparison]) -> tuple[str, ...]:
    """A model's line in the table of a task."""
    percent = result.task["metric"] == "accuracy"
    against = next((c for c in own if result.model in (c.a, c.b) and result.model != REFERENCE), None)
    tested = ("", "", "the reference")
    if against is not None and against.mean is not None:
        difference = -against.mean  # the reference is the first of the two
        shown = f"{100 * difference:+.1f} points" if percent else f"{difference:+.3f}"
        word = {None: "undecided", result.model: "better"}.get(against.better, "worse")
        tested = (shown, f"{against.corrected:.2g}", word)
    return (
        result.model,
        spread(result.summary, percent),
        *tested,
        diagnosis(result),
        f"{result.first('weights'):,}",
        number(result.middle("ms_per_step")),
        result.setting,
    )


def how_tuned(records: list[Record]) -> str:
    """How often the best rate was an end of the grid, beyond which a better one may lie."""
    choices = learning_rates(record for record in records if record["purpose"] == "test")
    tried = sum(record["purpose"] == "tuning" for record in records)
    grid = choices[0][2]
    first, last = (grid.split(", ")[end] for end in (0, -1))
    parts = [f"The rates {grid} were tried in {tried} runs. Of {len(choices)} choices"]
    for rate, end in ((first, "smallest"), (last, "largest")):
        own = [f"{task}: {model}" for task, model, _, chosen, _ in choices if chosen == rate]
        parts.append(f"{len(own)} fell on the {end} rate" + (f" ({'; '.join(own)})" if own else ""))
    return f"{', '.join(parts)}.\n"


def tables(results: list[Result], comparisons: list[Comparison]) -> str:
    """For each task its models, and what was decided."""
    parts = []
    for title, group in by_task(results).items():
        own = [c for c in comparisons if c.task == title]
        parts.append(f"### {title[:1].upper()}{title[1:]}\n\n{describe_task(group[0].task)} {ranking(own)}\n")
        parts.append(markdown_table(HEADER, [line(result, own) for result in group]))
    return "\n".join(parts)


def main() -> None:
    """Takes over new records where asked, draws, and fills the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="output folder of --preset verdicts")
    store = parser.parse_args().store
    if store is not None:
        take_over(store, RECORDS, slim)
    records = read(RECORDS)
    results = collect(records)
    comparisons = verdicts(results, reference=REFERENCE)
    figures = DOCS / "figures"
    plot_verdicts(records, comparisons, figures / "comparison.png", REFERENCE)
    plot_reach(records, figures / "comparison_reach.png")
    plot_cost([r for r in records if r["task"]["name"] in COSTS], figures / "comparison_cost.png")
    curves = [r for r in records if r["task"]["name"] == DRAWN[0] and "curve" in r and r["purpose"] == "test"]
    plot_learning(curves, figures / "comparison_learning.png")
    shown = f"{how_tuned(records)}\n{tables(results, comparisons)}"
    PAGE.write_text(fill(PAGE.read_text("utf-8"), "tables", shown), encoding="utf-8")


if __name__ == "__main__":
    main()
