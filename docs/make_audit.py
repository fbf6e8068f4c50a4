"""Writes audit.md, published tables beside our runs and baselines, from stored records: python docs/make_audit.py.

The records come from one command, and are stored without the curves of their training:

    python examples/published_tables.py --output runs/audit
    python docs/make_audit.py --store runs/audit

Rows of sentiment, logical inference, ListOps and associative recall read the records of other pages in docs/results.
"""

import argparse
import json
from pathlib import Path

from stored import read, without_curve

from gnnseq.experiments import Store
from gnnseq.runs.store import Record
from gnnseq.studies.audit.gpvar import BEST_MAE
from gnnseq.studies.audit.report import fill_table, legend, markdown, overview, summary
from gnnseq.studies.audit.tables import TABLES
from gnnseq.studies.audit.tables.communities import TITLE as GPVAR
from gnnseq.studies.audit.verdict import CLEAR, CLOSE

DOCS = Path(__file__).parent
PAGE, RESULTS = DOCS / "audit.md", DOCS / "results"
HEAD = """# Published tables, audited

Each row has a published number, the same model run with this library, a GCRN, and the best of some baselines, most of
which are one line long. Split, metric and unit are equal, or the row says "not comparable". Made by `python
docs/make_audit.py` from the records in `docs/results`; they come from

```
python examples/published_tables.py --output runs/audit --records docs/results
```

which downloads the data, checks them by their hashes, goes on where it stopped, and takes less than two hours on two
cores ({hours}). `--tables influenza` runs one table, `--baselines` only what needs no training.

## What the words mean

A rule gives the word (`gnnseq.studies.audit.verdict`), in this order:

| word | when |
|---|---|
| not comparable | split, metric or data cannot be made equal |
| beaten by a baseline | a baseline is better than the published number by more than {clear} |
| not run yet | the published model has no run here |
| reproduced | our mean is not worse than the published number by more than {close} |
| not reproduced | it is worse by more than that |

"Beaten by a baseline" speaks of the published number; behind it stands whether our runs of that model reproduce the
number. Our runs are shorter than the published ones, so "not reproduced" says that this budget does not reach the
number, and not that the number is wrong. In brackets behind a mean: its 95 % bootstrap interval over the seeds, and
how many there are.

Marks of published numbers, {legend}.

{summary}

## Overview

"Reproduced" counts rows with a run of the published model; "beaten" counts rows in which a baseline is better than
the published number.

{overview}"""


def slim(record: Record) -> Record:
    """A record without its curves and its looks at validation data."""
    return {key: value for key, value in without_curve(record).items() if key != "looks"}


def store(folder: Path) -> None:
    """Takes over the records of a run, without curves and looks."""
    target = RESULTS / "audit"
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(folder.glob("*.jsonl")):
        text = "".join(json.dumps(slim(record), sort_keys=True) + "\n" for record in Store(file))
        (target / file.name).write_text(text, encoding="utf-8")


def records() -> list[Record]:
    """All stored records of the pages."""
    return [record for file in sorted(RESULTS.rglob("*.jsonl")) for record in read(file)]


def closed(known: list[Record]) -> str:
    """The share of the gap from the mean to the best possible error that each model closes in GP-VAR."""
    scores: dict[str, list[float]] = {}
    for record in known:
        if record.get("task", {}).get("title") == GPVAR:
            scores.setdefault(record["family"]["title"], []).append(record["score"])
    means = {name: sum(values) / len(values) for name, values in scores.items()}
    worst = means.pop("mean of the training part")
    shares = sorted(((worst - mean) / (worst - BEST_MAE), name) for name, mean in means.items())
    parts = [f"{name} {100 * share:.0f} %" for share, name in reversed(shares)]
    return f"Share of the gap that is closed: {', '.join(parts)}.\n"


def page() -> str:
    """The page."""
    known = records()
    tables = {table.title: fill_table(table, known) for table in TABLES}
    own = [record for file in sorted((RESULTS / "audit").glob("*.jsonl")) for record in read(file)]
    seconds = sum(record.get("seconds", 0.0) for record in own)
    head = HEAD.format(
        hours=f"{seconds / 3600:.1f} hours of training on one core for the stored records",
        clear=f"{100 * CLEAR:.0f} % of it (an accuracy: {100 * CLEAR:.0f} point)",
        close=f"{100 * CLOSE:.0f} % of it (an accuracy: {100 * CLOSE:.0f} points)",
        legend=legend(),
        summary=summary([each for rows in tables.values() for each in rows]),
        overview=overview(tables),
    )
    parts = [head]
    for table in TABLES:
        rows = tables[table.title]
        more = f"\n{closed(known)}" if table.name == "gpvar" else ""
        sources = dict.fromkeys(f"{each.row.published.source}" + _where(each.row.published.where) for each in rows)
        text = f"{table.text}\n\nPublished: {'; '.join(sources)}."
        parts.append(f"## {table.title}\n\n{text}\n\n{markdown(rows)}{more}\n{summary(rows)}\n")
    return "\n".join(parts)


def _where(text: str) -> str:
    return f" (read in: {text})" if text else ""


def main() -> None:
    """Writes the page, after taking over new records where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="output folder of examples/published_tables.py")
    options = parser.parse_args()
    if options.store is not None:
        store(options.store)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
