"""A model as a page shows it: its parts and weights, and the words around them."""

from collections.abc import Iterable, Sequence
from typing import Any

from torch import nn

from gnnseq.page.packer import Plain
from gnnseq.page.weights import model_parts

VIEWS = ("path", "path both ways", "dilated", "balanced tree", "tree", "graph", "symbols")
_WEIGHTS = 2_000_000  # numbers of one model at most; a page holds less than 3 MB


def page_model(
    model: nn.Module,
    *,
    title: str,
    view: str,
    symbols: Sequence[str],
    classes: Sequence[str] | None = None,
    family: str = "",
    task: str = "",
    examples: Iterable[Plain] = (),
    hops: Sequence[int] | None = None,
) -> Plain:
    """A trained model as plain values, which a record can hold and a page computes with.

    Args:
        model: a `SequenceClassifier` or `NodeClassifier` over symbols.
        title: its name on the page.
        view: the graph of its input: "path", "path both ways", "dilated", "balanced tree", "tree" or "graph" (of
            brackets in the text, child to parent or both ways) or "symbols".
        symbols: S texts; a symbol's id is its place.
        classes: names of the outputs; those of the symbols by default.
        family: name of its family, by which it gets its colour.
        task: title of what it was trained on.
        examples: ``text``, ``answer`` and ``at``, the place of the symbol that decides the answer (None: not known).
        hops: of the view "dilated"; the powers of two below the length of the input by default.

    Returns:
        Plain values, with the weights as base64 of float32.

    Raises:
        NoForwardPassError: for a part without a forward pass in the page, which it names.
        ValueError: for a view that the page does not draw, or symbols that do not fit the embedding.
    """
    if view not in VIEWS:
        raise ValueError(f"view is {view!r}, expected one of {', '.join(VIEWS)}")
    parts = model_parts(model)
    symbols = list(symbols)
    weight = parts["embedding"].get("weight")
    if not symbols or (weight is not None and weight["shape"][0] not in (len(symbols), len(symbols) + 1)):
        rows = "any number of" if weight is None else weight["shape"][0]
        raise ValueError(f"symbols holds {len(symbols)}, expected one for each of {rows} rows of the embedding")
    names = symbols if classes is None else list(classes)
    if len(names) != parts["head"]["weight"]["shape"][0]:
        raise ValueError(f"classes holds {len(names)}, expected {parts['head']['weight']['shape'][0]}, as the outputs")
    shown = [{"text": str(e["text"]), "answer": str(e["answer"]), "at": e.get("at")} for e in examples]
    return parts | {"title": title, "view": view, "symbols": symbols, "classes": names, "family": family, "task": task,
                    "examples": shown, "hops": None if hops is None else list(hops)}  # fmt: skip


def fault(model: Any) -> str | None:
    """The reason why a page cannot show a model of a record; None if it can.

    Records may hold values that `page_model` did not write, so sizes and places are checked here.
    """
    if not isinstance(model, dict):
        return "it is no dictionary"
    if isinstance(model.get("missing"), str):
        return str(model["missing"])
    texts = ("title", "view", "weights", "family", "task", "level", "readout")
    if any(not isinstance(model.get(name), str) for name in texts) or model["view"] not in VIEWS:
        return "it has no title, view or weights as a page writes them"
    for name in ("symbols", "classes"):
        values = model.get(name)
        if not isinstance(values, list) or not values or not all(isinstance(v, str) and v for v in values):
            return f"its {name} are no list of texts"
    for name, holds in (("examples", _is_example), ("snapshots", _is_look)):
        values = model.get(name) or []
        if not isinstance(values, list) or not all(map(holds, values)):
            return f"its {name} are none that a page writes"
    hops = model.get("hops") or []
    if not isinstance(hops, list) or any(
        not _is_place(place) for place in (*hops, model.get("step"), model.get("answer_at"))
    ):
        return "its hops, step or answer_at are no numbers from 0"
    return _fault_of_weights(model)


def _is_place(value: Any) -> bool:
    return value is None or (isinstance(value, int) and 0 <= value <= 10**9)


def _is_example(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("text"), str) and isinstance(value.get("answer"), str)


def _is_look(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("weights"), str) and _is_place(value.get("step"))


def _fault_of_weights(model: Plain) -> str | None:
    count = len(model["weights"]) * 3 // 4 // 4
    if any(len(look["weights"]) != len(model["weights"]) for look in model.get("snapshots") or []):
        return "its looks at training have other sizes"
    if count > _WEIGHTS:
        return f"it has {count:,} weights, of which a page holds {_WEIGHTS:,} at most"
    for name in ("embedding", "encoder", "head"):
        if not isinstance(model.get(name), dict) or not _fits(model[name], count):
            return f"its {name} names weights that it does not have"
    return None


def _fits(part: Any, count: int) -> bool:
    """Whether every weight of a part lies among so many numbers, and its other numbers are small."""
    if isinstance(part, list):
        return len(part) <= 1000 and all(_fits(each, count) for each in part)
    if isinstance(part, bool) or part is None or isinstance(part, str):
        return True
    if isinstance(part, int | float):
        return 0 <= part <= 10_000
    if not isinstance(part, dict) or "shape" not in part:
        return isinstance(part, dict) and all(_fits(each, count) for each in part.values())
    shape, at = part["shape"], part.get("at")
    sizes = [at, *shape] if isinstance(shape, list) else [None]
    if not all(isinstance(n, int) and 0 <= n <= _WEIGHTS for n in sizes) or not 1 <= len(shape) <= 2:
        return False
    return bool(sizes[0] + shape[0] * (shape[1] if len(shape) > 1 else 1) <= count)
