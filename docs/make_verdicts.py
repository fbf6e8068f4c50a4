"""Fills the tables of verdicts.md from the stored measurement: python docs/make_verdicts.py.

python benchmarks/verdicts.py --repeats 500 --output docs/results/verdicts.json
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stored import fill_all

from gnnseq.results.table import markdown_table, number

DOCS = Path(__file__).parent
PAGE, RECORDS = DOCS / "verdicts.md", DOCS / "results" / "verdicts.json"
TESTS = ("sign", "sign flips", "t")


def table(rows: Iterable[dict[str, Any]], named: dict[str, str]) -> str:
    """Rows as Markdown: whole numbers and words as they are, shares in per cent."""
    lines = [
        [number(row[key], True) if isinstance(row[key], float) else str(row[key]) for key in named] for row in rows
    ]
    return markdown_table(tuple(named.values()), lines)


def filled(text: str) -> str:
    """The page with the tables of the record."""
    found = json.loads(RECORDS.read_text(encoding="utf-8"))
    size = {"models": "models", "seeds": "seeds"}
    errors = [row | {"scores": row["scores"].replace("_", " ")} for row in found["errors"]]
    tests = dict(zip(TESTS, TESTS, strict=True))
    made = {
        "errors": table(errors, {"scores": "scores"} | size | tests),
        "power": table(found["power"], size | tests),
        "equal": table(found["equal"], {"seeds": "seeds", "false": "found equal"}),
        "coverage": table(found["coverage"], {"seeds": "seeds", "coverage": "coverage of the interval"}),
    }
    return fill_all(text, made)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
