"""What decides a run on sentiment, and the model at its budget."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from gnnseq.data.text.vectors import WordVectors
from gnnseq.experiments.budget import Size, solve_width
from gnnseq.models.words import WordEmbedding
from gnnseq.studies.sentiment.data import SentimentData
from gnnseq.studies.sentiment.families import find_sentiment_family


@dataclass(frozen=True)
class SentimentTrial:
    """Everything that decides a run, besides the trees; the defaults are those of Tai et al. 2015 where they name one.

    Attributes:
        family: name of one of `SENTIMENT_FAMILIES`.
        seed: of weights, dropout and the order of sentences.
        classes: 5 or 2.
        budget: number of weights, without the table of words, which all models share.
        features: of a word.
        epochs: passes over the training sentences.
        batch_size: sentences of a batch.
        learning_rate: of AdaGrad.
        word_rate: of AdaGrad for the word vectors; 0 keeps them as they are.
        weight_decay: L2, of all weights but the word vectors.
        dropout: before the last layer.
        word_dropout: of whole words, which become the unknown word.
        feature_dropout: of the features of words.
        phrases: of each sentence in each epoch, besides itself, for models that read words in a row.
    """

    family: str
    seed: int = 0
    classes: int = 5
    budget: int = 100_000
    features: int = 100
    epochs: int = 8
    batch_size: int = 25
    learning_rate: float = 0.05
    word_rate: float = 0.1
    weight_decay: float = 1e-4
    dropout: float = 0.5
    word_dropout: float = 0.02
    feature_dropout: float = 0.3
    phrases: int = 3

    def key(self, data: SentimentData, vectors: WordVectors | None = None) -> str:
        """A hash of all the values and of the data, by which a store finds the record again."""
        given = None if vectors is None else hashlib.sha256(vectors.values.numpy().tobytes()).hexdigest()
        text = json.dumps([asdict(self), data.digest, given], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def solve_size(trial: SentimentTrial) -> Size:
    """The width at the trial's budget, without the table of words; torch's random state does not move."""
    family = find_sentiment_family(trial.family)
    with torch.random.fork_rng(devices=[]):
        return solve_width(
            lambda width, _: family.build(nn.Identity(), trial.features, width, trial.classes, trial.dropout),
            trial.budget,
        )


def build_sentiment(
    trial: SentimentTrial, data: SentimentData, vectors: WordVectors | None = None
) -> tuple[nn.Module, torch.optim.Optimizer]:
    """The model of a trial at its budget, and AdaGrad with a rate of its own for the word vectors.

    Raises:
        ValueError: if a setting is out of range.
    """
    family, width = find_sentiment_family(trial.family), solve_size(trial).width
    torch.manual_seed(trial.seed)
    words = WordEmbedding(len(data.words), trial.features, 0, trial.word_dropout, trial.feature_dropout)
    if vectors is not None:
        words.set_vectors(vectors.values, vectors.found)
    model = family.build(words, trial.features, width, trial.classes, trial.dropout)
    words.requires_grad_(trial.word_rate > 0)
    groups: list[dict[str, Any]] = [
        {"params": [*model.encoder.parameters(), *model.head.parameters()], "weight_decay": trial.weight_decay}
    ]
    if trial.word_rate > 0:
        groups.append({"params": list(words.parameters()), "lr": trial.word_rate})
    return model, torch.optim.Adagrad(groups, lr=trial.learning_rate)
