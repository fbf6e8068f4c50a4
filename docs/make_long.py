"""Writes long.md and its figure, the report's question at lengths 5 to 60: python docs/make_long.py.

The records come from the presets of the comparison, stored in benchmarks/results without their curves:

    python examples/compare_rnn_vs_gnn.py --preset tuned-report --output runs/tuned_report
    python docs/make_long.py --store runs/tuned_report
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from gnnseq.experiments import Row, Store, rows
from gnnseq.experiments.store import Record
from gnnseq.plots import plot_accuracy

DOCS = Path(__file__).parent
RESULTS = DOCS.parent / "benchmarks" / "results"
TUNED, REPORT = RESULTS / "tuned_report" / "records.jsonl", RESULTS / "report" / "records.jsonl"

PAGE = """# Palindromes of length 5 to 60

Made by `python docs/make_long.py` from the records in `benchmarks/results`. RNN and LSTM with 128 units, batches of
128, at most 10,000 steps, gradients clipped at norm 10.

## With settings that fit

`python examples/compare_rnn_vs_gnn.py --preset tuned-report` ({versions}): embedded digits, Adam, the RNN with
orthogonal recurrent weights at 0.001, the LSTM with chrono initialisation at 0.003; training ends once the last 20
batches are 99.9 % right. Accuracy on 2,000 fresh palindromes, mean and standard deviation over seeds {seeds}.

![Accuracy of RNN and LSTM on fresh palindromes of length 5 to 60](figures/long.png)

{tuned}
{verdict}

*best 50*, the mean of the 50 best training batches, is the metric of the course report. With early stopping it is low
where a model learns in few steps: with fewer than about 70 the 50 best hold many of the first. That is its fault, not
the model's.

## With the report's settings

`--preset report`: digits as plain numbers, RMSprop, torch's initialisation, RNN at 0.001, LSTM at 0.01, no early
stop. Of its 72 runs {count} have been made so far; accuracy on fresh palindromes after 10,000 steps, and in brackets
the mean of the 50 best batches:

{report}
An RNN that once had the answer can lose it again: the 50 best batches then tell of the best moment, and fresh data of
the end.
"""


def lengths(records: list[Record]) -> list[int]:
    """The lengths that were run."""
    return sorted({record["task"]["size"] for record in records})


def whole_seeds(records: list[Record]) -> list[Record]:
    """The records of the seeds at which every length and model has been run."""
    counts = Counter(record["trial"]["seed"] for record in records)
    return [record for record in records if counts[record["trial"]["seed"]] == max(counts.values())]


def tuned_table(table: list[Row]) -> str:
    """One line for each length, both models."""
    lines = ["| length | RNN | best 50 | steps | LSTM | best 50 | steps |", "|---:|---:|---:|---:|---:|---:|---:|"]
    for size in sorted({row.size for row in table}):
        own = {row.family: row for row in table if row.size == size}
        cells = [f"{100 * r.score:.1f} ± {100 * r.spread:.1f} % | {100 * (r.best_50 or 0):.1f} % | {r.steps:.0f}"
                 for r in (own["rnn"], own["lstm"])]  # fmt: skip
        lines.append(f"| {size} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"


def report_table(records: list[Record]) -> str:
    """One line for each length, a number for each run."""
    lines = ["| length | RNN | LSTM |", "|---:|---|---|"]
    for size in lengths(records):
        cells = []
        for family in ("rnn", "lstm"):
            own = [r for r in records if r["task"]["size"] == size and r["family"]["name"] == family]
            cells.append(", ".join(f"{100 * r['score']:.1f} % ({100 * r['best_50']:.1f} %)" for r in own) or "not yet")
        lines.append(f"| {size} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"


def verdict(records: list[Record]) -> str:
    """Where 99 % were reached, and where not."""
    short = [r for r in records if r["score"] < 0.99]
    if not short:
        return f"All {len(records)} runs reach at least 99 % on fresh palindromes."
    words = ", ".join(
        f"{r['family']['title']} at {r['task']['size']}, seed {r['trial']['seed']}: {100 * r['score']:.1f} %"
        for r in short
    )
    return f"Of {len(records)} runs {len(records) - len(short)} reach at least 99 % on fresh palindromes; not: {words}."


def main() -> None:
    """Takes over new records where asked, and writes page and figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="output folder of --preset tuned-report")
    options = parser.parse_args()
    if options.store is not None:
        TUNED.parent.mkdir(parents=True, exist_ok=True)
        kept = [{k: v for k, v in r.items() if k != "curve"} for r in Store(options.store / "records.jsonl")]
        TUNED.write_text("".join(json.dumps(record, sort_keys=True) + "\n" for record in kept), encoding="utf-8")
    tuned, report = ([json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in (TUNED, REPORT))
    tuned = whole_seeds(tuned)
    tuned.sort(key=lambda r: (r["task"]["size"], r["family"]["name"] != "rnn", r["trial"]["seed"]))
    plot_accuracy(tuned, DOCS / "figures" / "long.png")
    page = PAGE.format(
        versions=", ".join(f"{name} {number}" for name, number in tuned[0]["versions"].items()),
        seeds=", ".join(map(str, sorted({record["trial"]["seed"] for record in tuned}))),
        tuned=tuned_table(rows(tuned)),
        verdict=verdict(tuned),
        count=len(report),
        report=report_table(report),
    )
    (DOCS / "long.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
