"""Fills the tables of trees.md and logic.md and draws their figures from stored records: python docs/make_trees.py.

The records come from these commands, which resume:

    python examples/tree_lstm_listops.py --preset full --output runs/listops_full
    python examples/tree_lstm_listops.py --preset paper --test test_d20s.tsv --output runs/listops_paper
    python examples/tree_lstm_sentiment.py --path trees/ --preset full --test --seeds 5 --output runs/sentiment_full
    python examples/tree_lstm_sentiment.py --path trees/ --preset paper --seeds 1 --output runs/sentiment_paper
    python examples/tree_lstm_pairs.py --path logic/ --preset full --output runs/logic_full
    python docs/make_trees.py --store runs

``--store`` takes over what is in these folders, without the curves of training.
"""

import argparse
import json
from pathlib import Path

from stored import fill_all, read, take_over, without_curve, wrapped

from gnnseq.experiments import Store
from gnnseq.plots.comparison.report import verdicts
from gnnseq.plots.studies.trees import plot_listops, plot_pairs, plot_sentiment
from gnnseq.results import collect
from gnnseq.results.joined import by_task
from gnnseq.results.report import VERDICT_HEADER, how_tested, verdict_cells
from gnnseq.results.table import markdown_table
from gnnseq.runs.store import Record
from gnnseq.studies.listops import listops_table
from gnnseq.studies.pairs.models import PAIR_FAMILIES, pairs_table
from gnnseq.studies.sentiment.models import sentiment_table

DOCS = Path(__file__).parent
FIGURES, RESULTS = DOCS / "figures", DOCS / "results"
RUNS = {
    "listops_full": RESULTS / "listops" / "records.jsonl",
    "listops_paper": RESULTS / "listops" / "given.jsonl",
    "sentiment_full": RESULTS / "sentiment" / "records.jsonl",
    "sentiment_paper": RESULTS / "sentiment" / "paper.json",  # not read by the audit, which takes all *.jsonl
    "logic_full": RESULTS / "logic" / "records.jsonl",
}
TABLES = {
    "listops_full": listops_table,
    "listops_paper": listops_table,
    "sentiment_full": sentiment_table,
    "sentiment_paper": sentiment_table,
    "logic_full": pairs_table,
}
PAGES = ("trees.md", "logic.md")
DRAWN = {"listops_full": (plot_listops, "listops.png"), "sentiment_full": (plot_sentiment, "sentiment.png"),
         "logic_full": (plot_pairs, "logic.png")}  # fmt: skip


def verdict_table() -> str:
    """Markdown: the constituency Tree-LSTM against each other model of sentiment, by the tests of docs/verdicts.md."""
    results = collect(records("sentiment_full"))
    tree = next(result.model for result in results if result.records[0]["family"]["name"] == "tree")
    parts = []
    for title, group in by_task(results).items():
        found = verdicts(group, reference=tree)
        rows = ([text for text, _ in verdict_cells(comparison, percent=True)[1:]] for comparison in found)
        table = markdown_table(VERDICT_HEADER[1:], rows)
        parts.append(f"{title[0].upper()}{title[1:]}:\n\n{table}\n{wrapped(how_tested(found))}\n")
    return "\n".join(parts)


def decay_table() -> str:
    """Markdown: the best look at held-out pairs with seed 0 and each decay, up to the last step that all have."""
    found = read(RESULTS / "logic" / "weight_decay.json")
    lines = ["| model | steps | 0.03 | 0.1 | 0.3 |", "|---|---:|---:|---:|---:|"]
    for family in PAIR_FAMILIES:
        own = {run["weight_decay"]: run["looks"] for run in found if run["model"] == family.name and run["seed"] == 0}
        steps = min((looks[-1][0] for looks in own.values()), default=0)
        best = {decay: max(score for step, score in looks if step <= steps) for decay, looks in own.items()}
        cells = [f"{100 * best[decay]:.1f} %" if decay in best else "–" for decay in (0.03, 0.1, 0.3)]
        lines.append(f"| {family.title} | {steps:,} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def records(run: str) -> list[Record]:
    """Stored records of a command; none where it was not run."""
    return read(RUNS[run]) if RUNS[run].exists() else []


def filled(text: str) -> str:
    """A page with those of the tables that it has marks for."""
    found = {run: records(run) for run in RUNS if f"<!-- {run}:" in text}
    own = {"weight decay": decay_table, "sentiment verdicts": verdict_table}
    more = {name: make() for name, make in own.items() if f"<!-- {name}:" in text}
    return fill_all(text, more | {run: TABLES[run](own) if own else "Not run yet.\n" for run, own in found.items()})


def draw() -> None:
    """All figures of which there are records."""
    for run, (plot, name) in DRAWN.items():
        if found := records(run):
            plot(found, FIGURES / name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="of the commands' folders")
    folder = parser.parse_args().store
    for run, target in RUNS.items() if folder is not None else ():
        if (folder / run / "records.jsonl").exists():
            if target.suffix == ".json":
                found = [without_curve(record) for record in Store(folder / run / "records.jsonl")]
                target.write_text(json.dumps(found, sort_keys=True) + "\n", encoding="utf-8")
            else:
                take_over(folder / run, target)
    draw()
    for page in PAGES:
        path = DOCS / page
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
