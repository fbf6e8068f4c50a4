"""Encoders that read a text one symbol at a time, and the check that a model does not look ahead."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.layers.graph_recurrent import GraphRecurrent
from gnnseq.layers.recurrent import Recurrent
from gnnseq.models.classifier import NodeClassifier
from gnnseq.models.encoders import EdgeEncoder
from gnnseq.models.language_model import CharLanguageModel

ToBatch = Callable[[Any], Batch]

_LISTED = 5  # pairs of positions that a message names


class PathRecurrence(EdgeEncoder):
    """An `RNN`, `GRU` or `LSTM` along forward paths, which can hand its state on to the symbols that follow.

    Args:
        layer: the layer; it has one direction, since the other one looks ahead.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``

    Raises:
        TypeError: for another layer.
        ValueError: for a bidirectional one.
    """

    layer: Recurrent

    def __init__(self, layer: Recurrent) -> None:
        if not isinstance(layer, Recurrent):
            raise TypeError(f"layer is a {type(layer).__name__}, expected an RNN, GRU or LSTM")
        if layer.bidirectional:
            raise ValueError(f"layer is {layer}, expected one direction: the other one looks ahead")
        super().__init__(layer)

    def advance(self, x: Tensor, batch: Batch, state: Any) -> tuple[Tensor, Any]:
        """Reads the next symbols of every path, from the state after the last ones (None at the start)."""
        out, state = self.layer(x, batch.edge_index, state)
        return out, state


class SymbolGraphEncoder(nn.Module):
    """A GCRN on the graph of symbols, where the symbols of a text are the nodes and its positions are the time.

    At each step the node of the symbol that is read gets that symbol's features and all others get zeros (Seo et al.
    2016, https://arxiv.org/abs/1612.07659). What stands for a position is the state of its symbol's node, joined with
    the mean over all nodes.

    Args:
        layer: a `GCRN`, `GraphGRU` or `GraphRNN`.
        num_symbols: S, the nodes.
        edge_index: between symbols ``[2, E]``, both directions of every edge.
        edge_weight: ``[E]``; ones if None.

    Shapes:
        - **x:** ``[N, F]``, nodes of paths
        - **batch:** paths, with symbols ``x`` ``[N]``
        - **output:** ``[N, 2H]``
    """

    edge_index: Tensor
    edge_weight: Tensor

    def __init__(
        self, layer: GraphRecurrent, num_symbols: int, edge_index: Tensor, edge_weight: Tensor | None = None
    ) -> None:
        super().__init__()
        if edge_index.numel() and not 0 <= int(edge_index.min()) <= int(edge_index.max()) < num_symbols:
            raise ValueError(f"edge_index refers to node {int(edge_index.max())} of {num_symbols}")
        self.layer = layer
        self.num_symbols = num_symbols
        weight = torch.ones(edge_index.size(1)) if edge_weight is None else edge_weight
        self.register_buffer("edge_index", edge_index)
        self.register_buffer("edge_weight", weight)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs over all steps of all paths."""
        return self.advance(x, batch, None)[0]

    def advance(self, x: Tensor, batch: Batch, state: Any) -> tuple[Tensor, Any]:
        """Reads the next symbols of every path, from the state after the last ones (None at the start)."""
        symbol, path, lengths = batch.x, batch.batch, batch.ptr.diff()
        step = torch.arange(len(symbol), device=symbol.device) - batch.ptr[path]
        steps = int(lengths.max())
        signals = x.new_zeros(len(lengths), self.num_symbols, steps, x.size(-1))
        signals = signals.index_put((path, symbol, step), x)  # [B, S, T, F]
        uneven = lengths if bool((lengths != steps).any()) else None
        out, state = self.layer(signals, self.edge_index, self.edge_weight, state, lengths=uneven)
        own, mean = out[path, symbol, step], out.mean(dim=1)[path, step]
        return torch.cat([own, mean], dim=-1), state


def influence(model: NodeClassifier, ids: Tensor, to_batch: ToBatch) -> Tensor:
    r"""How much every symbol influences every prediction: :math:`I_{tu} = \|v^\top \partial y_t / \partial x_u\|_1`.

    y are logits and x features of symbols. The vector v is random, so that an entry is zero only if the whole
    Jacobian between the two positions is.

    Args:
        model: anything with an embedding, an encoder and a head.
        ids: texts ``[B, T]``, int64.
        to_batch: makes a batch of graphs of them, with a node for every symbol, in order.

    Shapes:
        - **output:** ``[B * T, B * T]``: rows predict, columns are read
    """
    batch = to_batch(ids)
    x = model.embedding(batch.x).detach().requires_grad_()
    projected = model.head(model.encoder(x, batch))
    projected = (projected * torch.randn_like(projected)).sum(-1)
    rows = [torch.autograd.grad(y, x, retain_graph=True, allow_unused=True)[0] for y in projected]
    return torch.stack([x.new_zeros(len(x)) if row is None else row.abs().sum(-1) for row in rows])


def check_causal(model: CharLanguageModel, to_batch: ToBatch, num_steps: int = 12) -> None:
    """Refuses a model whose predictions depend on later symbols, or on other texts of the batch.

    It looks at the Jacobian on random symbols, with the model in training mode, since that is where a model that
    peeks would be rewarded. The model and torch's random state stay as they are.

    Args:
        model: a language model.
        to_batch: as in training; makes a batch of graphs of texts ``[B, T]``.
        num_steps: symbols of a text T.

    Raises:
        ValueError: if the model looks ahead or aside; it names the positions.
    """
    if num_steps < 2:
        raise ValueError(f"num_steps is {num_steps}, expected at least 2")
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        device = next(model.parameters()).device
        ids = torch.randint(model.num_symbols, (2, num_steps)).to(device)
        seen = influence(deepcopy(model).train(), ids, to_batch)
    if seen.shape != (ids.numel(), ids.numel()):
        raise ValueError(f"to_batch made {len(seen)} nodes of {ids.numel()} symbols, expected one each")
    place = torch.arange(ids.numel(), device=device)
    past = (place.unsqueeze(1) >= place) & (place.unsqueeze(1) // num_steps == place // num_steps)
    wrong = ((seen != 0) & ~past).nonzero().tolist()  # NaN counts as influence
    if wrong:
        raise ValueError(_describe(wrong, num_steps))


def _describe(wrong: list[list[int]], num_steps: int) -> str:
    aside = [
        f"{t % num_steps} on {u % num_steps} of another text" for t, u in wrong if t // num_steps != u // num_steps
    ]
    ahead = [f"{t} on {u}" for t, u in wrong if t // num_steps == u // num_steps == 0]
    named = ", ".join((ahead or aside)[:_LISTED])
    return (
        f"model is not causal: predictions depend on symbols that they must not see (position {named}; {len(wrong)} "
        "pairs in all), expected an encoder whose edges run from earlier to later symbols"
    )
