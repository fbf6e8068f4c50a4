"""Checks by the Jacobian that the predictions of a text model do not depend on later symbols."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.models.batches import graph_bounds, node_graphs
from gnnseq.models.classifier import NodeClassifier, SymbolEmbedding

ToBatch: TypeAlias = Callable[[Any], Batch]

_LISTED = 5  # pairs of positions that a message names
_TEXTS, _SYMBOLS, _ROWS = 2, 64, 8  # how much of a batch `check_causal_batch` reads, predictions of each text


def symbol_influence(model: NodeClassifier, ids: Tensor, to_batch: ToBatch) -> Tensor:
    r"""How much every symbol influences every prediction: :math:`I_{tu} = \|v^\top \partial y_t / \partial x_u\|_1`.

    y are logits and x features of symbols. The vector v is random, so that an entry is zero only if the whole
    Jacobian between the two positions is.

    Args:
        model: anything with an embedding, an encoder and a head.
        ids: texts ``[B, T]``, int64.
        to_batch: makes a batch of graphs of them, with a node for every symbol, in order.

    Shapes:
        - **output:** ``[B * T, B * T]``: rows: predictions, columns: inputs
    """
    batch = to_batch(ids)
    return _influence(model, batch, torch.arange(len(batch.x)))


def check_causal(model: NodeClassifier, to_batch: ToBatch, num_steps: int = 12) -> None:
    """Refuses a model whose predictions depend on later symbols, or on other texts of the batch.

    It looks at the Jacobian on random symbols, with the model in training mode, since that is where a model that
    peeks would be rewarded. The model and torch's random state stay as they are.

    Args:
        model: a language model, whose embedding is a `SymbolEmbedding`.
        to_batch: as in training; makes a batch of graphs of texts ``[B, T]``.
        num_steps: symbols of a text T.

    Raises:
        ValueError: if the model looks ahead or aside; it names the positions.
    """
    if num_steps < 2:
        raise ValueError(f"num_steps is {num_steps}, expected at least 2")
    device = next(model.parameters()).device
    with _own_random_numbers(device), torch.enable_grad():
        symbols = cast(SymbolEmbedding, model.embedding).num_symbols
        ids = torch.randint(symbols, (2, num_steps)).to(device)
        seen = symbol_influence(_copied(model), ids, to_batch)
    if seen.shape != (ids.numel(), ids.numel()):
        raise ValueError(f"to_batch made {len(seen)} nodes of {ids.numel()} symbols, expected one each")
    place = torch.arange(ids.numel(), device=device)
    _refuse(seen, place, place // num_steps)


def check_causal_batch(model: NodeClassifier, batch: Batch) -> bool:
    """The same check on a batch as it is: its first two texts, 64 symbols of each, eight of their predictions.

    Args:
        model: a language model.
        batch: paths, nodes in reading order.

    Returns:
        Whether there was anything to see: a text of two symbols, and weights that are finite.

    Raises:
        ValueError: if the model looks ahead or aside; it names the positions.
    """
    with _own_random_numbers(batch.x.device), torch.inference_mode(False), torch.enable_grad():
        few, ends = _first_texts(batch)
        rows = [torch.linspace(first, last - 1, _ROWS).long().unique() for first, last in ends]
        if max(map(len, rows)) < 2:
            return False
        places = torch.cat(rows)
        seen = _influence(_copied(model), few, places)
    if not bool(seen.isfinite().all()):
        return False
    _refuse(seen, places.to(seen.device), node_graphs(few))
    return True


@contextmanager
def _own_random_numbers(device: torch.device) -> Iterator[None]:
    """The same random numbers each time, after which torch's go on as if none had been drawn."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        yield


def _copied(model: NodeClassifier) -> NodeClassifier:
    """A copy in training mode, with the same weights: those that a hook makes (weight norm, pruning) allow no copy."""
    made = (value for module in model.modules() for value in vars(module).values() if isinstance(value, Tensor))
    shared = [*model.parameters(), *(value for value in made if not value.is_leaf)]
    return deepcopy(model, {id(weight): weight for weight in shared}).train()


def _first_texts(batch: Batch) -> tuple[Batch, list[tuple[int, int]]]:
    """The beginnings of a batch's first texts, and where each stands; a batch that cannot be cut stays whole."""
    count = min(_TEXTS, len(graph_bounds(batch)) - 1)
    if hasattr(batch, "_slice_dict"):
        graphs = [graph.clone() for graph in batch.index_select(torch.arange(count))]
        batch = Batch.from_data_list([graph.subgraph(torch.arange(min(len(graph.x), _SYMBOLS))) for graph in graphs])
    else:
        batch = batch.clone()
    ends = graph_bounds(batch).tolist()
    return batch, [(ends[text], min(ends[text + 1], ends[text] + _SYMBOLS)) for text in range(count)]


def _influence(model: NodeClassifier, batch: Batch, rows: Tensor) -> Tensor:
    x = model.embedding(batch.x).detach().requires_grad_()
    projected = model.head(model.encoder(x, batch))
    projected = (projected * torch.randn_like(projected)).sum(-1)
    grads = [torch.autograd.grad(projected[row], x, retain_graph=True, allow_unused=True)[0] for row in rows.tolist()]
    return torch.stack([x.new_zeros(len(x)) if grad is None else grad.abs().sum(-1) for grad in grads])


def _refuse(seen: Tensor, rows: Tensor, text: Tensor) -> None:
    """Raises unless predictions ``rows`` [R] have no entry in ``seen`` [R, N] but for earlier symbols of their text."""
    place = torch.arange(len(text), device=text.device)
    past = (rows.unsqueeze(1) >= place) & (text[rows].unsqueeze(1) == text)
    wrong = ((seen != 0) & ~past).nonzero()  # NaN counts as influence
    if len(wrong):
        raise ValueError(_describe(torch.stack([rows[wrong[:, 0]], wrong[:, 1]], dim=1), text))


def _describe(wrong: Tensor, text: Tensor) -> str:
    first = torch.searchsorted(text, text)
    aside = [f"{t - first[t]} on {u - first[u]} of another text" for t, u in wrong if text[t] != text[u]]
    ahead = [f"{t} on {u}" for t, u in wrong if text[t] == text[u] == 0]
    named = ", ".join((ahead or aside)[:_LISTED])
    return (
        f"model is not causal: predictions depend on symbols that they must not see (position {named}; {len(wrong)} "
        "pairs in all), expected an encoder whose edges run from earlier to later symbols"
    )
