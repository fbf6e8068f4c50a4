"""Draws graphs.png, and the page on palindromes with its figure and tables: python docs/make_figures.py.

The records come from one command:

    python examples/compare_rnn_vs_gnn.py --output runs/compare

``--store runs`` takes them over into docs/results first, without the curves of training. What each model sees is told
from the records of docs/make_reach.py, which draws it too.
"""

import argparse
import json
from pathlib import Path

import torch
from stored import fill, read, take_over
from torch_geometric.data import Batch, Data

from gnnseq.analysis.diagnosis import CANNOT_SEE
from gnnseq.experiments import SEQUENCE_FAMILIES, collect, markdown
from gnnseq.graphs import balanced_tree_batch, dilated_batch, path_graph, symbol_signal_batch
from gnnseq.plots import plot_accuracy, plot_graphs, plot_levels
from gnnseq.results import Result, diagnosis
from gnnseq.studies.reach.sight import SightRecord

DOCS = Path(__file__).parent
RESULTS, FIGURES = DOCS / "results", DOCS / "figures"
README = DOCS.parent / "README.md"
TABLE_PAGE = RESULTS / "palindromes" / "tables.md"


def draw_graphs() -> None:
    """A sequence as a path, a dilated path, a balanced tree and a signal on its symbols."""
    digits = torch.tensor([3, 1, 4, 4, 1])
    tree = balanced_tree_batch(digits[None], empty=10).get_example(0)
    graphs = {
        "a sequence as a path": path_graph(digits),
        "the same as a dilated path": dilated_batch(digits[None]).get_example(0),
        "the same as a balanced tree": tree,
        "its graph of symbols; a signal moves on it": symbol_signal_batch(digits[None], 6).get_example(0),
    }
    labels = {
        "the same as a balanced tree": ["" if symbol == 10 else str(symbol) for symbol in tree.x.tolist()],
        "its graph of symbols; a signal moves on it": [str(node) for node in range(6)],
    }
    plot_graphs(graphs, FIGURES / "graphs.png", labels)


def draw_levels() -> None:
    """A balanced tree, one that leans and a path, in one batch."""
    balanced = balanced_tree_batch(torch.tensor([[3, 1, 4, 1, 5, 9]]), empty=10)
    leaning = torch.tensor([[0, 1, 2, 3, 4, 5], [2, 2, 4, 4, 6, 6]])
    graphs = [
        Data(x=balanced.x, edge_index=balanced.edge_index),
        Data(x=torch.tensor([2, 7, 10, 1, 10, 8, 10]), edge_index=leaning),
        path_graph(torch.tensor([6, 0, 2])),
    ]
    batch = Batch.from_data_list([Data(x=graph.x, edge_index=graph.edge_index) for graph in graphs])
    labels = ["" if symbol == 10 else str(symbol) for symbol in batch.x.tolist()]
    plot_levels(batch, FIGURES / "levels.png", labels)


def write_palindromes() -> None:
    """The page of results with its tables, the table in README, and the figure of accuracy."""
    order = [family.name for family in SEQUENCE_FAMILIES]
    records = sorted(
        read(RESULTS / "compare.jsonl"),
        key=lambda r: (r["task"]["size"], order.index(r["family"]["name"]), r["trial"]["seed"]),
    )
    plot_accuracy(records, FIGURES / "accuracy.png")
    sights = json.loads((RESULTS / "reach" / "sight.json").read_text(encoding="utf-8"))
    table = collect(records)
    versions = ", ".join(f"{name} {number}" for name, number in records[0]["versions"].items())
    *shorter, longest = map(str, sorted({result.task["size"] for result in table}))
    lengths = f"{', '.join(shorter)} and {longest}"
    page = PAGE.format(short=short_table(table), versions=versions, lengths=lengths)
    (DOCS / "palindromes.md").write_text(page, encoding="utf-8")
    shares = _shares([SightRecord(**record) for record in sights])
    TABLE_PAGE.parent.mkdir(exist_ok=True)
    TABLE_PAGE.write_text(TABLES.format(table=markdown(table), shares=shares), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    README.write_text(fill(text, "table", short_table(table)), "utf-8")


def _shares(sights: list[SightRecord]) -> str:
    """The first symbol's share of the influence by model, with torch's initialisation and with the model's own."""
    by_family: dict[str, list[SightRecord]] = {}
    for record in sights:
        by_family.setdefault(record.family, []).append(record)
    lines = ["| model | symbols in reach | share, torch's initialisation | share, own initialisation |"]
    lines.append("|---|---|---|---|")
    for first, *others in by_family.values():
        shares = [
            f"{record.mean[-1]:.1e}" if record.mean[-1] else "0" for record in (first, others[-1] if others else first)
        ]
        own = shares[1] if others and others[-1].initialisation != "default" else "–"
        lines.append(f"| {first.title} | {first.seen} | {shares[0]} | {own} |")
    return "\n".join(lines)


def short_table(table: list[Result]) -> str:
    """Accuracy by model and length."""
    lengths = sorted({result.task["size"] for result in table})
    lines = ["| accuracy in % on palindromes of length | " + " | ".join(map(str, lengths)) + " | weights |"]
    lines.append("|---" * (len(lengths) + 2) + "|")
    for title in dict.fromkeys(result.model for result in table):
        own = {result.task["size"]: result for result in table if result.model == title}
        cells = [f"{100 * own[n].summary.mean:.1f} ± {100 * (own[n].summary.spread or 0):.1f}" for n in lengths]
        blind = ["" if diagnosis(own[n]) != CANNOT_SEE else " (out of reach)" for n in lengths]
        shown = " | ".join(c + b for c, b in zip(cells, blind, strict=True))
        lines.append(f"| {title} | {shown} | {own[lengths[-1]].first('weights'):,} |")
    return "\n".join(lines) + "\n"


PAGE = """# Results on palindromes

A model reads a palindrome of digits up to its last digit and predicts that digit, which equals the first. Eleven models
with about 10,000 weights are compared at lengths {lengths}, three seeds each; chance is 10 %.

![Accuracy against length, a panel for each model](figures/accuracy.png)

{short}
[All columns](results/palindromes/tables.md): intervals, diagnosis, hops, state, steps, times and memory.
`python examples/compare_rnn_vs_gnn.py --output runs/compare` makes the records,
`python docs/make_figures.py --store runs` this page.
Versions: {versions}; one thread for each run.
*Out of reach*: the model covers fewer hops than the task requires ([Reach](reach.md)). The bag exceeds chance, because
at even length the answer is the only digit that is read an odd number of times.

Settings: Adam, batches of 64, at most 400 steps, early stopping when the last 20 batches are 99.5 % right, gradients
clipped at norm 10; accuracy on 2,000 palindromes that were not trained on. Learning rates and initialisations were
chosen by hand on a few runs.

With torch's default initialisation the LSTM does not learn length 20 at any of five learning rates (3e-4 to 3e-2). The
GRU fails at four of them ([table](choices.md)).

The same seeds give the same samples and initial weights on every machine, and the same results on one machine. Other
processors round differently, which can change runs that are still learning at step 400.

## Influence of each symbol before training

![Influence of each symbol on the output, a panel for each model](figures/sight.png)

Made by `python examples/hop_receptive_field.py --preset full`; [shares as numbers](results/palindromes/tables.md).

```{{toctree}}
:hidden:

results/palindromes/tables
```
"""

TABLES = """# Palindromes: all columns

Made by `python docs/make_figures.py`. Settings are on [the page of results](../../palindromes.md).

- *score*: accuracy on new palindromes, mean ± standard deviation over three seeds, and the 95 % bootstrap interval of
  the mean.
- *best 50*: the mean of the 50 best training batches, the course report's metric. It is too high for a model at chance
  and, with early stopping, too low for one that learns fast.
- *hops required*: hops (for the GCRN: steps) between the answer and the output. *hops reached*: hops that the model
  covers.
- *state*: numbers held for one element of the input. *samples to threshold*: median.
- *memory*: weights, gradients, the optimiser's state and what a step keeps for its backward pass.
- Times are from a busy machine; compare them only with each other.

{table}
## Influence of the first of 20 symbols before training

{shares}

The bag gives every symbol about the same share, so its output does not depend on which symbol is first.
"""


def main() -> None:
    """Draws the figures, after taking over new records where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, metavar="RUNS", help="folder that holds compare/")
    options = parser.parse_args()
    if options.store is not None:
        take_over(options.store / "compare", RESULTS / "compare.jsonl")
    draw_graphs()
    draw_levels()
    write_palindromes()


if __name__ == "__main__":
    main()
