"""Nested lists of digits: does a model that reads the tree learn what they come to, and one that reads the symbols?

    python examples/tree_lstm_listops.py
    python examples/tree_lstm_listops.py --depth 20 --arguments 5 --longest 100 --rounds 40 --output runs/listops_deep
    python examples/tree_lstm_listops.py --labels root --output runs/listops_root
    python examples/tree_lstm_listops.py --preset full --output runs/listops_full

An expression such as [MAX 2 9 [MIN 4 7 ] 0 ] has a value, here 9 (ListOps, Nangia and Bowman 2018). Tree-LSTMs read it
as a tree, the LSTM and the bag as a row of symbols; all get the same samples in the same order and about the same
number of weights. The value of every list is a label, at its node or at its "]"; the bag has the answer alone. Writes
records.jsonl, table.md and accuracy.png into the output folder. Run again with the same folder, it goes on where it
stopped; of the run that was stopped at most one round is lost.
"""

import argparse
import statistics
import sys
from pathlib import Path

from gnnseq.data.files import write_atomically
from gnnseq.experiments import Store
from gnnseq.experiments.listops import ListOpsTrial, chance, run_listops
from gnnseq.experiments.listops_families import LISTOPS_FAMILIES
from gnnseq.plots.trees import plot_listops

MODELS = [family.name for family in LISTOPS_FAMILIES]
QUICK = {"seeds": 1, "rounds": 12, "models": ["tree", "tree-child-sum", "lstm", "bag"]}
FULL = {"seeds": 3, "rounds": 40, "models": MODELS}
PAPER = FULL | {"rounds": 200, "depth": 20, "arguments": 5, "longest": 200, "budget": 150_000}
PRESETS = {"full": FULL, "paper": PAPER}
SETTINGS = (
    ("depth", int, "most levels of an expression, digits included"),
    ("arguments", int, "most arguments of a list"),
    ("longest", int, "most symbols of an expression"),
    ("budget", int, "weights of every model"),
    ("rounds", int, "training rounds; after each the model is saved"),
    ("round_steps", int, "steps of a round"),
    ("batch_size", int, "expressions of a batch"),
    ("learning_rate", float, "of Adam at the start; it falls in a line"),
    ("test_samples", int, "fresh expressions on which a model is judged"),
)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; those of a preset stand unless they are given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--preset", choices=list(PRESETS), help="full: 3 seeds, 4,000 steps; paper: its lists, for hours"
    )
    parser.add_argument("--models", nargs="+", help=f"which of: {', '.join(MODELS)} (all but tree-nary)")
    parser.add_argument("--seeds", type=int, help="runs of each model, seeds 0, 1, ... (1)")
    parser.add_argument(
        "--labels", choices=["all", "root"], default="all", help="the value of every list, or the answer"
    )
    for name, kind, text in SETTINGS:
        default = QUICK.get(name, ListOpsTrial.__dataclass_fields__[name].default)
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=f"{text} ({default or 'each its own'})")
    parser.add_argument("--output", type=Path, default=Path("runs/listops"), help="folder (runs/listops)")
    options = parser.parse_args(arguments)
    for name, value in (PRESETS[options.preset] if options.preset else QUICK).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def trials(options: argparse.Namespace) -> list[ListOpsTrial]:
    """What is to run.

    Raises:
        ValueError: for what no run could use.
    """
    for name in ("seeds", *(name for name, kind, _ in SETTINGS if kind is int)):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name.replace('_', '-')} is {value}, expected at least 1")
    if options.learning_rate is not None and not options.learning_rate > 0:
        raise ValueError(f"--learning-rate is {options.learning_rate}, expected a positive number")
    given = {name: getattr(options, name) for name, *_ in SETTINGS if getattr(options, name) is not None}
    todo = [
        ListOpsTrial(model, seed, labels=options.labels, **given)
        for model in options.models
        for seed in range(options.seeds)
    ]
    for trial in todo:
        trial.data(trial.find_family().data, "train")
    return todo


def tabulate(records: list[dict], guess: float) -> str:
    """Means over seeds by model, as Markdown, the best first."""
    groups: dict[str, list[dict]] = {}
    for record in records:
        groups.setdefault(record["title"], []).append(record)
    lines = [
        "| model | weights | answers right | of the longest tenth | ms per step, fastest round | seeds |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for title, rows in sorted(groups.items(), key=lambda pair: -statistics.fmean(r["accuracy"] for r in pair[1])):
        time = 1e3 * min(e["seconds"] for row in rows for e in row["curve"]) / rows[0]["trial"]["round_steps"]
        right, long = (spread([share(row) for row in rows]) for share in (lambda row: row["accuracy"], longest_tenth))
        lines.append(f"| {title} | {rows[0]['weights']:,} | {right} | {long} | {time:.0f} | {len(rows)} |")
    lines.append(f"| constant guess | 0 | {100 * guess:.1f} % | – | – | – |")
    trial = records[0]["trial"]
    labels = "of every list" if trial["labels"] == "all" else "of the whole expression alone"
    lines.append(
        f"\nAt most {trial['depth']} levels, {trial['arguments']} arguments and {trial['longest']} symbols; "
        f"{trial['rounds'] * trial['round_steps']:,} steps of {trial['batch_size']} expressions, labels {labels}, Adam "
        f"with a falling rate; {trial['test_samples']:,} fresh expressions.\n"
    )
    return "\n".join(lines)


def longest_tenth(record: dict) -> float:
    """Accuracy on the longest groups of expressions that make up a tenth of all together."""
    right = total = 0
    everything = sum(count for _, count in record["by_length"].values())
    for group in sorted(record["by_length"], key=int, reverse=True):
        if 10 * total >= everything:
            break
        right, total = right + record["by_length"][group][0], total + record["by_length"][group][1]
    return right / total


def spread(values: list[float]) -> str:
    """Mean and standard deviation in per cent."""
    mean = f"{100 * statistics.fmean(values):.1f}"
    return f"{mean} ± {100 * statistics.stdev(values):.1f} %" if len(values) > 1 else f"{mean} %"


def compare(options: argparse.Namespace) -> None:
    """Runs what is missing, prints the table and writes it."""
    todo, store, records = trials(options), Store(options.output / "records.jsonl"), []
    guess = chance(todo[0])
    for trial in todo:
        if trial.key not in store:
            store.append(run_listops(trial, options.output))
            (options.output / f"{trial.key}.pt").unlink()
        records.append(store.read()[trial.key])
        one = records[-1]
        print(
            f"{one['title']}, seed {trial.seed}: {100 * one['accuracy']:.1f} % right, {one['weights']:,} weights, "
            f"{one['ms_per_step']:.0f} ms per step",
            flush=True,
        )
    table = tabulate(records, guess)
    print("\n" + table)
    with write_atomically(options.output / "table.md") as file:
        file.write(table.encode())
    plot_listops(records, guess, options.output / "accuracy.png")
    print(f"Results: {options.output}/records.jsonl, table.md, accuracy.png")


def main(arguments: list[str] | None = None) -> int:
    """Compares the models; 2 for what no run could use."""
    options = parse(arguments)
    try:
        compare(options)
    except (ValueError, ArithmeticError, OSError) as error:
        print(f"tree_lstm_listops: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nStopped. Run the same command to go on from {options.output}.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
