"""Sentiment of sentences: models that read trees against models that read words in a row."""

import hashlib
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch_geometric.data import Batch

from gnnseq.data.corpus import UNLABELLED
from gnnseq.data.phrases import Phrases
from gnnseq.data.sequences import IntArray
from gnnseq.data.vectors import WordVectors
from gnnseq.experiments.budget import Size, num_weights, solve_width
from gnnseq.experiments.rounds import Rounds
from gnnseq.experiments.sentiment_data import SentimentData
from gnnseq.experiments.sentiment_families import SentimentFamily, find_sentiment_family
from gnnseq.experiments.store import Record
from gnnseq.models.words import WordEmbedding
from gnnseq.training import History

POOL = 20  # training batches among which sentences are sorted by size, so that a batch has few levels
JUDGED, JUDGED_WORDS = 100, 10_000  # sentences and words of a batch in evaluation


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


def run_sentiment(
    trial: SentimentTrial,
    data: SentimentData,
    vectors: WordVectors | None = None,
    folder: Path | None = None,
    progress: bool = True,
) -> Record:
    """Trains one model and judges it after each epoch.

    Args:
        trial: what to run.
        data: the trees.
        vectors: of words, ``trial.features`` wide; None for random ones.
        folder: of checkpoints, one for each trial, written after each epoch.
        progress: whether a bar on the terminal tells how far it is.

    Returns:
        A record of plain values: size, a curve with the accuracy of sentences and of all phrases on every part but
        the training part, and those of the epoch that was best on dev, as the paper chooses it.
    """
    start, key = time.perf_counter(), trial.key(data, vectors)
    family = find_sentiment_family(trial.family)
    model, optimizer = build_sentiment(trial, data, vectors)
    rounds = Rounds(model, optimizer, key, folder and folder / f"{key}.pt", trial.seed)

    def measure(number: int, history: History) -> dict[str, Any]:
        entry: dict[str, Any] = {"loss": statistics.fmean(history.loss), "seconds": history.seconds}
        for part in data.parts.keys() - {"train"}:
            entry[part] = judge(model, data, family, part)
        return entry

    title = f"{family.name}, {trial.classes} classes, seed {trial.seed}" if progress else None
    curve = rounds.train(trial.epochs, partial(training_batches, trial, data, family), measure, progress=title)
    best = max(range(len(curve)), key=lambda epoch: curve[epoch]["dev"]["sentences"])
    table = num_weights(model.embedding)  # type: ignore[arg-type]
    return {
        "key": key,
        "trial": asdict(trial),
        "title": family.title,
        "data": data.digest,
        "vectors": "random" if vectors is None else "given",
        "weights": num_weights(model) - table,
        "word_weights": table,
        "budget_note": solve_size(trial).note,
        "best_epoch": best + 1,
        "best": {part: curve[best][part] for part in data.parts if part != "train"},
        "seconds_per_epoch": statistics.fmean(entry["seconds"] for entry in curve),
        "seconds": time.perf_counter() - start,
        "curve": curve,
    }


def training_batches(
    trial: SentimentTrial, data: SentimentData, family: SentimentFamily, epoch: int
) -> Iterator[Batch]:
    """The batches of an epoch, which depend on the seed and the epoch alone.

    Sentences are shuffled, sorted by size among those of 20 batches, and the batches shuffled again.
    """
    generator = np.random.default_rng([trial.seed, epoch])
    sizes, span = np.diff(data.parts["train"].ptr), trial.batch_size * POOL
    order = generator.permutation(len(sizes))
    pools = [order[first : first + span] for first in range(0, len(order), span)]
    ordered = [pool[np.argsort(sizes[pool], kind="stable")] for pool in pools]
    batches = [
        rows[first : first + trial.batch_size] for rows in ordered for first in range(0, len(rows), trial.batch_size)
    ]
    for number in generator.permutation(len(batches)).tolist():
        rows = batches[number]
        nodes = rows if family.reads_trees else data.phrases["train"].sample(rows, trial.phrases, generator)
        yield data.batch(family, "train", rows, nodes)


@torch.no_grad()
def judge(model: nn.Module, data: SentimentData, family: SentimentFamily, part: str) -> dict[str, float]:
    """Accuracy of the sentences of a part, and of all phrases with a label."""
    phrases = data.phrases[part]
    right = np.zeros(len(phrases), np.bool_)
    model.eval()
    for rows, nodes in _cuts(phrases, family):
        batch = data.batch(family, part, rows, nodes)
        right[nodes] = (model(batch).argmax(-1) == batch.y).numpy()
    model.train()
    labelled = phrases.labels != UNLABELLED
    return {"sentences": float(right[phrases.roots].mean()), "phrases": float(right[labelled].mean())}


def _cuts(phrases: Phrases, family: SentimentFamily) -> Iterator[tuple[IntArray, IntArray]]:
    """All nodes once: those of some sentences, or, for a model that reads words in a row, phrases of one length."""
    if family.reads_trees:
        for rows in np.array_split(np.arange(len(phrases.roots)), len(phrases.roots) // JUDGED + 1):
            yield rows, np.arange(phrases.ptr[rows[0]], phrases.ptr[rows[-1] + 1])
        return
    lengths = phrases.stop - phrases.first
    order = np.argsort(lengths, kind="stable")
    for nodes in np.array_split(order, int(lengths.sum()) // JUDGED_WORDS + 1):
        yield nodes, nodes
