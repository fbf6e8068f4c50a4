"""Runs the lectures and stores what their cells print and draw: python docs/make_lectures.py [NAME.ipynb ...].

Texts and code are edited in the notebooks themselves, ``make lectures`` opens them. Stored are the outputs alone: no
times, no versions and no numbers of the run, so that a second run on the same machine changes nothing.
"""

import argparse
import os
import re
from collections.abc import Iterator
from itertools import zip_longest
from math import isclose
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

LECTURES = Path(__file__).parent / "lectures"
VARIES = "varies"  # tag of a cell whose numbers depend on the processor: it trains a model
TOLERANCE = 0.02  # of the other numbers, relative; one unit of the last digit that is printed is allowed too
NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)

Book = Any  # a notebook of nbformat, which has no types


def lectures() -> list[Path]:
    """The notebooks, in their order."""
    return sorted(LECTURES.glob("*.ipynb"))


def read(path: Path) -> Book:
    """A notebook as it is stored."""
    return nbformat.read(path, as_version=4)


def run(book: Book) -> Book:
    """Runs all cells of a notebook in a new kernel and leaves their outputs, and nothing else of the run, in it.

    Raises:
        nbclient.exceptions.CellExecutionError: for a cell that ends in an error.
        ValueError: for a cell that warns.
    """
    environment = os.environ | {"TQDM_DISABLE": "1"}
    environment.pop("MPLBACKEND", None)  # figures are drawn into the notebook
    options = {"timeout": 300, "record_timing": False, "coalesce_streams": True}
    client = NotebookClient(book, resources={"metadata": {"path": str(LECTURES)}}, **options)
    client.execute(env=environment)
    for cell in code(book):
        warned = [output["text"] for output in cell.outputs if output.get("name") == "stderr"]
        if warned:
            raise ValueError(f"cell {cell.id} wrote to stderr, expected nothing: {warned[0]}")
        cell.execution_count = None
        for output in cell.outputs:
            output.pop("metadata", None) if output.output_type == "stream" else output.update(metadata={})
            if output.output_type == "execute_result":
                output.execution_count = None
    book.metadata.pop("widgets", None)
    book.metadata.language_info = {"name": "python"}
    return book


def code(book: Book) -> Iterator[Book]:
    """The cells with code."""
    return (cell for cell in book.cells if cell.cell_type == "code")


def shown(cell: Book) -> list[tuple[str, str]]:
    """What a cell shows: the kind and the text of each output; of a picture the kind alone."""
    found = []
    for output in cell.outputs:
        if output.output_type == "stream":
            found.append((output.name, output.text))
        elif "image/png" in output.data:
            found.append(("image/png", ""))
        else:
            found.append(("text", output.data.get("text/markdown", output.data.get("text/plain", ""))))
    return found


def differences(stored: Book, new: Book) -> list[str]:
    """Where two runs of one notebook show different things.

    Words, integers and the number of outputs must be equal. Other numbers may differ by ``TOLERANCE``, since
    processors round differently. In a cell with the tag ``VARIES`` numbers may be any.
    """
    found = []
    for old_cell, new_cell in zip_longest(code(stored), code(new)):
        if old_cell is None or new_cell is None or old_cell.source != new_cell.source:
            return [*found, "the cells are not the same"]
        old, fresh = shown(old_cell), shown(new_cell)
        free = VARIES in old_cell.metadata.get("tags", [])
        if len(old) != len(fresh) or not all(_same(a, b, free) for a, b in zip(old, fresh, strict=True)):
            found.append(f"cell {old_cell.id}: stored {old}, now {fresh}")
    return found


def _same(old: tuple[str, str], new: tuple[str, str], free: bool) -> bool:
    words = [re.sub(r"[\s|:*-]+", " ", NUMBER.sub("#", text)) for _, text in (old, new)]
    if old[0] != new[0] or words[0] != words[1]:
        return False
    return free or all(map(_close, NUMBER.findall(old[1]), NUMBER.findall(new[1])))


def _close(old: str, new: str) -> bool:
    mantissa, _, exponent = old.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    if not decimals:
        return old == new
    unit = 10.0 ** (int(exponent or 0) - decimals)
    return isclose(float(old.replace(",", "")), float(new.replace(",", "")), rel_tol=TOLERANCE, abs_tol=1.01 * unit)


def main() -> None:
    """Runs the notebooks named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="file names in docs/lectures (default: all)")
    names = parser.parse_args().names
    for path in [LECTURES / name for name in names] or lectures():
        book = run(read(path))
        nbformat.write(book, path)
        print(path.name)


if __name__ == "__main__":
    main()
