"""Sentiment of sentences: models that read trees against models that read words in a row."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch_geometric.data import Batch

from gnnseq.data.sequences import IntArray
from gnnseq.data.text.vectors import WordVectors
from gnnseq.data.trees.corpus import UNLABELLED
from gnnseq.data.trees.phrases import Phrases
from gnnseq.experiments.budget import num_weights
from gnnseq.runs.store import Record
from gnnseq.studies.rounds import Rounds
from gnnseq.studies.sentiment.data import SentimentData
from gnnseq.studies.sentiment.families import SentimentFamily, find_sentiment_family
from gnnseq.studies.sentiment.trial import SentimentTrial, build_sentiment, solve_size
from gnnseq.training import History

POOL = 20  # training batches among which sentences are sorted by size, so that a batch has few levels
JUDGED, JUDGED_WORDS = 100, 10_000  # sentences and words of a batch in evaluation


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
        A record of plain values: ``status`` ("done" or "diverged"), size, a curve with the accuracy of sentences and of
        all phrases on every part but the training part, and those of the epoch that was best on dev, as the paper
        chooses it; none where the first epoch diverged.
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
    best = max(range(len(curve)), key=lambda epoch: curve[epoch]["dev"]["sentences"], default=-1)
    table = num_weights(model.embedding)  # type: ignore[arg-type]
    return {
        "key": key,
        **rounds.outcome,
        "trial": asdict(trial),
        "title": family.title,
        "data": data.digest,
        "vectors": "random" if vectors is None else "given",
        "weights": num_weights(model) - table,
        "word_weights": table,
        "budget_note": solve_size(trial).note,
        "best_epoch": best + 1,
        "best": {part: curve[best][part] for part in data.parts if part != "train" and curve},
        "seconds_per_epoch": sum(entry["seconds"] for entry in curve) / max(1, len(curve)),
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
