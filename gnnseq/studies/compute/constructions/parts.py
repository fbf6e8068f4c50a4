"""What all constructions share: a classifier of nodes, and weights that are written into it."""

import torch
from torch import Tensor, nn

from gnnseq.models import EdgeEncoder, NodeClassifier, SymbolEmbedding


def classifier(layer: nn.Module, head: nn.Linear, symbols: int) -> NodeClassifier:
    """A layer along the edges that reads symbols one-hot."""
    embedding = SymbolEmbedding(symbols, symbols)
    put(embedding.weight, torch.eye(symbols + 1, symbols))
    return NodeClassifier(embedding, EdgeEncoder(layer), head)


@torch.no_grad()
def put(goal: Tensor, values: Tensor) -> None:
    """Writes values into a weight."""
    goal.copy_(values)


def put_linear(layer: nn.Linear, weight: Tensor, bias: Tensor) -> None:
    """Writes weight and bias of a linear layer."""
    put(layer.weight, weight)
    put(layer.bias, bias)
