"""Tree-NeighborsMatch as a task: as a tree, as a graph, and as a sequence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.data.streams import Split
from gnnseq.data.synthetic.neighbours import NeighborsMatchDataset
from gnnseq.experiments.tasks.base import Collate, Level, find_view, sequence_hops, sequence_views
from gnnseq.experiments.tasks.kinds import Classification, Sampled
from gnnseq.graphs.native import both_ways, match_tree_batch


@dataclass(frozen=True)
class NeighborsMatchTask(Sampled, Classification):
    """Tree-NeighborsMatch: the target is the value of the leaf with the root's key.

    The data are :class:`gnnseq.data.NeighborsMatchDataset`. As "tree" (child to parent) and "graph" (the
    same tree, undirected) all information from 2**depth leaves reaches the root through its two children. As a sequence
    the leaves are in order and the root is last; inner nodes are left out, so a sequence
    loses nothing and requires an associative memory.

    Attributes:
        depth: of the tree.
    """

    depth: int

    name: ClassVar[str] = "neighbours match"
    level: ClassVar[Level] = "graph"
    num_symbols: ClassVar[None] = None

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"matches in trees of depth {self.depth}"

    @property
    def size(self) -> int:
        """The depth."""
        return self.depth

    @property
    def num_features(self) -> int:
        """Key and value, one-hot."""
        return 2 * self.num_outputs

    @property
    def num_outputs(self) -> int:
        """Leaves, which are as many as keys and classes."""
        return self.dataset(0, "train").num_leaves

    @property
    def chance(self) -> float:
        """Accuracy of any constant answer."""
        return self.dataset(0, "train").chance

    @property
    def views(self) -> Mapping[str, Collate]:
        """The tree, under both its names, its undirected form, and the sequence of leaves and root."""
        trees = {"tree": _match_tree, "balanced tree": _match_tree, "graph": _match_graph}
        return {**trees, **sequence_views(None, "node")}

    def required(self, view: str) -> int:
        """Hops from the farthest leaf to the root."""
        find_view(self, view)
        if view in ("tree", "balanced tree", "graph"):
            return self.depth
        if view == "dilated":
            return max(distance.bit_count() for distance in range(1, self.num_outputs + 1))
        return sequence_hops(view, self.num_outputs)

    def answers(self, view: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """The leaf with the root's key in every graph, and the graph's row."""
        keys = batch.x[batch.ptr[1:] - 1, : self.num_outputs].argmax(1)
        return batch.ptr[:-1] + keys, torch.arange(int(batch.num_graphs))

    def dataset(self, seed: int, split: Split) -> NeighborsMatchDataset:
        """The samples; see `Sampled`."""
        return NeighborsMatchDataset(self.depth, seed=seed, split=split)


def _match_tree(sample: tuple[Tensor, Tensor]) -> Batch:
    return match_tree_batch(*sample)


def _match_graph(sample: tuple[Tensor, Tensor]) -> Batch:
    return both_ways(match_tree_batch(*sample))
