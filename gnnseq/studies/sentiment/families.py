"""Models of sentiment: some read trees, some the same phrases as words in a row."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.experiments.family import find_named
from gnnseq.layers import LSTM, ChildSumTreeLSTM, MeanReadout, NaryTreeLSTM, RootReadout
from gnnseq.models import BagEncoder, EdgeEncoder, SlotEncoder
from gnnseq.models.words import EndsReadout


class PhraseModel(nn.Module):
    """Word vectors, an encoder, a readout unless every node is classified, dropout, a head.

    Args:
        embedding: words to features.
        encoder: ``encoder(x, batch) -> [N, H]``.
        readout: ``readout(x, ptr) -> [B, H]``; None classifies every node.
        head: to logits.
    """

    def __init__(self, embedding: nn.Module, encoder: nn.Module, readout: nn.Module | None, head: nn.Module) -> None:
        super().__init__()
        self.embedding = embedding
        self.encoder = encoder
        self.readout = readout
        self.head = head

    def forward(self, batch: Batch) -> Tensor:
        """Logits of every node ``[N, C]``, or of every graph ``[B, C]``."""
        out: Tensor = self.encoder(self.embedding(batch.x), batch)
        logits: Tensor = self.head(out if self.readout is None else self.readout(out, batch.ptr))
        return logits


@dataclass(frozen=True)
class SentimentFamily:
    """A model of phrases.

    Attributes:
        name: short name, for the command line.
        title: name in tables and figures.
        encoder: of features and width.
        readout: makes the readout of phrases; None for models that read trees and classify every node.
        directions: how many times as wide as the width the encoder's output is.
        hidden: whether the head has a hidden layer.
    """

    name: str
    title: str
    encoder: Callable[[int, int], nn.Module]
    readout: Callable[[], nn.Module] | None = None
    directions: int = 1
    hidden: bool = False

    @property
    def reads_trees(self) -> bool:
        """Whether a batch is of trees, not of phrases as words in a row."""
        return self.readout is None

    def build(self, embedding: nn.Module, features: int, width: int, classes: int, dropout: float) -> PhraseModel:
        """A model with torch's initialisation.

        Args:
            embedding: words to features.
            features: of a word.
            width: features of a state.
            classes: of sentiment.
            dropout: probability of zeroing an input of the last layer, in training.
        """
        wide = self.directions * width
        middle: list[nn.Module] = [nn.Linear(wide, wide), nn.ReLU()] if self.hidden else []
        head = nn.Sequential(*middle, nn.Dropout(dropout), nn.Linear(wide, classes))
        readout = None if self.readout is None else self.readout()
        return PhraseModel(embedding, self.encoder(features, width), readout, head)


def _nary(features: int, width: int) -> nn.Module:
    return SlotEncoder(NaryTreeLSTM(features, width, arity=2))


def _child_sum(features: int, width: int) -> nn.Module:
    return EdgeEncoder(ChildSumTreeLSTM(features, width))


def _lstm(features: int, width: int) -> nn.Module:
    return EdgeEncoder(LSTM(features, width))


def _both_ways(features: int, width: int) -> nn.Module:
    return EdgeEncoder(LSTM(features, width, bidirectional=True))


SENTIMENT_FAMILIES = (
    SentimentFamily("tree", "Tree-LSTM, constituency (N-ary)", _nary),
    SentimentFamily("tree-child-sum", "Tree-LSTM, child-sum on the same trees", _child_sum),
    SentimentFamily("lstm", "LSTM", _lstm, RootReadout),
    SentimentFamily("bilstm", "Bidirectional LSTM", _both_ways, EndsReadout, directions=2),
    SentimentFamily("bag", "Bag of words, MLP", BagEncoder, MeanReadout, hidden=True),
)


def find_sentiment_family(name: str) -> SentimentFamily:
    """The family of a name.

    Raises:
        ValueError: if there is none.
    """
    return find_named(name, SENTIMENT_FAMILIES, "model")
