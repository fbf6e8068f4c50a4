"""A comparison as one HTML file that needs nothing else: no network, no folder beside it."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from gnnseq.analysis.diagnosis import (
    BEYOND_REACH,
    CANNOT_COMPUTE,
    CANNOT_SEE,
    DID_NOT_LEARN,
    LEARNED,
    LEARNED_IN_PART,
    SEES_TOO_WEAKLY,
    WHEN,
)
from gnnseq.results.conditions import cautions, conditions, failures, learning_rates
from gnnseq.results.joined import Result, by_task
from gnnseq.results.page_style import SCRIPT, STYLE
from gnnseq.results.ranking import ranking
from gnnseq.results.report import VERDICT_HEADER, how_tested, verdict_cells
from gnnseq.results.table import COLUMNS, Cell, describe_task, result_cells
from gnnseq.results.verdict import Comparison
from gnnseq.runs.store import Record

CLASSES = {
    LEARNED: "learned",
    LEARNED_IN_PART: "part",
    DID_NOT_LEARN: "not",
    SEES_TOO_WEAKLY: "not",
    CANNOT_SEE: "not",
    CANNOT_COMPUTE: "not",
    BEYOND_REACH: "part",
}
_READING = f"""Score: mean over the seeds ± standard deviation (n - 1), and in brackets the 95 % percentile bootstrap
interval of the mean. Intervals of few seeds are too narrow (for normally distributed scores, three seeds cover the mean
in 75 % of cases, five in 84 %), so verdicts rest on the test alone.
Solved: seeds whose score reaches the task's threshold.
Diagnosis: {"; ".join(f'"{word}", where {when}' for word, when in WHEN.items())}.
Influence: the answer's relative influence on the output before training.
Gradient norm: median over the steps, and the largest, before clipping; median over the seeds.
Samples to threshold: median over the runs that reached it.
A run that diverged counts as chance; a run that failed is left out. Both are listed under the settings.
Undecided does not mean equal: it means that these seeds do not tell the models apart."""


@dataclass(frozen=True)
class Picture:
    """A figure for a page.

    Attributes:
        title: heading.
        png: the picture's bytes.
        alt: description of the figure, for screen readers.
        caption: explanation of the figure.
    """

    title: str
    png: bytes
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Part:
    """What another package puts into a page, before its tables.

    Attributes:
        html: of the part; whoever makes it escapes what stands in it.
        links: anchors and words for the list of contents.
        end: HTML behind everything else, such as data.
        style: added to the page's own.
        script: added to the page's own.
    """

    html: str
    links: Sequence[tuple[str, str]]
    end: str = ""
    style: str = ""
    script: str = ""


def render_page(
    title: str,
    results: Sequence[Result],
    comparisons: Sequence[Comparison],
    records: Sequence[Record],
    pictures: Sequence[Picture] = (),
    parts: Sequence[Part] = (),
) -> str:
    """The page: verdicts and results for each task, figures, settings and versions. All text is escaped.

    Its policy allows only its own script and style, by their hashes, and pictures inside the page.

    Args:
        title: of the page.
        results: of `gnnseq.results.joined.collect`.
        comparisons: of `gnnseq.results.verdict.judge`, of all tasks.
        records: from which settings, versions and failures are read.
        pictures: in order.
        parts: shown before the tables.

    Raises:
        ValueError: for no results.
    """
    if not results:
        raise ValueError("results is empty, expected at least one")
    groups = by_task(results)
    tasks = [_task(place, group, comparisons) for place, group in enumerate(groups.values())]
    links = [link for part in parts for link in part.links]
    links += [(f"task-{place}", name) for place, name in enumerate(groups)]
    links += [("figures", "Figures")] * bool(pictures) + [("settings", "Settings and versions"), ("reading", "Reading")]
    body = [
        f"<header><h1>{escape(title)}</h1>",
        f"<p>{escape(_overview(results))}</p>",
        *(f"<p>{escape(caution)}</p>" for caution in cautions(results)),
        "</header>",
        "<nav aria-label='Contents'><ul>",
        *(f"<li><a href='#{anchor}'>{escape(name)}</a></li>" for anchor, name in links),
        "</ul></nav><main>",
        *(part.html for part in parts),
        *tasks,
        "<h2 id='figures'>Figures</h2>" * bool(pictures),
        *map(_figure, pictures),
        _settings(records),
        "<h2 id='reading'>How to read the tables</h2>",
        *(f"<p>{escape(part)}</p>" for part in _READING.replace(".\n", ".\n\n").split("\n\n")),
        "</main>",
        *(part.end for part in parts),
    ]
    style = "".join([STYLE, *(part.style for part in parts)])
    script = "".join([SCRIPT, *(part.script for part in parts)])
    return document(title, "\n".join(part for part in body if part), style, script)


def _overview(results: Sequence[Result]) -> str:
    groups, models = by_task(results), dict.fromkeys(result.model for result in results)
    seeds = sorted({result.summary.count for result in results})
    of = str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    words = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((len(models), "model"), (len(groups), "task"))]
    return f"{words[0]} on {words[1]}, {of} seed{'' if of == '1' else 's'} each. Headings of columns sort the tables."


def _task(place: int, group: Sequence[Result], comparisons: Sequence[Comparison]) -> str:
    task = group[0].task
    title, percent = task["title"], task["metric"] == "accuracy"
    own = [comparison for comparison in comparisons if comparison.task == title]
    parts = [
        f"<section><h2 id='task-{place}'>{escape(title[:1].upper() + title[1:])}</h2>",
        f"<p>{escape(ranking(own))}</p>" if own else "",
        f"<p class='soft'>{escape(describe_task(task))}</p>",
        table(f"Results on {title}", tuple(COLUMNS), map(result_cells, group)),
    ]
    if own:
        pairs = table(f"Pairs on {title}", VERDICT_HEADER, (verdict_cells(c, percent) for c in own))
        many = " open" if len(own) <= 6 else ""
        parts.append(f"<details{many}><summary>Verdict for each pair of models</summary>{pairs}")
        parts.append(f"<p class='soft'>{escape(how_tested(own))}</p></details>")
    return "\n".join([*parts, "</section>"])


def table(caption: str, header: Sequence[str], lines: Iterable[Sequence[Cell]]) -> str:
    """A sortable table; a cell's number, where it has one, is what it is sorted by."""
    head = "".join(f"<th scope='col'><button type='button'>{escape(name)}</button></th>" for name in header)
    rows = []
    for line in lines:
        first, rest = line[0][0], line[1:]
        rows.append(f"<tr><th scope='row'>{escape(first)}</th>{''.join(map(_cell, rest))}</tr>")
    label = escape(caption, quote=True)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table><caption>{label}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>"
    )


def _cell(cell: Cell) -> str:
    text, value = cell
    sort = "" if value is None else f' data-sort="{"Infinity" if value == float("inf") else repr(float(value))}"'
    name = CLASSES.get(text, "better" if text.endswith(" better") else "wrap" if len(text) > 60 else "")
    kind = f' class="{name}"' if name else ""
    return f"<td{sort}{kind}>{escape(text)}</td>"


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode()
    return (
        f"<h3>{escape(picture.title)}</h3><figure>"
        f'<img src="data:image/png;base64,{data}" alt="{escape(picture.alt, quote=True)}">'
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
    )


def _settings(records: Sequence[Record]) -> str:
    parts = ["<h2 id='settings'>Settings and versions</h2>"]
    parts.append(table("Settings of all runs", ("setting", "values"), _texts(conditions(records))))
    if rates := learning_rates(records):
        parts.append(table("Learning rates, chosen on validation data", ("task", "model", "grid", "chosen", "note"),
                           _texts(rates)))  # fmt: skip
    if failed := failures(records):
        parts.append(table("Runs that failed or diverged", ("run", "status", "reason"), _texts(failed)))
    return "\n".join(parts)


def _texts(lines: Iterable[Sequence[str]]) -> list[list[Cell]]:
    return [[(text, None) for text in line] for line in lines]


def document(title: str, body: str, style: str = STYLE, script: str = SCRIPT) -> str:
    """A whole document, whose policy allows its own style and script and nothing else."""
    policy = "; ".join([
        "default-src 'none'",
        "img-src data:",
        f"style-src '{_digest(style)}'",
        f"script-src '{_digest(script)}'",
        "base-uri 'none'",
        "form-action 'none'",
    ])  # fmt: skip
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
<script>{script}</script>
</body>
</html>
"""


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
