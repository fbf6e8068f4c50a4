"""The pages to touch that the site embeds, from stored records: python docs/make_pages.py.

    python docs/make_pages.py --train palindromes lists tales [--book FILE]

trains their models anew, one thread, and stores records with weights in docs/results/pages.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from stored import read

from gnnseq.data.text.grimm import fairy_tales
from gnnseq.experiments import Settings, Store, find_family, find_named, run_comparison
from gnnseq.experiments.tasks.palindromes import PalindromeTask
from gnnseq.page import export_page, run_kept
from gnnseq.studies.listops import LISTOPS_FAMILIES, LabelledListOpsTask
from gnnseq.studies.text.families import CAUSAL_FAMILIES
from gnnseq.studies.text.task import BookTask

DOCS = Path(__file__).parent
STORED = DOCS / "results" / "pages"
TITLES = {
    "palindromes": "Palindromes: name the first digit",
    "lists": "Nested lists of digits: what do they come to?",
    "tales": "Fairy tales: the next character",
}


def train_palindromes(store: Store, book: Path | None) -> None:
    """Recurrences and convolutions on palindromes of length 14."""
    families = [find_family(name) for name in ("lstm", "gcn", "rnn", "gru", "gcrn", "dilated", "tree-lstm-balanced")]
    settings = Settings(budget=4_000, steps=600)
    run_comparison([PalindromeTask(14)], families, store=store, seeds=1, settings=settings, jobs=1,
                   run=partial(run_kept, looks=4))  # fmt: skip


def train_lists(store: Store, book: Path | None) -> None:
    """Tree-LSTMs that read the tree of a list beside an LSTM that reads its symbols, every list labelled."""
    names = ("tree-child-sum", "lstm", "tree-nary")
    families = [find_named(name, LISTOPS_FAMILIES, "family") for name in names]
    task = LabelledListOpsTask(longest=30, depth=6, arguments=3)
    settings = Settings(budget=20_000, embedding=32, steps=2_500, batch_size=128, max_norm=5.0, stop_at=None)
    run_comparison([task], families, store=store, seeds=1, settings=settings, jobs=1,
                   run=partial(run_kept, looks=0))  # fmt: skip


def train_tales(store: Store, book: Path | None) -> None:
    """A recurrence and a convolution that read Grimms' Fairy Tales."""
    families = [find_named(name, CAUSAL_FAMILIES, "family") for name in ("lstm", "tcn")]
    settings = Settings(budget=60_000, steps=4_000, batch_size=32, max_norm=5.0, stop_at=None)
    task = BookTask.of(fairy_tales(book).text, 60)
    run_comparison([task], families, store=store, seeds=1, settings=settings, jobs=1,
                   run=partial(run_kept, looks=0))  # fmt: skip


TRAINED: dict[str, Callable[[Store, Path | None], None]] = {
    "palindromes": train_palindromes,
    "lists": train_lists,
    "tales": train_tales,
}


def write(folder: Path) -> list[Path]:
    """The pages of the stored records."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        export_page(read(STORED / f"{name}.jsonl"), folder / f"{name}.html", title=title)
        for name, title in TITLES.items()
    ]


def main() -> None:
    """Trains where asked, and writes the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", nargs="+", choices=list(TRAINED), default=[], help="train these models anew")
    parser.add_argument("--book", type=Path, help="the fairy tales as a file, instead of the download")
    parser.add_argument(
        "--output", type=Path, default=DOCS / "_build" / "pages", help="folder (default: docs/_build/pages)"
    )
    options = parser.parse_args()
    for name in options.train:
        path = STORED / f"{name}.jsonl"
        path.unlink(missing_ok=True)
        TRAINED[name](Store(path), options.book)
        path.with_name(f".{path.name}.lock").unlink(missing_ok=True)
    for path in write(options.output):
        print(path)


if __name__ == "__main__":
    main()
