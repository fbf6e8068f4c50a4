"""The sentiment of sentences: Tree-LSTMs on parses against models on the sequence of words.

    python examples/tree_lstm_sentiment.py --path trees/
    python examples/tree_lstm_sentiment.py --preset full --output runs/sentiment_full
    python examples/tree_lstm_sentiment.py --preset paper --vectors glove.840B.300d.txt --output runs/sentiment_glove

The Stanford Sentiment Treebank (Socher et al. 2013) has a label from 0 (very negative) to 4 (very positive) at every
node. It is downloaded once, or read from --path: a folder with train.txt, dev.txt and, if you have it, test.txt, one
tree in brackets a line. Every model has the same number of weights, not counting the word vectors. Writes
records.jsonl, table.md and accuracy.png into the output folder. A second run with the same folder resumes
and loses at most one epoch of the interrupted run.
"""

import argparse
import sys
from pathlib import Path

from gnnseq.data.text.vectors import WordVectors, read_vectors
from gnnseq.data.trees.sentiment import sentiment_trees
from gnnseq.data.trees.tree import Tree
from gnnseq.experiments import Family, Trial
from gnnseq.experiments.command_line import (
    add_places,
    add_settings,
    check_at_least_one,
    check_places,
    compare_models,
    exit_status,
    fill_in,
    make_folder,
    make_parser,
    option,
)
from gnnseq.experiments.family import find_all
from gnnseq.experiments.run import build
from gnnseq.plots.studies.trees import plot_sentiment
from gnnseq.studies.sentiment.models import (
    SENTIMENT_FAMILIES,
    adagrad,
    run_sentiment,
    sentiment_settings,
    sentiment_table,
)
from gnnseq.studies.sentiment.task import SentimentData, SentimentTask

MODELS = [family.name for family in SENTIMENT_FAMILIES]
QUICK = {"seeds": 1, "classes": [5], "models": MODELS, "epochs": 4, "budget": 100_000, "features": 100,
         "batch_size": 25, "word_rate": 0.1, "weight_decay": 1e-4, "dropout": 0.5, "word_dropout": 0.02,
         "feature_dropout": 0.3, "phrases": 3, "test": False}  # fmt: skip
FULL = QUICK | {"seeds": 3, "classes": [5, 2], "epochs": 8}
PAPER = FULL | {"budget": 316_000, "features": 300, "epochs": 10, "word_dropout": 0.0, "feature_dropout": 0.0,
                "test": True}  # fmt: skip
PRESETS = {"full": FULL, "paper": PAPER}
SETTINGS = (
    ("budget", int, "weights of every model, besides the table of words"),
    ("features", int, "of a word; with --vectors their width"),
    ("epochs", int, "passes over the training sentences"),
    ("batch_size", int, "sentences of a batch"),
    ("learning_rate", float, "of AdaGrad"),
    ("word_rate", float, "of AdaGrad for the word vectors; 0 keeps them as they are"),
    ("weight_decay", float, "L2, of all weights but the word vectors"),
    ("dropout", float, "before the last layer"),
    ("word_dropout", float, "of whole words, which become the unknown word"),
    ("feature_dropout", float, "of the features of words"),
    ("phrases", int, "of each sentence in each epoch, for models on sequences"),
)
OF_TASK = ("features", "phrases", "dropout", "word_dropout", "feature_dropout")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; those of a preset stand unless they are given."""
    parser = make_parser("tree_lstm_sentiment", __doc__)
    parser.add_argument("--path", type=Path, help="folder with train.txt and dev.txt, instead of the download")
    parser.add_argument(
        "--test",
        action="store_true",
        default=None,
        help="judge on test.txt too, once, after dev has chosen (default: only with --preset paper)",
    )
    parser.add_argument("--cache", type=Path, help="folder of the download")
    parser.add_argument("--vectors", type=Path, help="word vectors, a word and its numbers a line, as GloVe's")
    parser.add_argument(
        "--preset", choices=list(PRESETS), help="full: 3 seeds, both tasks, 8 epochs; paper: also wider"
    )
    parser.add_argument("--models", nargs="+", help=f"which of: {', '.join(MODELS)} (default: all)")
    parser.add_argument("--classes", type=int, nargs="+", choices=[2, 5], help="5, 2 or both (default: 5)")
    parser.add_argument("--seeds", type=int, help="runs of each model, seeds 0, 1, ... (default: 1)")
    add_settings(parser, SETTINGS, QUICK | {"learning_rate": SENTIMENT_FAMILIES[0].learning_rate})
    add_places(parser)
    parser.add_argument("--output", type=Path, default=Path("runs/sentiment"), help="folder (default: runs/sentiment)")
    options = parser.parse_args(arguments)
    return fill_in(options, PRESETS[options.preset] if options.preset else QUICK)


def check(options: argparse.Namespace) -> list[Family]:
    """The models that are to run.

    Raises:
        ValueError: for what no run could use.
    """
    check_at_least_one(options, ["seeds", "epochs", "budget", "features", "batch_size"])
    check_places(options)
    for name in ("phrases", "word_rate", "weight_decay"):
        if not getattr(options, name) >= 0:
            raise ValueError(f"{option(name)} is {getattr(options, name)}, expected at least 0")
    return find_all(options.models, SENTIMENT_FAMILIES, "model")


def trials(
    options: argparse.Namespace, families: list[Family], data: list[SentimentData], vectors: WordVectors | None
) -> list[Trial]:
    """What is to run.

    Raises:
        ValueError: for what does not fit.
    """
    todo: list[Trial] = []
    optimizer = adagrad(options.word_rate, options.weight_decay)
    own = {name: getattr(options, name) for name in OF_TASK} | {"learn_words": options.word_rate > 0}
    for trees in data:
        task = SentimentTask.of(trees, vectors, **own)
        settings = sentiment_settings(
            task, budget=options.budget, epochs=options.epochs, batch_size=options.batch_size, optimizer=optimizer
        )
        for family in families:
            build(Trial(task, family, 0, options.learning_rate, settings))
            todo += [Trial(task, family, seed, options.learning_rate, settings) for seed in range(options.seeds)]
    return todo


def read(options: argparse.Namespace) -> dict[str, list[Tree]]:
    """The trees by part; the test part only where it is asked for and there.

    Raises:
        ValueError: if a file is malformed, or there are no trees and no way to get them.
    """
    try:
        parts = {name: sentiment_trees(name, options.path, options.cache) for name in ("train", "dev")}
    except OSError as error:
        if options.path is not None:
            raise
        raise ValueError(
            f"the treebank could not be had ({error}); give --path, a folder with train.txt and dev.txt, from "
            "https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip"
        ) from error
    if not options.test:
        print("Numbers are of the development part, which chooses the epoch too; --test judges on test.txt instead.")
        return parts
    try:
        parts["test"] = sentiment_trees("test", options.path, options.cache)
    except FileNotFoundError:
        print("There is no test.txt, so numbers are of the development part, by which the best epoch is chosen too.")
    return parts


def check_binary(parts: dict[str, list[Tree]]) -> None:
    """Raises a ValueError that names the first tree with more children than the N-ary Tree-LSTM has places for."""
    for part, trees in parts.items():
        for number, tree in enumerate(trees, start=1):
            children = int(tree.slots.max()) + 1
            if children > 2:
                raise ValueError(
                    f"{part}.txt, tree {number} has a node with {children} children, expected at most 2 for the model "
                    "'tree'; --models with others reads such trees"
                )


def compare(options: argparse.Namespace) -> int:
    """Runs what is missing, prints the table and writes it; 1 where a run failed or diverged."""
    families, parts = check(options), read(options)
    if any(family.name == "tree" for family in families):
        check_binary(parts)
    data = [SentimentData(parts, classes) for classes in options.classes]
    words = data[0].words
    vectors = None if options.vectors is None else read_vectors(options.vectors, words)
    todo = trials(options, families, data, vectors)
    make_folder(options.output)
    sizes = ", ".join(f"{len(trees):,} {name}" for name, trees in parts.items())
    print(f"Sentences: {sizes}. Words: {len(words):,}.", flush=True)
    if vectors is not None:
        print(f"{int(vectors.found.sum()):,} of {len(words):,} words have a vector.", flush=True)
    return compare_models(todo, options, run=run_sentiment, table=sentiment_table, plot=plot_sentiment)


def main(arguments: list[str] | None = None) -> int:
    """Compares the models; 2 for what no run could use."""
    options = parse(arguments)
    return exit_status("tree_lstm_sentiment", options.output, lambda: compare(options))


if __name__ == "__main__":
    sys.exit(main())
