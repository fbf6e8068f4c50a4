"""The causal families that predict the next character, each with its graph."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn
from torch_geometric.data import Batch, Data
from torch_geometric.nn import GraphConv

from gnnseq.experiments.encoders import heads, matrix_states
from gnnseq.experiments.family import Family, fixed_reach
from gnnseq.experiments.tasks.base import Task
from gnnseq.graphs import dilated_batch, path_batch
from gnnseq.layers import GCRN, GRU, LSTM, RNN, GatedLinearAttention, GraphTransformer, MinGRU, SinusoidalPositions
from gnnseq.models import TCN, ConvStack, EdgeEncoder, SymbolEmbedding
from gnnseq.models.causal import PathRecurrence, SymbolGraphEncoder
from gnnseq.models.language_model import CharLanguageModel

LAYERS = 2  # of a recurrence, as in the report
PATH_CONVS = 6
HOPS = (1, 2, 4, 8, 16)  # fixed, since hops that grow with the text would make another model of it
_GCRN_TERMS = 2

Encoder = Callable[[int, int, Data], tuple[nn.Module, int]]
ToBatch = Callable[..., Batch]
BATCHES: dict[str, ToBatch] = {"path": path_batch, "dilated": partial(dilated_batch, hops=HOPS)}


def causal_family(
    name: str, title: str, encoder: Encoder, view: str = "path", reach: int | Callable[[Any], int] | None = None
) -> Family:
    """A causal model of text, with torch's initialisation, for a `gnnseq.studies.text.task.BookTask`.

    Args:
        name: short name, for the command line.
        title: name in tables and figures.
        encoder: of input width, width and the graph of symbols; with the width of what it gives.
        view: name in `BATCHES` of its graph.
        reach: symbols before a position that its prediction depends on, or a function of the task; None where there
            is no limit.
    """
    limit = reach if callable(reach) else partial(fixed_reach, reach)
    return Family(name, view, partial(_build, encoder, limit), title, learning_rate=4e-3, reach=limit,
                  state_size=partial(_state, name))  # fmt: skip


def _build(
    encoder: Encoder, reach: Callable[[Any], int | None], task: Any, width: int, embedding: int
) -> CharLanguageModel:
    symbols: Data = task.parts.symbols
    count = int(symbols.num_nodes or 0)
    inner, out_channels = encoder(embedding, width, symbols)
    head = nn.Linear(out_channels, count)
    return CharLanguageModel(SymbolEmbedding(count, embedding), inner, head, reach(task))


def _state(name: str, task: Task, width: int) -> int:
    """Numbers that are handed on to the next symbol: of each layer, or of each node of the graph of symbols."""
    if name == "gcrn":
        return 2 * width * (task.num_symbols or 1)
    if name == "linear-attention":
        return matrix_states(task, width)
    return {"rnn": LAYERS, "gru": LAYERS, "lstm": 2 * LAYERS, "min-gru": LAYERS}.get(name, 1) * width


def _recurrent(layer: Callable[..., Any], features: int, width: int, symbols: Data) -> tuple[nn.Module, int]:
    return PathRecurrence(layer(features, width, num_layers=LAYERS)), width


def _gcrn(features: int, width: int, symbols: Data) -> tuple[nn.Module, int]:
    layer = GCRN(features, width, K=_GCRN_TERMS)
    return SymbolGraphEncoder(layer, int(symbols.num_nodes or 0), symbols.edge_index, symbols.edge_weight), 2 * width


def _convolutions(layers: int, features: int, width: int, symbols: Data) -> tuple[nn.Module, int]:
    return ConvStack(GraphConv, features, width, num_layers=layers, residual=True), width


def _attention(features: int, width: int, symbols: Data) -> tuple[nn.Module, int]:
    return PathRecurrence(GatedLinearAttention(features, width, LAYERS, heads(width))), width


def _transformer(features: int, width: int, symbols: Data) -> tuple[nn.Module, int]:
    layer = GraphTransformer(features, width, LAYERS, heads(width), attend="ancestors", positions=SinusoidalPositions)
    return EdgeEncoder(layer), width


def _tcn(features: int, width: int, symbols: Data) -> tuple[nn.Module, int]:
    return TCN(features, width, len(HOPS), norm=nn.LayerNorm), width


def _window(task: Any) -> int:
    """A Transformer knows the positions of the windows that it was trained on."""
    return int(task.length) - 1


CAUSAL_FAMILIES = (
    causal_family("rnn", f"RNN, {LAYERS} layers", partial(_recurrent, RNN)),
    causal_family("gru", f"GRU, {LAYERS} layers", partial(_recurrent, GRU)),
    causal_family("lstm", f"LSTM, {LAYERS} layers", partial(_recurrent, LSTM)),
    causal_family("min-gru", f"MinGRU, {LAYERS} layers", partial(_recurrent, MinGRU)),
    causal_family("linear-attention", f"Gated linear attention, {LAYERS} layers", _attention),
    causal_family("transformer", f"Transformer, {LAYERS} layers", _transformer, reach=_window),
    causal_family("tcn", f"TCN, {len(HOPS)} layers", _tcn, "dilated", sum(HOPS)),
    causal_family("gcrn", "GCRN on the graph of characters", _gcrn),
    causal_family("path-conv", f"Graph convolution on the directed path, {PATH_CONVS} layers",
                  partial(_convolutions, PATH_CONVS), reach=PATH_CONVS),
    causal_family("dilated-conv", f"Graph convolution on the dilated path, {len(HOPS)} layers",
                  partial(_convolutions, len(HOPS)), "dilated", len(HOPS) * max(HOPS)),
)  # fmt: skip
