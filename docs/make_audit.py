"""Writes audit.md and its tables, published results beside our runs, from stored records: python docs/make_audit.py.

The records come from one command, and are stored without the curves of their training:

    python examples/published_tables.py --output runs/audit
    python docs/make_audit.py --store runs/audit

Rows of sentiment, logical inference, ListOps and associative recall read the records of other pages in docs/results.
"""

import argparse
import json
import textwrap
from datetime import datetime
from pathlib import Path

from stored import read, without_curve

from gnnseq.experiments import Store
from gnnseq.runs.store import Record
from gnnseq.studies.audit.gpvar import BEST_MAE
from gnnseq.studies.audit.report import FilledRow, fill_table, legend, markdown, overview, summary
from gnnseq.studies.audit.rows import Published
from gnnseq.studies.audit.tables import TABLES
from gnnseq.studies.audit.tables.communities import TITLE as GPVAR
from gnnseq.studies.audit.verdict import CLEAR, CLOSE

DOCS = Path(__file__).parent
RESULTS = DOCS / "results"
PAGE, ROWS = DOCS / "audit.md", RESULTS / "audit" / "tables.md"
HEAD = """# Published tables, audited

Each row compares a published number with the same model run with this library, a GCRN, and the best of several
baselines, most of which are one line of code. `python docs/make_audit.py` makes this page and [the
tables](results/audit/tables.md), with the setting of each, from the records of

```
python examples/published_tables.py --output runs/audit --records docs/results
```

which downloads the data, checks their hashes and [resumes](runs/resuming.md). {time}
`--tables influenza` runs one table, `--baselines` only what needs no training.

## Labels

`gnnseq.studies.audit.verdict` gives each row the first label that applies:

| label | when |
|---|---|
| not comparable | split, metric or data cannot be made equal |
| beaten by a baseline | a baseline is better than the published number by more than {clear} |
| not run yet | the published model has no run here |
| reproduced | the mean of our runs of the published model is within {close} of the number, on either side |
| not reproduced | it is farther away; the label says how far, and whether ours is better or worse |

"Beaten by a baseline" is about the published number; a second label says whether our runs reproduce it. Most of our
runs are shorter than the published ones, so a worse result does not show that the published number is wrong. A much
better result means that the published run differed from its description, or from our training.

{summary}

## What stands out

{findings}
## Overview

"Reproduced" counts only rows with a run of the published model.

{overview}
```{{toctree}}
:hidden:

results/audit/tables
```
"""
TOP = """# Published tables, audited: all rows

Made by `python docs/make_audit.py`. Labels are explained on [the page of results](../../audit.md).

Brackets: 95 % bootstrap interval of the mean over seeds, and the number of seeds. Intervals of two or three seeds are
too narrow.

Marks of published numbers, {legend}.

## Overview of models

"Reproduced" counts only rows with a run of the published model.

{overview}
"""


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


def baseline(rows: list[FilledRow], group: str, model: str, name: str) -> list[float]:
    """Values of a baseline in the rows of a published model."""
    chosen = [each for each in rows if group in each.row.setting and each.row.published.model == model]
    return [value.summary.mean for each in chosen for value in each.baselines if value.name == name]


def findings(tables: dict[str, list[FilledRow]]) -> str:
    """The largest differences in sentences, with the numbers of the rows."""
    by_name = {table.name: tables[table.title] for table in TABLES}
    flu, pox, cars = (by_name[name] for name in ("influenza", "chickenpox", "traffic"))
    cola = [each for each in flu if each.row.published.model == "Cola-GNN"]
    values = [each.row.published.value for each in cola]
    beaten = [each for each in cola if each.verdict.beaten_by]
    japan, states = (sum(each.row.setting.startswith(place) for each in beaten) for place in ("Japan", "United"))
    year = baseline(flu, "Japan", "Cola-GNN", "same week last year")
    paper = [each.row.published.value for each in pox if each.row.published.mark == "from memory"]
    zero, lags = (baseline(pox, "90 %", "GConvLSTM", name)[0] for name in ("mean of the training part", "AR(4)"))
    last = baseline(cars, "15 minutes", "T-GCN", "last value")[0]
    first = {each.row.published.model: each.row.published.value for each in cars if "15 min" in each.row.setting}
    recurrent = [each for each in cars if each.row.published.model in ("T-GCN", "GRU")]
    lost = sum(bool(each.verdict.beaten_by) for each in recurrent)
    return _list(
        f"Influenza in Japan: the same week of the last year has an RMSE of {year[0]:.0f} cases at every lead, and is "
        f"better than Cola-GNN at {japan} of 5 leads ({values[0]:,.0f} at 2 weeks, {values[4]:,.0f} at 15). In the "
        f"United States a baseline is better at {states} of 5 leads.",
        f"Chickenpox with 90 % for training: {len(paper)} models of one table have a squared error of {min(paper)} to "
        f"{max(paper)} (from memory, not checked). The mean of the training part has {zero:.3f}, an autoregression on "
        f"four weeks {lags:.3f}.",
        f"METR-LA, 15 minutes: the last value has an RMSE of {last:.2f} mph; published are HA {first['HA']:.2f}, GCN "
        f"{first['GCN']:.2f} and SVR {first['SVR']:.2f} (from memory, not checked). Of the {len(recurrent)} rows of "
        f"T-GCN and the GRU, baselines beat {lost}.",
    )


def _list(*texts: str) -> str:
    return "".join(
        textwrap.fill(f"- {text}", 118, subsequent_indent="  ", break_on_hyphens=False) + "\n" for text in texts
    )


def closed(known: list[Record]) -> str:
    """The share of the gap from the mean to the best possible error that each model closes in GP-VAR."""
    scores: dict[str, list[float]] = {}
    for record in known:
        if record.get("task", {}).get("title") == GPVAR:
            scores.setdefault(record["family"]["title"], []).append(record["score"])
    means = {name: sum(values) / len(values) for name, values in scores.items()}
    worst = means.pop("mean of the training part")
    shares = sorted(((worst - mean) / (worst - BEST_MAE), name) for name, mean in means.items())
    rows = [f"| {name} | {100 * share:.0f} % |\n" for share, name in reversed(shares)]
    return f"| model | share of the gap that is closed |\n|---|---:|\n{''.join(rows)}"


def time_taken(own: list[Record]) -> str:
    """How long the stored runs took, in a sentence."""
    trained = [record for record in own if record.get("finished")]
    start, end = (pick(record[name] for record in trained) for pick, name in ((min, "started"), (max, "finished")))
    minutes = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 60
    return f"The stored runs took\n{minutes:.0f} minutes (`--jobs 2`, two busy cores)."


def page() -> str:
    """The page of results."""
    known = records()
    tables = {table.title: fill_table(table, known) for table in TABLES}
    own = [record for file in sorted((RESULTS / "audit").glob("*.jsonl")) for record in read(file)]
    return HEAD.format(
        time=time_taken(own),
        clear=f"{100 * CLEAR:.0f} % of it (an accuracy: {100 * CLEAR:.0f} point)",
        close=f"{100 * CLOSE:.0f} % of it (an accuracy: {100 * CLOSE:.0f} points)",
        summary=summary([each for rows in tables.values() for each in rows]),
        overview=overview(tables, by_model=False),
        findings=findings(tables),
    )


def rows() -> str:
    """The page of all rows."""
    known = records()
    tables = {table.title: fill_table(table, known) for table in TABLES}
    parts = [TOP.format(legend=legend(), overview=overview(tables))]
    for table in TABLES:
        own = tables[table.title]
        more = f"\n{closed(known)}" if table.name == "gpvar" else ""
        sources = dict.fromkeys(each.row.published.source + _where(each.row.published) for each in own)
        text = f"{table.text}\n\nPublished: {'; '.join(sources)}."
        parts.append(f"## {table.title}\n\n{text}\n\n{markdown(own)}{more}")
    return "\n".join(parts)


def _where(published: Published) -> str:
    return f" (read in: {published.where})" if published.where not in published.source else ""


def main() -> None:
    """Writes both pages, after taking over new records where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="output folder of examples/published_tables.py")
    options = parser.parse_args()
    if options.store is not None:
        store(options.store)
    PAGE.write_text(page(), encoding="utf-8")
    ROWS.write_text(rows(), encoding="utf-8")


if __name__ == "__main__":
    main()
