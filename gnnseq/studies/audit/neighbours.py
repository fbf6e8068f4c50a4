"""Tree-NeighborsMatch as it was published: training accuracy on a finite set of trees."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from torch import nn
from torch_geometric.data import Batch
from torch_geometric.nn import GatedGraphConv, GCNConv

from gnnseq.data.streams import Split
from gnnseq.experiments.encoders import graph_layers, predictor, residual
from gnnseq.experiments.family import Family
from gnnseq.experiments.tasks.base import find_view
from gnnseq.experiments.tasks.neighbours import NeighborsMatchTask
from gnnseq.training import Epochs


@dataclass(frozen=True)
class FiniteMatchTask(NeighborsMatchTask):
    """`NeighborsMatchTask` on a finite set of trees, for training and test: can the model fit them?

    Attributes:
        trees: their number.
    """

    trees: int = 12_800

    name: ClassVar[str] = "neighbours match, fitted"

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"fit of {self.trees:,} trees of depth {self.depth}"

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches; see `Task`. Every split has the same trees; training reads them in epochs, each shuffled anew."""
        collate = find_view(cast(Any, self), view)
        data = self.dataset(seed, "train")
        size = -(-self.trees // batch_size)

        def epoch(number: int) -> Iterator[Batch]:
            order = np.arange(self.trees)
            if split == "train":
                order = np.random.default_rng([seed, number]).permutation(self.trees)
            for start in range(0, self.trees, batch_size):
                yield collate(cast(Any, data[order[start : start + batch_size]]))

        count = -(-(first + num_batches) // size) if split == "train" else 1
        batches = Epochs(epoch, count, size)(first)
        yield from (batch for batch, _ in zip(batches, range(num_batches), strict=False))


def _gated(features: int, width: int) -> nn.Module:
    layer: nn.Module = GatedGraphConv(width, num_layers=1)
    return layer


MATCH_FAMILIES = (
    Family("ggnn-up", "tree", predictor(residual(_gated, graph_layers), project=True), "GGNN, edges to the root",
           reach=graph_layers),
    Family("gcn-up", "tree", predictor(residual(GCNConv, graph_layers), project=True), "GCN, edges to the root",
           reach=graph_layers),
)  # fmt: skip
