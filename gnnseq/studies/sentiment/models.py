"""Models of sentiment, on trees and on the same phrases as sequences, and how they are run."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from gnnseq.data.sequences import UNLABELLED, IntArray
from gnnseq.data.trees.phrases import Phrases
from gnnseq.experiments.budget import num_weights
from gnnseq.experiments.encoders import two_states
from gnnseq.experiments.family import Family, one_state
from gnnseq.experiments.optimizers import Optimizer
from gnnseq.experiments.run import run_trial
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.trial import Trial
from gnnseq.layers import LSTM, ChildSumTreeLSTM, MeanReadout, NaryTreeLSTM, RootReadout
from gnnseq.models import BagEncoder, EdgeEncoder, NodeClassifier, SequenceClassifier, SlotEncoder
from gnnseq.models.modes import evaluating
from gnnseq.models.words import EndsReadout, WordEmbedding
from gnnseq.results import Result, collect
from gnnseq.results.joined import by_task
from gnnseq.results.table import COLUMNS, markdown_table, mean_share, number
from gnnseq.runs.store import Record
from gnnseq.studies.sentiment.task import SentimentTask
from gnnseq.training.metrics import is_right

_JUDGED, _JUDGED_WORDS = 100, 10_000  # sentences and words of a batch in which all phrases are judged
_SHOWN = ("model", "weights", "score", "ms/step")

Classifier = NodeClassifier | SequenceClassifier
Encoder = Callable[[int, int], nn.Module]


def _nary(features: int, width: int) -> nn.Module:
    return SlotEncoder(NaryTreeLSTM(features, width, arity=2))


def _along(layer: Callable[..., nn.Module], features: int, width: int) -> nn.Module:
    return EdgeEncoder(layer(features, width))


_child_sum, _lstm = partial(_along, ChildSumTreeLSTM), partial(_along, LSTM)
_both_ways = partial(_along, partial(LSTM, bidirectional=True))


def _head(task: SentimentTask, wide: int, hidden: bool) -> nn.Module:
    middle: list[nn.Module] = [nn.Linear(wide, wide), nn.ReLU()] if hidden else []
    return nn.Sequential(*middle, nn.Dropout(task.dropout), nn.Linear(wide, task.classes))


def _words(task: SentimentTask) -> WordEmbedding:
    words = WordEmbedding(task.num_symbols, task.features, 0, task.word_dropout, task.feature_dropout)
    if task.given is not None:
        words.set_vectors(*task.given)
    words.requires_grad_(task.learn_words)
    return words


def _tree(encoder: Encoder, task: Any, width: int, embedding: int) -> Classifier:
    return NodeClassifier(_words(task), encoder(task.features, width), _head(task, width, hidden=False))


def _row(encoder: Encoder, readout: Callable[[], nn.Module], task: Any, width: int, embedding: int) -> Classifier:
    wide = 2 * width if readout is EndsReadout else width
    head = _head(task, wide, hidden=readout is MeanReadout)
    return SequenceClassifier(_words(task), encoder(task.features, width), readout(), head)


def _four_states(task: Any, width: int) -> int:
    return 4 * width


def _rest(model: Any) -> nn.Module:
    """All but the table of words, which all models share."""
    return nn.ModuleList([model.encoder, model.head])


SENTIMENT_FAMILIES = tuple(
    Family(name, view, build, title, learning_rate=0.05, order_free=name == "bag", counted=_rest, state_size=state_size)
    for name, view, title, build, state_size in (
        ("tree", "tree", "Tree-LSTM, constituency (N-ary)", partial(_tree, _nary), two_states),
        ("tree-child-sum", "tree", "Tree-LSTM, child-sum on the same trees", partial(_tree, _child_sum), two_states),
        ("lstm", "phrases", "LSTM", partial(_row, _lstm, RootReadout), two_states),
        ("bilstm", "phrases", "Bidirectional LSTM", partial(_row, _both_ways, EndsReadout), _four_states),
        ("bag", "phrases", "Bag of words, MLP", partial(_row, BagEncoder, MeanReadout), one_state),
    )
)


def adagrad(word_rate: float = 0.1, weight_decay: float = 1e-4) -> Optimizer:
    """AdaGrad as in Tai et al. 2015.

    Args:
        word_rate: for the word vectors.
        weight_decay: L2, of all weights but the word vectors.
    """
    name = f"adagrad, words {word_rate:g}, weight decay {weight_decay:g}"
    return Optimizer(name, torch.optim.Adagrad, "AdaGrad", partial(_groups, word_rate, weight_decay))


def _groups(word_rate: float, weight_decay: float, model: Any) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = [{"params": list(_rest(model).parameters()), "weight_decay": weight_decay}]
    words = [weight for weight in model.embedding.parameters() if weight.requires_grad]
    return groups + ([{"params": words, "lr": word_rate}] if words else [])


def sentiment_settings(
    task: SentimentTask,
    *,
    budget: int = 100_000,
    epochs: int = 8,
    batch_size: int = 25,
    optimizer: Optimizer | None = None,
) -> Settings:
    """Settings with a dev score after each epoch, of which the best is kept.

    ``embedding`` is 1 and unused: the task sets the features of a word.

    Args:
        task: defines the length of an epoch.
        budget: number of weights, without the table of words, which all models share.
        epochs: passes over the training sentences.
        batch_size: sentences of a batch.
        optimizer: `adagrad` with its defaults by default.
    """
    size, parts = task.epoch_size(batch_size), task.data.parts
    return Settings(
        budget=budget, embedding=1, steps=epochs * size, batch_size=batch_size, optimizer=optimizer or adagrad(),
        max_norm=None, stop_at=None, test_samples=len(parts[task.data.judged]), validate_every=size,
        validation_samples=len(parts["dev"]), keep_best=True,
    )  # fmt: skip


def run_sentiment(trial: Trial, folder: Path | None = None, device: str = "cpu") -> Record:
    """`gnnseq.experiments.run_trial`, with the accuracy of all sentences and phrases of dev and test, ``parts``."""
    return run_trial(trial, folder=folder, device=device, before=_of_words, after=_of_parts)


def _of_words(model: Any, trial: Trial) -> Record:
    task: Any = trial.task
    return {
        "embedding": task.features,
        "word_weights": num_weights(model.embedding),
        "vectors": "random" if task.given is None else "given",
        "guess": {part: task.data.guess(part) for part in task.data.parts if part != "train"},
    }


def _of_parts(model: nn.Module, trial: Trial) -> Record:
    task: Any = trial.task
    parts = [part for part in task.data.parts if part != "train"]
    return {"parts": {part: judge(model, task, trial.family.view, part) for part in parts}}


@torch.no_grad()
def judge(model: nn.Module, task: SentimentTask, view: str, part: str) -> dict[str, float]:
    """Accuracy of the sentences of a part, and of all phrases with a label."""
    phrases = task.data.phrases[part]
    right = np.zeros(len(phrases), np.bool_)
    with evaluating(model):
        for rows, nodes in _cuts(phrases, view):
            batch = task.data.batch(view, part, rows, nodes)
            right[nodes] = is_right(model(batch), batch.y).numpy()
    labelled = phrases.labels != UNLABELLED
    return {"sentences": float(right[phrases.roots].mean()), "phrases": float(right[labelled].mean())}


def _cuts(phrases: Phrases, view: str) -> Iterator[tuple[IntArray, IntArray]]:
    """All nodes once: those of some sentences, or, for a model that reads words in a row, phrases of one length."""
    if view == "tree":
        for rows in np.array_split(np.arange(len(phrases.roots)), len(phrases.roots) // _JUDGED + 1):
            yield rows, np.arange(phrases.ptr[rows[0]], phrases.ptr[rows[-1] + 1])
        return
    lengths = phrases.stop - phrases.first
    order = np.argsort(lengths, kind="stable")
    for nodes in np.array_split(order, int(lengths.sum()) // _JUDGED_WORDS + 1):
        yield nodes, nodes


def sentiment_table(records: Iterable[Record]) -> str:
    """A table for each task as Markdown, the best model first.

    Score and phrases are of the epoch that was best on dev, ``dev, last epoch`` is of sentences. A run that diverged
    counts as chance in the score, and is left out of the other columns.
    """
    tables = []
    for title, results in by_task(collect(records)).items():
        guess: Record = next(filter(None, (result.first("guess") for result in results)), {})
        header = (*_SHOWN, "dev, last epoch", *(f"{part} phrases" for part in guess))
        shares = [number(found["phrases"], percent=True) for found in guess.values()]
        constant = ["commonest class", "0", number(results[0].task["chance"], percent=True), "–", "–", *shares]
        results.sort(key=lambda result: -result.summary.mean if result.scores else 1.0)
        lines = [*(_cells(result, list(guess)) for result in results), constant]
        tables.append(f"{title[0].upper()}{title[1:]}:\n\n{markdown_table(header, lines)}")
    return "\n".join(tables)


def _cells(result: Result, parts: list[str]) -> list[str]:
    done = [record for record in result.records if "parts" in record]
    columns = [[record["looks"][-1][1] for record in done]]
    columns += [[record["parts"][part]["phrases"] for record in done] for part in parts]
    return [*(COLUMNS[name](result)[0] for name in _SHOWN), *map(mean_share, columns)]
