"""One HTML file that answers while one types: tables, figures that can be touched, and models."""

import json
import math
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from gnnseq.files import write_text
from gnnseq.page.choice import choose
from gnnseq.page.figures import figure_data
from gnnseq.page.models import fault
from gnnseq.page.packer import Plain
from gnnseq.results.joined import Naming, by_task, collect, family_title
from gnnseq.results.page import Part, document, render_page
from gnnseq.results.page_style import SCRIPT, STYLE
from gnnseq.results.verdict import Comparison, judge
from gnnseq.runs.store import Record

_SCRIPTS = ("engine.js", "dom.js", "comparison.js", "explorer.js")
_READING = """<p>Type, or choose an example: each model answers at once. The bars show the influence of each symbol, the
sum of the absolute derivatives of all outputs by the symbol's vector, against the largest. A symbol with a dashed
circle cannot be seen: no operation of the model leads from it to the output.</p>"""


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

    Models come from records of `run_kept` and from ``models``; of a model with several seeds the first is shown. Where
    the file would be larger than 3 MB, looks at training are left out first, then models; the page names them.

    Args:
        records: of a store; may be empty where models are given.
        path: of the file.
        models: of `page_model`.
        comparisons: of `gnnseq.results.judge`; of every pair by default.
        title: of the page.
        naming: gives a record's model its name.

    Returns:
        The path.

    Raises:
        ValueError: if there is neither a finished record nor a model, or a model that `page_model` did not make.
    """
    for model in models:
        if (word := fault(model)) is not None:
            raise ValueError(f"models holds one that a page cannot show, since {word}, expected those of page_model")
    results = collect(records, naming)
    scored = [result for result in results if result.scores]
    if not scored and not models:
        raise ValueError("records hold no finished trial, expected at least one, or models")
    if comparisons is None:
        comparisons = [c for group in by_task(scored).values() if len(group) > 1 for c in judge(group)]
    shown, notes = choose(records, models, naming)
    part = _part({"tasks": figure_data(scored, comparisons), "models": shown}, notes)
    if scored:
        text = render_page(title, results, comparisons, records, parts=[part])
    else:
        body = f"<header><h1>{escape(title)}</h1></header><main>{part.html}</main>{part.end}"
        text = document(title, body, STYLE + part.style, SCRIPT + part.script)
    write_text(Path(path), text)
    return Path(path)


def _part(data: Plain, notes: Sequence[str]) -> Part:
    """Both parts of the page: places that the scripts fill, and what they fill them with."""
    sections = [("try", "Try the models", "explorer", _READING)] if data["models"] else []
    sections += [("touch", "Figures", "comparison", "")] if data["tasks"] else []
    blank = "<noscript><p>This part needs JavaScript. The tables below do not.</p></noscript>"
    html = [f"<section><h2 id='{anchor}'>{name}</h2>{words}<div id='{place}'>{blank}</div></section>"
            for anchor, name, place, words in sections]  # fmt: skip
    html += [f"<p class='soft'>{escape(note)}</p>" for note in notes]
    end = f"<script type='application/json' id='data'>{in_script(data)}</script>"
    links = [(anchor, name) for anchor, name, *_ in sections]
    return Part("\n".join(html), links, end, _source("page.css"), "\n".join(map(_source, _SCRIPTS)))


def _source(name: str) -> str:
    return files("gnnseq.page").joinpath(name).read_text(encoding="utf-8")


def in_script(data: Any) -> str:
    """JSON that cannot end the element that it stands in; numbers that are not finite become null."""
    text = json.dumps(_finite(data), allow_nan=False, separators=(",", ":"))
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
