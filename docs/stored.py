"""What the scripts that make pages share: records taken over from runs, read again, and tables put into pages."""

import json
import re
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from gnnseq.experiments import Store
from gnnseq.runs.store import Record


def without_curve(record: Record) -> Record:
    """A record without the curves of its training."""
    return {key: value for key, value in record.items() if key != "curve"}


def take_over(
    folder: Path,
    target: Path,
    slim: Callable[[Record], Record] = without_curve,
    name: str = "records.jsonl",
    kept: Callable[[Record], bool] = lambda record: True,
) -> None:
    """Copies those records of a run's folder that are kept into a file of the repository, made smaller."""
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(slim(record), sort_keys=True) + "\n" for record in Store(folder / name) if kept(record)]
    target.write_text("".join(lines), encoding="utf-8")


def read(path: Path) -> list[Record]:
    """Stored records in their order: a list in JSON, or one a line."""
    text = path.read_text(encoding="utf-8")
    found: list[Record] = (
        json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]
    )
    return found


def wrapped(text: str) -> str:
    """Markdown with lines of prose at most 119 characters long; tables stay as they are."""
    lines = text.split("\n")
    return "\n".join(
        line if line.startswith("|") else textwrap.fill(line, 119, break_long_words=False, break_on_hyphens=False)
        for line in lines
    )


def fill(text: str, name: str, content: str) -> str:
    """A page with what stands between the two marks of a name replaced.

    Raises:
        ValueError: for a page that does not have them once.
    """
    pattern = rf"(<!-- {name}:[^>]*-->\n).*?(<!-- end of {name} -->)"
    filled, count = re.subn(pattern, lambda found: found[1] + content + found[2], text, flags=re.DOTALL)
    if count != 1:
        raise ValueError(f"text has the marks of {name} {count} times, expected once")
    return filled


def fill_all(text: str, tables: Mapping[str, str]) -> str:
    """A page with each of some tables between the marks of its name.

    Raises:
        ValueError: for a page that does not have the marks of one.
    """
    for name, content in tables.items():
        text = fill(text, name, content)
    return text
