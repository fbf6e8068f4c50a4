"""Models of nested lists, each with the form of the lists that it reads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.data.synthetic.listops import ListOps, ListOpsBinaryTrees, ListOpsSequences, ListOpsTrees
from gnnseq.data.trees.corpus import TreeCorpus
from gnnseq.graphs import parse_batch, path_batch
from gnnseq.layers import LSTM, ChildSumTreeLSTM, MeanReadout, NaryTreeLSTM
from gnnseq.models import BagEncoder, EdgeEncoder, NodeClassifier, SequenceClassifier, SlotEncoder, SymbolEmbedding

Labels: TypeAlias = Literal["all", "root"]

CLASSES = 10


@dataclass(frozen=True)
class ListOpsFamily:
    """A model of nested lists and what it reads.

    Attributes:
        name: short name, for the command line.
        title: name in tables and figures.
        data: the dataset, which makes the same samples for all families.
        encoder: of input width, width and the most arguments of a list.
        learning_rate: of Adam at the start.
        bag: whether the model looks at all symbols without their order.
    """

    name: str
    title: str
    data: type[ListOps]
    encoder: Callable[[int, int, int], nn.Module]
    learning_rate: float = 4e-3
    bag: bool = False

    def build(self, arguments: int, width: int, features: int) -> nn.Module:
        """A model with torch's initialisation; logits for every node, or for every bag."""
        embedding = SymbolEmbedding(len(ListOps.vocabulary), features)
        encoder, head = self.encoder(features, width, arguments), nn.Linear(width, CLASSES)
        if self.bag:
            hidden = nn.Sequential(nn.Linear(width, width), nn.ReLU(), head)
            return SequenceClassifier(embedding, encoder, MeanReadout(), hidden)
        return NodeClassifier(embedding, encoder, head)

    def batch(self, data: ListOps, rows: range, labels: Labels) -> Batch:
        """Samples as a batch of graphs with labels for every node or bag, -100 where there is none."""
        if not isinstance(data, ListOpsSequences):
            corpus = cast(TreeCorpus, data[rows])  # type: ignore[index]
            batch = parse_batch(corpus)
        else:
            sequences, values = data.with_values(rows)
            if self.bag:
                return path_batch(sequences, y=torch.stack([row[-1] for row in values]))
            batch = path_batch(sequences, y=torch.cat(values))
        if labels == "root":
            batch.y = _only_roots(batch.y, batch.ptr)
        return batch


LISTOPS_FAMILIES = (
    ListOpsFamily("tree", "Tree-LSTM, one argument at a time", ListOpsBinaryTrees,
                  lambda features, width, arguments: SlotEncoder(NaryTreeLSTM(features, width, arity=2))),
    ListOpsFamily("tree-nary", "Tree-LSTM, a place for each argument", ListOpsTrees,
                  lambda features, width, arguments: SlotEncoder(NaryTreeLSTM(features, width, arity=arguments))),
    ListOpsFamily("tree-child-sum", "Tree-LSTM, child-sum", ListOpsTrees,
                  lambda features, width, arguments: EdgeEncoder(ChildSumTreeLSTM(features, width))),
    ListOpsFamily("lstm", "LSTM on the symbols in a row", ListOpsSequences,
                  lambda features, width, arguments: EdgeEncoder(LSTM(features, width))),
    ListOpsFamily("bag", "Bag of symbols, no order", ListOpsSequences,
                  lambda features, width, arguments: BagEncoder(features, width), bag=True),
)  # fmt: skip


def _only_roots(y: Tensor, ptr: Tensor) -> Tensor:
    kept = torch.full_like(y, -100)
    kept[ptr[1:] - 1] = y[ptr[1:] - 1]
    return kept
