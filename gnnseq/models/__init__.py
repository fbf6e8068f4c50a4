"""Models: a batch of graphs in, logits out."""

from gnnseq.models.classifier import (
    NodeClassifier,
    ScalarSymbols,
    SequenceClassifier,
    SymbolEmbedding,
)
from gnnseq.models.encoders import (
    BagEncoder,
    ConvStack,
    EdgeEncoder,
    RoundsEncoder,
    SignalEncoder,
    SlotEncoder,
)

__all__ = [
    "BagEncoder",
    "ConvStack",
    "EdgeEncoder",
    "NodeClassifier",
    "RoundsEncoder",
    "ScalarSymbols",
    "SequenceClassifier",
    "SignalEncoder",
    "SlotEncoder",
    "SymbolEmbedding",
]
