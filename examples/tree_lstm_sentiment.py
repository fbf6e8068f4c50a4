"""The sentiment of sentences: Tree-LSTMs on parses against models that read the same words in a row.

    python examples/tree_lstm_sentiment.py --path trees/
    python examples/tree_lstm_sentiment.py --preset full --output runs/sentiment_full
    python examples/tree_lstm_sentiment.py --preset paper --vectors glove.840B.300d.txt --output runs/sentiment_glove

The Stanford Sentiment Treebank (Socher et al. 2013) has a label from 0 (very negative) to 4 (very positive) at every
node. It is downloaded once, or read from --path: a folder with train.txt, dev.txt and, if you have it, test.txt, one
tree in brackets a line. Every model has the same number of weights besides the table of words, which all share. Writes
records.jsonl, table.md and accuracy.png into the output folder. Run again with the same folder, it goes on where it
stopped; of the run that was stopped at most one epoch is lost.
"""

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from gnnseq.data.text.vectors import WordVectors, read_vectors
from gnnseq.data.trees.sentiment import sentiment_trees
from gnnseq.data.trees.tree import Tree
from gnnseq.experiments.command_line import (
    add_settings,
    check_at_least_one,
    exit_status,
    fill_in,
    given,
    make_folder,
    option,
    tell,
)
from gnnseq.plots.studies.trees import plot_sentiment
from gnnseq.studies.rounds_comparison import compare_in_rounds, diverged
from gnnseq.studies.sentiment.comparison import run_sentiment
from gnnseq.studies.sentiment.data import SentimentData
from gnnseq.studies.sentiment.families import SENTIMENT_FAMILIES, find_sentiment_family
from gnnseq.studies.sentiment.table import describe_sentiment, sentiment_table
from gnnseq.studies.sentiment.trial import SentimentTrial, build_sentiment

QUICK = {"seeds": 1, "classes": [5], "epochs": 4}
FULL = {"seeds": 3, "classes": [5, 2], "epochs": 8}
PAPER = FULL | {"budget": 316_000, "features": 300, "epochs": 10, "word_dropout": 0.0, "feature_dropout": 0.0}
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
    ("phrases", int, "of each sentence in each epoch, for models that read words in a row"),
)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; those of a preset stand unless they are given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ", ".join(family.name for family in SENTIMENT_FAMILIES)
    parser.add_argument("--path", type=Path, help="folder with train.txt and dev.txt, instead of the download")
    parser.add_argument("--cache", type=Path, help="folder of the download")
    parser.add_argument("--vectors", type=Path, help="word vectors, a word and its numbers a line, as GloVe's")
    parser.add_argument(
        "--preset", choices=list(PRESETS), help="full: 3 seeds, both tasks, 8 epochs; paper: also wider"
    )
    parser.add_argument("--models", nargs="+", help=f"which of: {names} (all)")
    parser.add_argument("--classes", type=int, nargs="+", choices=[2, 5], help="5, 2 or both (5)")
    parser.add_argument("--seeds", type=int, help="runs of each model, seeds 0, 1, ... (1)")
    add_settings(parser, SETTINGS, vars(SentimentTrial) | QUICK)
    parser.add_argument("--output", type=Path, default=Path("runs/sentiment"), help="folder (runs/sentiment)")
    options = parser.parse_args(arguments)
    return fill_in(options, PRESETS[options.preset] if options.preset else QUICK)


def trials(options: argparse.Namespace) -> list[SentimentTrial]:
    """What is to run.

    Raises:
        ValueError: for what no run could use.
    """
    check_at_least_one(options, ["seeds", "epochs", "budget", "features", "batch_size"])
    for name in ("phrases", "word_rate", "weight_decay"):
        value = getattr(options, name)
        if value is not None and not value >= 0:
            raise ValueError(f"{option(name)} is {value}, expected at least 0")
    models = options.models or [family.name for family in SENTIMENT_FAMILIES]
    for model in models:
        find_sentiment_family(model)
    settings = given(options, SETTINGS)
    return [
        SentimentTrial(model, seed, classes, **settings)
        for classes in options.classes
        for model in models
        for seed in range(options.seeds)
    ]


def read(options: argparse.Namespace) -> dict[str, list[Tree]]:
    """The trees by part; the test part only where it is there.

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
    """Runs what is missing, prints the table and writes it; 1 where a run diverged."""
    todo, parts = trials(options), read(options)
    if any(trial.family == "tree" for trial in todo):
        check_binary(parts)
    data = {classes: SentimentData(parts, classes) for classes in options.classes}
    words = next(iter(data.values())).words
    vectors: WordVectors | None = None
    if options.vectors is not None:
        vectors = read_vectors(options.vectors, words)
        todo = [replace(trial, features=vectors.values.size(1)) for trial in todo]
        print(f"{int(vectors.found.sum()):,} of {len(vectors.found):,} words have a vector.")
    for trial in (trial for trial in todo if trial.seed == 0):
        build_sentiment(trial, data[trial.classes], vectors)  # raises for what does not fit
    make_folder(options.output)
    sizes = ", ".join(f"{len(trees):,} {name}" for name, trees in parts.items())
    print(f"Sentences: {sizes}. Words: {len(words):,}.", flush=True)
    told = compare_in_rounds(
        {
            trial.key(data[trial.classes], vectors): partial(
                run_sentiment, trial, data[trial.classes], vectors, options.output
            )
            for trial in todo
        },
        options.output,
        describe=describe_sentiment,
        tabulate=lambda records: sentiment_table(records, data),
        draw=plot_sentiment,
    )
    return 1 if any(map(diverged, tell(told))) else 0


def main(arguments: list[str] | None = None) -> int:
    """Compares the models; 2 for what no run could use."""
    options = parse(arguments)
    return exit_status("tree_lstm_sentiment", options.output, lambda: compare(options))


if __name__ == "__main__":
    sys.exit(main())
