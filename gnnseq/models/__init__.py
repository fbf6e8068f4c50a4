"""Models: a batch of graphs in, logits out."""

from gnnseq.models.baselines import BagEncoder, DeepSetEncoder
from gnnseq.models.causal import PathRecurrence, SymbolGraphEncoder, check_causal
from gnnseq.models.classifier import (
    ExplainedClassifier,
    NodeClassifier,
    ScalarSymbols,
    SequenceClassifier,
    SymbolEmbedding,
)
from gnnseq.models.encoders import EdgeEncoder, RoundsEncoder, SignalEncoder, SlotEncoder
from gnnseq.models.forecast_baselines import Autoregression, MeanForecast, PersistenceForecast, SeasonalForecast
from gnnseq.models.forecasters import DirectForecaster, RolloutForecaster, Seq2SeqForecaster
from gnnseq.models.generate import Sampling, generate, greedy
from gnnseq.models.language_model import CharLanguageModel
from gnnseq.models.stacks import TCN, ConvStack, HopConv

__all__ = [
    "TCN",
    "Autoregression",
    "BagEncoder",
    "CharLanguageModel",
    "ConvStack",
    "DeepSetEncoder",
    "DirectForecaster",
    "EdgeEncoder",
    "ExplainedClassifier",
    "HopConv",
    "MeanForecast",
    "NodeClassifier",
    "PathRecurrence",
    "PersistenceForecast",
    "RolloutForecaster",
    "RoundsEncoder",
    "Sampling",
    "ScalarSymbols",
    "SeasonalForecast",
    "Seq2SeqForecaster",
    "SequenceClassifier",
    "SignalEncoder",
    "SlotEncoder",
    "SymbolEmbedding",
    "SymbolGraphEncoder",
    "check_causal",
    "generate",
    "greedy",
]
