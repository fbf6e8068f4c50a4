"""The models that a page shows, and notes about the others."""

from collections.abc import Sequence
from typing import Any

from gnnseq.page.models import fault
from gnnseq.page.packer import Plain
from gnnseq.results.colours import Slot, slots
from gnnseq.results.joined import Naming
from gnnseq.results.records import current, for_tuning
from gnnseq.runs.store import Record

_ROOM = 2_100_000  # characters of all models, so that a page stays below 3 MB
_KEYS = ("title", "task", "family", "view", "level", "symbols", "classes", "examples", "hops", "answer_at", "step",
         "snapshots", "embedding", "encoder", "readout", "head", "weights")  # fmt: skip
_WITHOUT = ("There is no model to try, since these records hold no weights. A comparison run with "
            "run=gnnseq.page.run_kept keeps them.")  # fmt: skip


def choose(records: Sequence[Record], models: Sequence[Plain], naming: Naming) -> tuple[list[Plain], list[str]]:
    """The models that a page shows, each with its look, and sentences about the others.

    Of a model on a task the run with the smallest seed is shown that holds weights. Looks at training are left out
    first where a page has not room for all, then whole models.

    Args:
        records: of a store.
        models: of `gnnseq.page.models.page_model`, which come last.
        naming: gives a record's model its name.
    """
    found, notes = _of_records(records, naming)
    kept = [*found, *({name: model.get(name) for name in _KEYS} | {"note": ""} for model in models)]
    if not kept and not notes:
        notes = [_WITHOUT]
    look = slots((model["title"], model["family"] or model["title"]) for model in kept)
    for model in kept:
        model["look"] = look.get(model["title"], Slot(0))._asdict()
    fitting = _fitting(kept)
    if len(fitting) < len(kept):
        left = ", ".join(f"{model['title']} ({model['task']})" for model in kept if model not in fitting)
        notes.append(f"Left out, since the page would be larger than 3 MB: {left}.")
    return fitting, notes


def _of_records(records: Sequence[Record], naming: Naming) -> tuple[list[Plain], list[str]]:
    done = [r for r in map(current, records) if r.get("status") == "done" and not for_tuning(r)]
    done.sort(key=lambda record: record["trial"].get("seed", 0))
    found: dict[tuple[str, str], Plain] = {}
    faults: dict[tuple[str, str], str] = {}
    for record in done:
        place = record["task"]["title"], naming(record)
        if place in found or "model" not in record:
            continue
        word = fault(record["model"])
        if word is not None:
            faults.setdefault(place, word)
            continue
        own: dict[str, Any] = {name: record["model"].get(name) for name in _KEYS}
        found[place] = own | {"task": place[0], "title": place[1], "note": f"seed {record['trial'].get('seed')}"}
    notes = [f"Not among the models: {name} on {task}, since {word}."
             for (task, name), word in faults.items() if (task, name) not in found]  # fmt: skip
    return list(found.values()), notes


def _size(model: Plain) -> int:
    looks = model["snapshots"] or []
    return len(model["weights"]) + sum(len(look["weights"]) for look in looks) + sum(map(len, model["symbols"]))


def _fitting(models: list[Plain]) -> list[Plain]:
    """As many models as there is room for."""
    if sum(map(_size, models)) > _ROOM:
        for model in models:
            model["snapshots"] = []
    kept, room = [], _ROOM
    for model in models:
        room -= _size(model)
        if room >= 0:
            kept.append(model)
    return kept
