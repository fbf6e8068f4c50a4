"""Records of sentiment as a table and in a line."""

from collections.abc import Mapping, Sequence

import numpy as np

from gnnseq.data.sequences import IntArray
from gnnseq.runs.store import Record
from gnnseq.studies.rounds_comparison import mean_percent
from gnnseq.studies.sentiment.data import SentimentData


def sentiment_table(records: Sequence[Record], data: Mapping[int, SentimentData]) -> str:
    """Means over seeds, as Markdown; the first line of each task is the commonest class.

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
            lines.append(_line([record for record in own if record["title"] == title], parts))
        lines.append("")
    return "\n".join(lines)


def describe_sentiment(record: Record) -> str:
    """A record in a line."""
    trial, best = record["trial"], record["best"]["dev"]["sentences"]
    return (
        f"{trial['classes']} classes, {record['title']}, seed {trial['seed']}: {100 * best:.1f} % of the dev sentences "
        f"after epoch {record['best_epoch']} of {len(record['curve'])}, {record['seconds_per_epoch']:.0f} s per epoch"
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
        sentences, phrases = (_commonest(one) for one in (data.parts[part].root_labels, data.phrases[part].labels))
        cells += [sentences, "–", phrases]
    return f"| commonest class | 0 | {' | '.join(cells)} | – | – |"


def _commonest(labels: IntArray) -> str:
    """Share of the commonest label among those that are known."""
    counts = np.bincount(labels[labels >= 0])
    return f"{100 * float(counts.max() / counts.sum()):.1f} %"


def _line(rows: Sequence[Record], parts: Sequence[str]) -> str:
    cells = []
    for part in parts:
        best, last = [row["best"][part] for row in rows], [row["curve"][-1][part] for row in rows]
        cells += [mean_percent([one["sentences"] for one in group]) for group in (best, last)]
        cells.append(mean_percent([one["phrases"] for one in best]))
    time = min(entry["seconds"] for row in rows for entry in row["curve"])
    return f"| {rows[0]['title']} | {rows[0]['weights']:,} | {' | '.join(cells)} | {time:.0f} | {len(rows)} |"
