"""Pairs of short trees, from a corpus to gradients, against the same equations node by node.

The goal for the library is 40,000 pairs a minute at width 50 on two cores: 192 ms for 128 pairs.
"""

from functools import partial
from random import Random

import torch
from torch import Tensor, nn

from benchmarks.row import Row, Side, gradients
from gnnseq.data import Tree, TreeCorpus, balanced_tree
from gnnseq.graphs import pair_batch, parse_batch
from gnnseq.layers import NaryTreeLSTM
from gnnseq.models import PairClassifier, PairComparison, SlotEncoder, SymbolEmbedding
from gnnseq.ops.scan import Children
from gnnseq.ops.trees.nary_lstm import nary_step

WIDTH, WORDS = 50, "abcdefgh"


def make(count: int, longest: int = 12) -> tuple[Side, Side]:
    """So many pairs of trees over 1 to ``longest`` words."""
    draw = Random(0)
    sides = [[balanced_tree(draw.choices(WORDS, k=draw.randint(1, longest))) for _ in range(count)] for _ in range(2)]
    left, right = (TreeCorpus.from_trees(trees) for trees in sides)
    layer, head = NaryTreeLSTM(WIDTH, WIDTH), PairComparison(WIDTH, WIDTH, 5)
    model = PairClassifier(SymbolEmbedding(len(WORDS), WIDTH), SlotEncoder(layer), None, head)
    grad = torch.randn(count, 5)

    def ours() -> Tensor:
        return _backward(model, model(pair_batch(parse_batch(left), parse_batch(right)).to(grad.device)), grad)

    def theirs() -> Tensor:
        roots = [torch.cat([_root(model, layer, corpus, tree) for tree in corpus]) for corpus in (left, right)]
        return _backward(model, head(*roots), grad)

    weights = dict(model.named_parameters())
    return Side(ours, lambda: gradients(ours, weights)), Side(theirs, lambda: gradients(theirs, weights))


def _root(model: nn.Module, layer: NaryTreeLSTM, corpus: TreeCorpus, tree: Tree) -> Tensor:
    """The state of a tree's root, node by node."""
    (cell,) = layer.cells
    inputs = cell._inputs(torch.empty(0))
    states: list[tuple[Tensor, ...]] = []
    ids = {word: number for number, word in enumerate(corpus.words.symbols)} | {"": corpus.empty}
    for word, below in zip(tree.words, tree.children(), strict=True):
        own = nn.functional.linear(model.embedding(torch.tensor([ids[word]])), inputs.w_x, inputs.bias)
        children = None
        if below:
            own = torch.cat([own, own[:, 3 * WIDTH :]], dim=1)
            h_and_c = (torch.cat(kind) for kind in zip(*(states[child] for child in below), strict=True))
            children = Children(tuple(h_and_c), torch.zeros(len(below), dtype=torch.long), 1)
        states.append(nary_step(own, children, torch.arange(len(below)), inputs.weight))
    return states[-1][0]


def _backward(model: nn.Module, out: Tensor, grad: Tensor) -> Tensor:
    model.zero_grad()
    out.backward(grad)
    return out.detach()


def rows() -> list[Row]:
    """Many pairs, as in training."""
    work = f"128 pairs of trees over 1 to 12 words, {WIDTH} in, {WIDTH} out, N-ary Tree-LSTM and comparison"
    return [Row("pairs-128", work, "node by node", {1: 20.0, 2: 20.0}, partial(make, 128))]
