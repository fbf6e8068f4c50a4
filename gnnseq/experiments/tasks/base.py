"""What every task offers: samples as graphs of several views, a loss and a metric."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Literal, Protocol, runtime_checkable

from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.data.streams import Split
from gnnseq.graphs import to_balanced_trees, to_dilated_paths, to_paths, to_symbol_signals

Collate = Callable[[tuple[Tensor, Tensor]], Batch]
Level = Literal["graph", "node"]


class Task(Protocol):
    """A task as plain data: a frozen dataclass whose fields decide everything."""

    def __hash__(self) -> int:
        """By value."""

    @property
    def name(self) -> str:
        """Of the kind of task, such as "palindromes"."""

    @property
    def title(self) -> str:
        """Name in tables, such as "palindromes of length 20"."""

    @property
    def size(self) -> int:
        """What makes it hard, the number on a figure's axis: length or depth."""

    @property
    def level(self) -> Level:
        """Whether a target belongs to a graph, or to each node (-100 or NaN where there is none)."""

    @property
    def num_symbols(self) -> int | None:
        """S; ``x`` holds symbols 0 to S - 1, and S itself means "nothing here". None where ``x`` holds features."""

    @property
    def num_features(self) -> int | None:
        """F, where ``x`` holds features ``[N, F]``. None where it holds symbols."""

    @property
    def num_outputs(self) -> int:
        """Classes, or 1 for a real target."""

    @property
    def metric_name(self) -> str:
        """The metric: "accuracy" or "mean squared error"."""

    @property
    def higher_is_better(self) -> bool:
        """Whether more of the metric is better."""

    @property
    def chance(self) -> float:
        """The metric of the best guess without the input."""

    @property
    def solved(self) -> float:
        """The metric from which on the task counts as learned."""

    @property
    def views(self) -> Mapping[str, Collate]:
        """The graphs of the samples, by name; a family uses one of them.

        They are "path", "path both ways", "dilated", "balanced tree", "symbols", "graph" (undirected, as the data
        come), "tree" (child to parent), "signals" (series ``[N, T, F]`` on the nodes of a graph).
        """

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Mean loss over the targets that count."""

    def metric(self, outputs: Tensor, y: Tensor) -> tuple[float, int]:
        """Sum of the metric over the targets that count, and their number."""

    def required(self, view: str) -> int | None:
        """Hops (for "symbols": steps) from the answer to the output in a view; None where there is no such number."""

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches of a split: the same samples in the same order for the same seed, whatever the view.

        Args:
            view: which graphs the samples become.
            seed: of the samples.
            split: "train", "validation" or "test"; no two share a sample's random stream.
            batch_size: samples in a batch.
            num_batches: number of batches.
            first: number of the first batch, to go on where training stopped.

        Raises:
            ValueError: for a view or split that the task does not have.
        """


@runtime_checkable
class HasAnswers(Protocol):
    """A task with known positions of the answers, so that their influence on the output can be measured."""

    def answers(self, view: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """Positions of the answers and of the outputs that predict them, at most one pair for each graph.

        Returns:
            Elements of ``batch.x`` that hold an answer ``[P]`` (nodes, or for signals ``[N, T]`` positions in the
            flattened tensor; see `elements`), and the rows of the model's output that predict them ``[P]``.
        """


@runtime_checkable
class HasPlain(Protocol):
    """A task with fields that are no plain values, which defines its part of a trial's key."""

    @property
    def plain(self) -> dict[str, Any]:
        """Plain values that decide everything."""


def sequence_views(num_symbols: int | None, level: Level = "graph") -> dict[str, Collate]:
    """The graphs that samples of ``(sequences, targets)`` can become.

    Args:
        num_symbols: S; None for sequences of features, which have no graph of symbols.
        level: with a target at every symbol only those graphs are possible whose nodes are the symbols.
    """
    views: dict[str, Collate] = {
        "path": to_paths,
        "path both ways": partial(to_paths, direction="both"),
        "dilated": to_dilated_paths,
    }
    if level == "graph":
        views["balanced tree"] = partial(to_balanced_trees, empty=num_symbols)
        if num_symbols is not None:
            views["symbols"] = partial(to_symbol_signals, num_symbols=num_symbols)
    return views


def sequence_hops(view: str, distance: int, position: int = 0) -> int:
    """Hops to the last symbol, or to the root of a tree, from a symbol at a distance before the last.

    Args:
        view: one of `sequence_views`; for "symbols" the steps are counted.
        distance: places in between.
        position: of the symbol, which matters in a balanced tree: its first leaves may lie a hop deeper.
    """
    if view == "dilated":
        return distance.bit_count()
    if view != "balanced tree":
        return distance
    leaves = position + distance + 1
    depth = leaves.bit_length() - 1
    return depth + (position < 2 * (leaves - (1 << depth)))


def elements(batch: Batch, position: int) -> Tensor:
    """Indices in ``batch.x`` (flattened for signals) of the symbol at a position of every sequence ``[B]``."""
    if batch.x.dim() < 2 or batch.x.is_floating_point():
        found: Tensor = batch.ptr[:-1] + position
        return found
    num_symbols = batch.x.size(0) // int(batch.num_graphs)
    nodes = (batch.x[:, position] < num_symbols).nonzero().squeeze(-1)
    found = nodes * batch.x.size(1) + position
    return found


def level_of(task: Task, view: str) -> Level:
    """Where targets belong in a view: ``task.level``, unless the task's ``levels`` name another for the view."""
    found: Level = getattr(task, "levels", {}).get(view, task.level)
    return found


def find_view(task: Task, view: str) -> Collate:
    """The collate of a view.

    Raises:
        ValueError: for a view that the task does not have.
    """
    if view not in task.views:
        raise ValueError(f"view is {view!r}, expected one that {task.title} offer: {', '.join(task.views)}")
    return task.views[view]
