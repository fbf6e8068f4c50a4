"""One HTML file that answers while one types: tables, figures that can be touched, and models."""

import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from gnnseq.files import write_text
from gnnseq.page.figures import figure_data
from gnnseq.page.models import fault
from gnnseq.results.colours import Slot, slots
from gnnseq.results.joined import Naming, collect, current, family_title, for_tuning
from gnnseq.results.page import Part, document, render_page
from gnnseq.results.page_style import SCRIPT, STYLE
from gnnseq.results.verdict import Comparison, judge
from gnnseq.runs.store import Record

LARGEST = 3_000_000  # bytes of a page
_SCRIPTS = ("engine.js", "dom.js", "comparison.js", "explorer.js")
_FOR_MODELS = LARGEST - 900_000  # characters of models; the rest is for figures, tables and scripts
_WITHOUT = "Figures that can be touched, and models that answer, need JavaScript. The tables do not."

Plain = dict[str, Any]


def export_page(
    records: Sequence[Record],
    path: str | Path,
    *,
    models: Sequence[Plain] = (),
    comparisons: Sequence[Comparison] | None = None,
    title: str = "A comparison of models",
    naming: Naming = family_title,
) -> Path:
    """Writes one HTML file that needs no network: figures that one can touch, and models that answer while one types.

    Models come from records of `run_kept` and from ``models``. Of a model with several seeds the first is shown. Where
    the file would be larger than 3 MB, looks at training are left out first, then models; the page names them.

    Args:
        records: of a store; may be empty where models are given.
        path: of the file.
        models: of `page_model`.
        comparisons: of `gnnseq.plots.comparison.report.verdicts`; those of every pair by default.
        title: of the page.
        naming: gives a record's model its name.

    Returns:
        The path.

    Raises:
        ValueError: if there is neither a finished record nor a model, or a model is none of `page_model`.
    """
    for model in models:
        if (word := fault(model)) is not None:
            raise ValueError(f"models holds one that cannot be shown: {word}")
    results = collect(records, naming)
    if not any(result.scores for result in results) and not models:
        raise ValueError("records hold no finished trial, expected at least one, or models")
    if comparisons is None:
        groups = {
            result.task["title"]: [
                r for r in results if r.task is result.task or r.task["title"] == result.task["title"]
            ]
            for result in results
        }
        comparisons = [c for group in groups.values() if len(group) > 1 for c in judge([r for r in group if r.scores])]
    shown, notes = _models(records, models, naming)
    scored = [result for result in results if result.scores]
    data = {"tasks": figure_data(scored, [c for c in comparisons]), "models": shown}
    part = _part(data, notes)
    if results:
        text = render_page(title, results, comparisons, records, parts=[part])
    else:
        body = f"<h1>{escape(title)}</h1><main>{part.html}</main>{part.end}"
        text = document(title, body, STYLE + part.style, SCRIPT + part.script)
    write_text(Path(path), text)
    return Path(path)


def _part(data: Plain, notes: Sequence[str]) -> Part:
    blank = f"<noscript><p>{_WITHOUT}</p></noscript>"
    html, links = [], []
    if data["models"]:
        links.append(("try", "Try the models"))
        html.append(f"<section><h2 id='try'>Try the models</h2>{_TRY}<div id='explorer'>{blank}</div>")
        html.append("".join(f"<p class='soft'>{escape(note)}</p>" for note in notes) + "</section>")
    if data["tasks"]:
        links.append(("touch", "Figures"))
        html.append(f"<section><h2 id='touch'>Figures</h2><div id='comparison'>{blank}</div>")
        html.append("" if data["models"] else "".join(f"<p class='soft'>{escape(note)}</p>" for note in notes))
        html.append("</section>")
    end = f"<script type='application/json' id='data'>{in_script(data)}</script>"
    script = "\n".join(_source(name) for name in _SCRIPTS)
    return Part("\n".join(html), links, end, _source("page.css"), script)


_TRY = """<p>Type, or choose an example. Each model answers at once. The bars show how strongly each symbol
moves the answer: its influence, the sum of the absolute derivatives of all outputs by the symbol's vector, on a
logarithmic scale. A symbol with a dashed circle cannot be seen: no operation of the model leads from it to the
output.</p>"""


def _source(name: str) -> str:
    return files("gnnseq.page").joinpath(name).read_text(encoding="utf-8").replace('"use strict";\n', "")


def in_script(data: Any) -> str:
    """JSON that cannot end the element that it stands in, and that a script reads back as it was."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def _models(records: Sequence[Record], models: Sequence[Plain], naming: Naming) -> tuple[list[Plain], list[str]]:
    """The models that fit, each with its look, and what there is to say of the others."""
    found, notes = {}, []
    done = [r for r in map(current, records) if r.get("status") == "done" and not for_tuning(r)]
    for record in sorted(done, key=lambda record: record["trial"].get("seed", 0)):
        name, task = naming(record), record["task"]["title"]
        if "model" in record and (task, name) not in found:
            seed = record["trial"].get("seed")
            found[task, name] = (record["model"], f"seed {seed}") if fault(record["model"]) is None else None
            if found[task, name] is None:
                notes.append(f"{name} on {task} is not among the models: {fault(record['model'])}.")
    kept = [(dict(item[0]) | {"title": name, "note": item[1]}) for (_, name), item in found.items() if item]
    kept += [dict(model) for model in models]
    if not kept and not notes:
        notes.append("These records hold no weights, so there is no model to try: run_comparison(..., "
                     "run=gnnseq.page.run_kept) keeps them.")  # fmt: skip
    look = slots((model["title"], model["family"] or model["title"]) for model in kept)
    kept, left = _fitting(kept)
    return [model | {"look": look.get(model["title"], Slot(0))._asdict()} for model in kept], notes + left


def _fitting(models: list[Plain]) -> tuple[list[Plain], list[str]]:
    """As many models as a page has room for."""
    size = lambda kept: sum(len(in_script(model)) for model in kept)  # noqa: E731
    if size(models) > _FOR_MODELS:
        models = [model | {"snapshots": []} for model in models]
    kept: list[Plain] = []
    for model in models:
        if size([*kept, model]) <= _FOR_MODELS:
            kept.append(model)
    left = [model["title"] for model in models if model not in kept]
    return kept, [f"Left out, since the page would be larger than 3 MB: {', '.join(left)}."] if left else []
