"""One table of graphs: hops needed, influence end to end, and whether it learns."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch

from gnnseq.analysis import mean_interval


@dataclass(frozen=True)
class TopologyRow:
    """One graph, over seeds.

    Attributes:
        graph: its name.
        hops: from the first symbol to the node that is asked.
        layers: of the stack.
        weights: of the model.
        strength: influence of the first symbol relative to the average node, before training; geometric mean.
        accuracy: on fresh sequences, the mean.
        low: lower end of its 95 % interval (Student's t, at least 0); NaN for one seed.
        high: upper end, at most 1.
        steps: of training, the mean.
        seeds: number of seeds.
        verdict: "learned", "learned in part", "did not learn" or "cannot see".
    """

    graph: str
    hops: int
    layers: int
    weights: int
    strength: float
    accuracy: float
    low: float
    high: float
    steps: float
    seeds: int
    verdict: str


def topology_rows(records: Sequence[dict[str, Any]]) -> list[TopologyRow]:
    """A row for each graph, from records of `run_recall`; runs that are not done are left out."""
    by_graph: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        if record["status"] == "done":
            by_graph.setdefault(record["title"], []).append(record)
    return [_row(title, own) for title, own in by_graph.items()]


def _row(title: str, own: list[dict[str, Any]]) -> TopologyRow:
    accuracy = torch.tensor([record["accuracy"] for record in own], dtype=torch.double)
    strength = torch.tensor([record["strength"] for record in own], dtype=torch.double)
    mean, low, high = float(accuracy.mean()), float("nan"), float("nan")
    if len(own) > 1:
        interval = mean_interval(accuracy)
        low, high = max(0.0, float(interval.low)), min(1.0, float(interval.high))
    first = own[0]
    return TopologyRow(
        title,
        first["hops"],
        first["layers"],
        first["weights"],
        float(strength.log().mean().exp()),
        mean,
        low,
        high,
        sum(record["steps"] for record in own) / len(own),
        len(own),
        _verdict(first["sees"], mean, first["chance"]),
    )


def _verdict(sees: bool, accuracy: float, chance: float) -> str:
    if not sees:
        return "cannot see"
    if accuracy >= 0.95:
        return "learned"
    return "learned in part" if accuracy > chance + 0.05 else "did not learn"


def topology_markdown(rows: Sequence[TopologyRow]) -> str:
    """The table for reading."""
    lines = [
        "| graph | hops needed | layers | weights | influence of the first symbol, before training "
        "| accuracy (95 % interval) | steps | verdict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        interval = "" if row.seeds < 2 else f" ({100 * row.low:.1f} to {100 * row.high:.1f})"
        lines.append(
            f"| {row.graph} | {row.hops} | {row.layers} | {row.weights:,} | {row.strength:.2g} "
            f"| {100 * row.accuracy:.1f} %{interval} | {row.steps:.0f} | {row.verdict} |"
        )
    return "\n".join(lines) + "\n"


def topology_csv(rows: Sequence[TopologyRow]) -> str:
    """The table for programs, all columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(TopologyRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return text.getvalue()
