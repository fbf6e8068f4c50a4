"""Records of sentiment as a table and in a line."""

from collections.abc import Mapping, Sequence

import numpy as np

from gnnseq.runs.store import Record
from gnnseq.studies.rounds_comparison import diverged, diverged_lines, mean_percent
from gnnseq.studies.sentiment.data import SentimentData


def sentiment_table(records: Sequence[Record], data: Mapping[int, SentimentData]) -> str:
    """Means over seeds, as Markdown; the first line of each task is the commonest class.

    A run that diverged counts as the commonest class, and is named below.

    Args:
        records: of `gnnseq.studies.sentiment.comparison.run_sentiment`.
        data: the trees by number of classes.
    """
    lines = []
    for classes, known in data.items():
        own = [record for record in records if record["trial"]["classes"] == classes]
        parts = [part for part in known.parts if part != "train"]
        lines += [f"{classes} classes:", "", *_header(parts), _guess(known, parts)]
        for title in dict.fromkeys(record["title"] for record in own):
            lines.append(_line([record for record in own if record["title"] == title], known, parts))
        lines.append(diverged_lines(own, "the commonest class"))
    return "\n".join(lines)


def describe_sentiment(record: Record) -> str:
    """A record in a line."""
    trial = record["trial"]
    name = f"{trial['classes']} classes, {record['title']}, seed {trial['seed']}"
    if diverged(record):
        return f"{name}: diverged, {record['stopped']}"
    return (
        f"{name}: {100 * record['best']['dev']['sentences']:.1f} % of the dev sentences after epoch "
        f"{record['best_epoch']} of {len(record['curve'])}, {record['seconds_per_epoch']:.0f} s per epoch"
    )


def _header(parts: Sequence[str]) -> list[str]:
    titles = " | ".join(f"{part} sentences | last epoch | {part} phrases" for part in parts)
    return [
        f"| model | weights | {titles} | seconds of the fastest epoch | seeds |",
        "|---|" + "---:|" * (3 + 3 * len(parts)),
    ]


def _guess(data: SentimentData, parts: Sequence[str]) -> str:
    cells = []
    for part in parts:
        sentences, phrases = _commonest(data, part).values()
        cells += [f"{100 * sentences:.1f} %", "–", f"{100 * phrases:.1f} %"]
    return f"| commonest class | 0 | {' | '.join(cells)} | – | – |"


def _commonest(data: SentimentData, part: str) -> dict[str, float]:
    """Share of the commonest label among those that are known, of sentences and of phrases."""
    labels = {"sentences": data.parts[part].root_labels, "phrases": data.phrases[part].labels}
    counts = {name: np.bincount(found[found >= 0]) for name, found in labels.items()}
    return {name: float(count.max() / count.sum()) for name, count in counts.items()}


def _line(rows: Sequence[Record], data: SentimentData, parts: Sequence[str]) -> str:
    cells = []
    for part in parts:
        guess = _commonest(data, part)
        best = [guess if diverged(row) else row["best"][part] for row in rows]
        last = [guess if diverged(row) else row["curve"][-1][part] for row in rows]
        cells += [mean_percent([one["sentences"] for one in group]) for group in (best, last)]
        cells.append(mean_percent([one["phrases"] for one in best]))
    seconds = [entry["seconds"] for row in rows for entry in row["curve"]]
    time = f"{min(seconds):.0f}" if seconds else "–"
    return f"| {rows[0]['title']} | {rows[0]['weights']:,} | {' | '.join(cells)} | {time} | {len(rows)} |"
