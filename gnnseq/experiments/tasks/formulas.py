"""The value of every formula in a tree: what needs as many steps as the tree is deep."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import ClassVar, Self, cast

import numpy as np
import torch
from torch_geometric.data import Batch

from gnnseq.data.streams import Split
from gnnseq.data.synthetic.formulas import Algebra, FormulaTrees, boolean, modular_sums
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.experiments.tasks.base import Collate, Level, find_view
from gnnseq.experiments.tasks.kinds import Classification, Sampled
from gnnseq.graphs import parse_batch, path_batch
from gnnseq.graphs.native import both_ways

_COUNTED = 2_000  # trees by which the commonest value is found

FORMULAS: dict[str, Algebra] = {"formula": boolean(), "sum-modulo-5": modular_sums(5)}


@dataclass(frozen=True)
class FormulaTask(Sampled, Classification):
    """The value of every subtree of a random binary tree, or of the whole one: :class:`gnnseq.data.FormulaTrees`.

    Attributes:
        kind: a name in `FORMULAS`.
        longest: most nodes of a tree.
        shortest: least nodes.
        every_node: whether the value of every subtree is a target, or only that of the whole tree.
    """

    kind: str
    longest: int = 40
    shortest: int = 3
    every_node: bool = True

    num_features: ClassVar[None] = None

    @property
    def name(self) -> str:
        """The kind."""
        return self.kind

    @property
    def algebra(self) -> Algebra:
        """Values and operators.

        Raises:
            ValueError: for an unknown kind.
        """
        if self.kind not in FORMULAS:
            raise ValueError(f"kind is {self.kind!r}, expected one of {', '.join(FORMULAS)}")
        return FORMULAS[self.kind]

    @property
    def title(self) -> str:
        """Name in tables."""
        asked = "" if self.every_node else ", asked at the root"
        return f"{self.algebra.name}, {self.shortest} to {self.longest} nodes{asked}"

    @property
    def size(self) -> int:
        """The largest tree."""
        return self.longest

    @property
    def level(self) -> Level:
        """Where targets belong."""
        return "node" if self.every_node else "graph"

    @property
    def num_symbols(self) -> int:
        """Values and operators."""
        return self.algebra.num_symbols

    @property
    def num_outputs(self) -> int:
        """Values."""
        return self.algebra.num_values

    @property
    def chance(self) -> float:
        """Share of the commonest value among 2,000 training trees of seed 0."""
        return _commonest(self)

    @property
    def views(self) -> Mapping[str, Collate]:
        """The tree, child to parent ("tree") or undirected ("graph"), and its nodes in postfix order ("path")."""
        tree = partial(parse_batch, every_node=self.every_node)
        made = {"tree": tree, "graph": lambda corpus: both_ways(tree(corpus)), "path": partial(_path, self.every_node)}
        return cast(Mapping[str, Collate], made)

    def required(self, view: str) -> int:
        """Hops from the farthest leaf of the largest tree to its root."""
        find_view(self, view)
        return (self.longest - 1) // 2 if view != "path" else 2 * ((self.longest + 1) // 2) - 2

    def at(self, length: int) -> Self:
        """The same task on trees of one size, or of a node less where it is even."""
        return replace(self, longest=length, shortest=length)

    def dataset(self, seed: int, split: Split) -> FormulaTrees:
        """The samples; see `Sampled`."""
        return FormulaTrees(self.algebra, self.longest, self.shortest, None, seed, split)

    def hard(self, seed: int) -> FormulaTrees:
        """Test samples whose roots have the value of the deepest leaf, where an operator can pass it on."""
        return FormulaTrees(self.algebra, self.longest, self.shortest, None, seed, "test", deep=True)


def _path(every_node: bool, corpus: TreeCorpus) -> Batch:
    symbols = torch.from_numpy(corpus.symbols).split(np.diff(corpus.ptr).tolist())
    labels = corpus.labels if every_node else corpus.root_labels
    return path_batch(list(symbols), y=torch.from_numpy(labels))


@cache
def _commonest(task: FormulaTask) -> float:
    corpus = cast(TreeCorpus, task.dataset(0, "train")[:_COUNTED])
    labels = corpus.labels if task.every_node else corpus.root_labels
    return float(np.bincount(labels).max() / len(labels))
