"""Models: a batch of graphs in, logits out."""

from gnnseq.models.baselines import BagEncoder, DeepSetEncoder, NodesAsVector
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
from gnnseq.models.pairs import (
    OrderedComparison,
    PairClassifier,
    PairComparison,
    expected_score,
    score_loss,
    score_targets,
)
from gnnseq.models.stacks import TCN, ConvStack, HopConv
from gnnseq.models.words import EndsReadout, WordEmbedding

__all__ = [
    "TCN",
    "Autoregression",
    "BagEncoder",
    "CharLanguageModel",
    "ConvStack",
    "DeepSetEncoder",
    "DirectForecaster",
    "EdgeEncoder",
    "EndsReadout",
    "ExplainedClassifier",
    "HopConv",
    "MeanForecast",
    "NodeClassifier",
    "NodesAsVector",
    "OrderedComparison",
    "PairClassifier",
    "PairComparison",
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
    "WordEmbedding",
    "check_causal",
    "expected_score",
    "generate",
    "greedy",
    "score_loss",
    "score_targets",
]
