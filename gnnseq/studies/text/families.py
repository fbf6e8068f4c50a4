"""The causal families that predict the next character, each with the graph it reads."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import nn
from torch_geometric.data import Batch, Data
from torch_geometric.nn import GraphConv

from gnnseq.experiments.family import Family, fixed_reach
from gnnseq.experiments.tasks.base import Task
from gnnseq.graphs import dilated_batch, path_batch
from gnnseq.layers import GCRN, GRU, LSTM, RNN
from gnnseq.models import ConvStack, SymbolEmbedding
from gnnseq.models.causal import PathRecurrence, SymbolGraphEncoder
from gnnseq.models.language_model import CharLanguageModel

LAYERS = 2  # of a recurrence, as in the report
PATH_CONVS = 6
HOPS = (1, 2, 4, 8, 16)  # fixed, since hops that grow with the text would make another model of it
GCRN_TERMS = 2

ToBatch = Callable[..., Batch]
BATCHES: dict[str, ToBatch] = {"path": path_batch, "dilated": partial(dilated_batch, hops=HOPS)}


@dataclass(frozen=True)
class TextFamily:
    """A causal model of text and the graph that it reads.

    Attributes:
        name: short name, for the command line.
        title: name in tables and figures.
        encoder: of input width, width and the graph of symbols; with the width of what it gives.
        to_batch: makes a batch of graphs of texts; ``y`` are the symbols that follow.
        reach: symbols before a position that its prediction depends on; None where there is no limit.
        view: name of that graph in `BATCHES`, for trials.
    """

    name: str
    title: str
    encoder: Callable[[int, int, Data], tuple[nn.Module, int]]
    to_batch: ToBatch
    reach: int | None = None
    view: str = "path"

    @property
    def in_trials(self) -> Family:
        """The family as trials of a `gnnseq.studies.text.task.BookTask` take it."""
        return Family(self.name, self.view, partial(_of_task, self), self.title, learning_rate=4e-3,
                      reach=partial(fixed_reach, self.reach), state_size=partial(_state, self.name))  # fmt: skip

    def build(self, symbols: Data, width: int, embedding: int) -> CharLanguageModel:
        """A model with torch's initialisation.

        Args:
            symbols: the graph of symbols, with a node for each.
            width: features of a state.
            embedding: features of a symbol.
        """
        count = int(symbols.num_nodes or 0)
        encoder, out_channels = self.encoder(embedding, width, symbols)
        head = nn.Linear(out_channels, count)
        return CharLanguageModel(SymbolEmbedding(count, embedding), encoder, head, self.reach)


def _of_task(family: TextFamily, task: Any, width: int, embedding: int) -> CharLanguageModel:
    return family.build(task.parts.symbols, width, embedding)


def _state(name: str, task: Task, width: int) -> int:
    """Numbers that are handed on to the next symbol: of each layer, or of each node of the graph of symbols."""
    if name == "gcrn":
        return 2 * width * (task.num_symbols or 1)
    return {"rnn": LAYERS, "gru": LAYERS, "lstm": 2 * LAYERS}.get(name, 1) * width


def _recurrent(layer: Callable[..., Any], features: int, width: int, symbols: Data) -> tuple[nn.Module, int]:
    return PathRecurrence(layer(features, width, num_layers=LAYERS)), width


def _gcrn(features: int, width: int, symbols: Data) -> tuple[nn.Module, int]:
    layer = GCRN(features, width, K=GCRN_TERMS)
    return SymbolGraphEncoder(layer, int(symbols.num_nodes or 0), symbols.edge_index, symbols.edge_weight), 2 * width


def _convolutions(layers: int, features: int, width: int, symbols: Data) -> tuple[nn.Module, int]:
    return ConvStack(GraphConv, features, width, num_layers=layers, residual=True), width


CAUSAL_FAMILIES = (
    TextFamily("rnn", f"RNN, {LAYERS} layers", partial(_recurrent, RNN), path_batch),
    TextFamily("gru", f"GRU, {LAYERS} layers", partial(_recurrent, GRU), path_batch),
    TextFamily("lstm", f"LSTM, {LAYERS} layers", partial(_recurrent, LSTM), path_batch),
    TextFamily("gcrn", "GCRN on the graph of characters", _gcrn, path_batch),
    TextFamily("path-conv", f"Graph convolution on the directed path, {PATH_CONVS} layers",
               partial(_convolutions, PATH_CONVS), path_batch, PATH_CONVS),
    TextFamily("dilated-conv", f"Graph convolution on the dilated path, {len(HOPS)} layers",
               partial(_convolutions, len(HOPS)), BATCHES["dilated"], len(HOPS) * max(HOPS), "dilated"),
)  # fmt: skip
