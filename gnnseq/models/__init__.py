"""Models: a batch of graphs in, logits out."""

from gnnseq.models.causal import PathRecurrence, SymbolGraphEncoder, check_causal
from gnnseq.models.classifier import (
    ExplainedClassifier,
    NodeClassifier,
    ScalarSymbols,
    SequenceClassifier,
    SymbolEmbedding,
)
from gnnseq.models.encoders import (
    BagEncoder,
    ConvStack,
    DeepSetEncoder,
    EdgeEncoder,
    RoundsEncoder,
    SignalEncoder,
    SlotEncoder,
)
from gnnseq.models.generate import Sampling, generate, greedy
from gnnseq.models.language_model import CharLanguageModel

__all__ = [
    "BagEncoder",
    "CharLanguageModel",
    "ConvStack",
    "DeepSetEncoder",
    "EdgeEncoder",
    "ExplainedClassifier",
    "NodeClassifier",
    "PathRecurrence",
    "RoundsEncoder",
    "Sampling",
    "ScalarSymbols",
    "SequenceClassifier",
    "SignalEncoder",
    "SlotEncoder",
    "SymbolEmbedding",
    "SymbolGraphEncoder",
    "check_causal",
    "generate",
    "greedy",
]
