"""Repeat the first symbol, as a task over any graph of a sequence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.analysis import hops_needed
from gnnseq.data.streams import Split
from gnnseq.data.synthetic.first_symbol import FirstSymbolDataset
from gnnseq.experiments.tasks.base import Collate, find_view
from gnnseq.experiments.tasks.kinds import FirstAsked
from gnnseq.graphs import complete_batch, cycle_batch, path_with_hub_batch, star_batch, window_batch

WINDOW = 4


def _over(make: Callable[..., Batch], samples: tuple[Tensor, Tensor]) -> Batch:
    symbols, y = samples
    return make(symbols, y=y)


@dataclass(frozen=True)
class FirstSymbolTask(FirstAsked):
    """Random symbols, the answer is the first: :class:`gnnseq.data.synthetic.first_symbol.FirstSymbolDataset`.

    It has more views than other tasks, so that graphs over one and the same sequence can be compared: the paths and
    trees of every sequence, and "window", "cycle", "star", "path with hub" and "complete". The first T nodes of every
    graph are the symbols, and its last node predicts the answer.

    Attributes:
        length: symbols of a sequence, T >= 2; the answer is T - 1 symbols before the last.
        base: number of different symbols.
    """

    name: ClassVar[str] = "first symbol"

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"first of {self.length} symbols"

    @property
    def views(self) -> Mapping[str, Collate]:
        """All graphs over a sequence."""
        return {
            **super().views,
            "window": partial(_over, partial(window_batch, size=WINDOW, direction="forward")),
            "cycle": partial(_over, cycle_batch),
            "star": partial(_over, partial(star_batch, empty=self.base)),
            "path with hub": partial(_over, partial(path_with_hub_batch, empty=self.base)),
            "complete": partial(_over, complete_batch),
        }

    def required(self, view: str) -> int:
        """Hops from the first symbol to the node that predicts it; for "symbols" the steps."""
        collate = find_view(self, view)
        return self.length - 1 if view == "symbols" else _hops(self, collate)

    def dataset(self, seed: int, split: Split) -> FirstSymbolDataset:
        """The sequences of a split."""
        return FirstSymbolDataset(self.length, self.base, seed=seed, split=split)


def _hops(task: FirstSymbolTask, collate: Collate) -> int:
    symbols, first = task.dataset(0, "train")[:1]
    batch = collate((symbols, first))
    ends = torch.tensor([0]), torch.tensor([int(batch.num_nodes) - 1])
    return int(hops_needed(batch.edge_index, *ends, int(batch.num_nodes)))
