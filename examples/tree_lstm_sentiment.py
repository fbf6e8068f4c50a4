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
import statistics
import sys
from dataclasses import replace
from pathlib import Path

import torch

from gnnseq.data.files import write_atomically
from gnnseq.data.sentiment import sentiment_trees
from gnnseq.data.trees import Tree
from gnnseq.data.vectors import WordVectors, read_vectors
from gnnseq.experiments import Store
from gnnseq.experiments.sentiment import SentimentTrial, run_sentiment
from gnnseq.experiments.sentiment_data import SentimentData
from gnnseq.experiments.sentiment_families import SENTIMENT_FAMILIES, find_sentiment_family
from gnnseq.plots.trees import plot_sentiment

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
    for name, kind, text in SETTINGS:
        default = QUICK.get(name, SentimentTrial.__dataclass_fields__[name].default)
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=f"{text} ({default})")
    parser.add_argument("--output", type=Path, default=Path("runs/sentiment"), help="folder (runs/sentiment)")
    options = parser.parse_args(arguments)
    for name, value in (PRESETS[options.preset] if options.preset else QUICK).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def trials(options: argparse.Namespace) -> list[SentimentTrial]:
    """What is to run.

    Raises:
        ValueError: for what no run could use.
    """
    for name in ("seeds", "epochs", "budget", "features", "batch_size"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name.replace('_', '-')} is {value}, expected at least 1")
    models = options.models or [family.name for family in SENTIMENT_FAMILIES]
    for model in models:
        find_sentiment_family(model)
    given = {name: getattr(options, name) for name, *_ in SETTINGS if getattr(options, name) is not None}
    return [
        SentimentTrial(model, seed, classes, **given)
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


def tabulate(records: list[dict], data: dict[int, SentimentData]) -> str:
    """Means over seeds, as Markdown; the first line of each task is the commonest class."""
    lines = []
    for classes, known in data.items():
        kept = [part for part in known.parts if part != "train"]
        titles = [f"{part} sentences | last epoch | {part} phrases" for part in kept]
        lines += [
            f"{classes} classes:",
            "",
            f"| model | weights | {' | '.join(titles)} | seconds of the fastest epoch | seeds |",
        ]
        lines.append("|---|" + "---:|" * (3 + 3 * len(kept)))
        guesses = []
        for part in kept:
            for labels in (known.parts[part].root_labels, known.phrases[part].labels):
                counts = torch.bincount(torch.from_numpy(labels[labels >= 0]))
                guesses.append(f"{100 * float(counts.max() / counts.sum()):.1f} %")
            guesses.insert(-1, "–")
        lines.append(f"| commonest class | 0 | {' | '.join(guesses)} | – | – |")
        for title in dict.fromkeys(record["title"] for record in records):
            rows = [r for r in records if r["title"] == title and r["trial"]["classes"] == classes]
            cells = []
            for part in kept:
                last = [row["curve"][-1][part]["sentences"] for row in rows]
                best = [row["best"][part] for row in rows]
                cells += [spread([one["sentences"] for one in best]), spread(last)]
                cells.append(spread([one["phrases"] for one in best]))
            time = min(entry["seconds"] for row in rows for entry in row["curve"])
            lines.append(f"| {title} | {rows[0]['weights']:,} | {' | '.join(cells)} | {time:.0f} | {len(rows)} |")
        lines.append("")
    return "\n".join(lines)


def spread(values: list[float]) -> str:
    """Mean and standard deviation in per cent."""
    mean = f"{100 * statistics.fmean(values):.1f}"
    return f"{mean} ± {100 * statistics.stdev(values):.1f} %" if len(values) > 1 else f"{mean} %"


def describe(record: dict) -> str:
    """A record in a line."""
    trial, best = record["trial"], record["best"]["dev"]["sentences"]
    return (
        f"{trial['classes']} classes, {record['title']}, seed {trial['seed']}: {100 * best:.1f} % of the dev sentences "
        f"after epoch {record['best_epoch']} of {len(record['curve'])}, {record['seconds_per_epoch']:.0f} s per epoch"
    )


def compare(options: argparse.Namespace) -> None:
    """Runs what is missing, prints the table and writes it."""
    todo, parts, store = trials(options), read(options), Store(options.output / "records.jsonl")
    data = {classes: SentimentData(parts, classes) for classes in options.classes}
    vectors: WordVectors | None = None
    if options.vectors is not None:
        vectors = read_vectors(options.vectors, next(iter(data.values())).words)
        todo = [replace(trial, features=vectors.values.size(1)) for trial in todo]
        print(f"{int(vectors.found.sum()):,} of {len(vectors.found):,} words have a vector.")
    sizes = ", ".join(f"{len(trees):,} {name}" for name, trees in parts.items())
    print(f"Sentences: {sizes}. Words: {len(next(iter(data.values())).words):,}.", flush=True)
    records = []
    for trial in todo:
        known = data[trial.classes]
        key = trial.key(known, vectors)
        if key not in store:
            store.append(run_sentiment(trial, known, vectors, options.output))
            (options.output / f"{key}.pt").unlink()
        records.append(store.read()[key])
        print(describe(records[-1]), flush=True)
    table = tabulate(records, data)
    print("\n" + table)
    with write_atomically(options.output / "table.md") as file:
        file.write(table.encode())
    plot_sentiment(records, options.output / "accuracy.png")
    print(f"Results: {options.output}/records.jsonl, table.md, accuracy.png")


def main(arguments: list[str] | None = None) -> int:
    """Compares the models; 2 for what no run could use."""
    options = parse(arguments)
    try:
        compare(options)
    except (ValueError, ArithmeticError, OSError) as error:
        print(f"tree_lstm_sentiment: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nStopped. Run the same command to go on from {options.output}.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
