"""Records of ListOps as a table and in a line."""

import statistics
from collections.abc import Sequence

from gnnseq.runs.store import Record
from gnnseq.studies.rounds_comparison import diverged, diverged_lines, mean_percent

HEADER = """\
| model | weights | answers right | of the longest tenth | ms per step, fastest round | seeds |
|---|---:|---:|---:|---:|---:|
"""


def listops_table(records: Sequence[Record], guess: float) -> str:
    """Means over seeds by model, as Markdown, the best first; a run that diverged counts as a constant guess.

    Args:
        records: of `gnnseq.studies.listops.comparison.run_listops`, of one setting.
        guess: accuracy of a constant guess, from 0 to 1.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record["title"], []).append(record)
    scores = {title: [guess if diverged(row) else row["accuracy"] for row in rows] for title, rows in groups.items()}
    best_first = sorted(groups, key=lambda title: -statistics.fmean(scores[title]))
    lines = [*(_line(groups[title], scores[title], guess) for title in best_first)]
    lines += [f"| constant guess | 0 | {100 * guess:.1f} % | – | – | – |"]
    named = diverged_lines(records, "a constant guess")
    return HEADER + "\n".join(lines) + f"\n\n{_setting(records[0])}\n{named}"


def describe_listops(record: Record) -> str:
    """A record in a line."""
    if diverged(record):
        return f"{record['title']}, seed {record['trial']['seed']}: diverged, {record['stopped']}"
    return (
        f"{record['title']}, seed {record['trial']['seed']}: {100 * record['accuracy']:.1f} % right, "
        f"{record['weights']:,} weights, {record['ms_per_step']:.0f} ms per step"
    )


def longest_tenth(record: Record) -> float:
    """Accuracy on the longest groups of expressions that make up a tenth of all together."""
    right = total = 0
    everything = sum(count for _, count in record["by_length"].values())
    for group in sorted(record["by_length"], key=int, reverse=True):
        if 10 * total >= everything:
            break
        right, total = right + record["by_length"][group][0], total + record["by_length"][group][1]
    return float(right / total)


def _line(rows: list[Record], scores: list[float], guess: float) -> str:
    seconds = [entry["seconds"] for row in rows for entry in row["curve"]]
    time = f"{1e3 * min(seconds) / rows[0]['trial']['round_steps']:.0f}" if seconds else "–"
    long = mean_percent([guess if diverged(row) else longest_tenth(row) for row in rows])
    return f"| {rows[0]['title']} | {rows[0]['weights']:,} | {mean_percent(scores)} | {long} | {time} | {len(rows)} |"


def _setting(record: Record) -> str:
    trial = record["trial"]
    labels = "of every list" if trial["labels"] == "all" else "of the whole expression alone"
    return (
        f"At most {trial['depth']} levels, {trial['arguments']} arguments and {trial['longest']} symbols; "
        f"{trial['rounds'] * trial['round_steps']:,} steps of {trial['batch_size']} expressions, labels {labels}, Adam "
        f"with a falling rate; {trial['test_samples']:,} fresh expressions."
    )
