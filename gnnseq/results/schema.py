"""Fields of a record that tables and figures need, checked when a file is loaded."""

import json
import math
import reprlib
from collections.abc import Callable
from typing import Any, NamedTuple

from gnnseq.results.records import current
from gnnseq.runs.store import Record

LARGEST = 1e15  # of a number that a table or an axis shows
NAME, TEXT = 100, 1_000  # characters of a task's name, which becomes a file's, and of other texts


class Kind(NamedTuple):
    """Values that a field may have.

    Attributes:
        expected: in words.
        holds: whether a value is one of them.
    """

    expected: str
    holds: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _is_measure(value: Any) -> bool:
    return _is_number(value) or (isinstance(value, float) and not math.isfinite(value))


def _is_curve(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_number, value))


WORDS = Kind(f"a text of at most {TEXT} characters", lambda v: isinstance(v, str) and len(v) <= TEXT)
SHORT = Kind(f"a text of 1 to {NAME} characters", lambda v: isinstance(v, str) and 0 < len(v) <= NAME)
STATUS = Kind("'done', 'diverged' or 'failed'", lambda v: v in ("done", "diverged", "failed"))
GROUP = Kind("a dictionary", lambda v: isinstance(v, dict))
FLAG = Kind("true or false", lambda v: isinstance(v, bool))
WHOLE = Kind("an integer", lambda v: _is_number(v) and isinstance(v, int))
NUMBER = Kind(f"a number of at most {LARGEST:g}", _is_number)
MEASURE = Kind(f"a number of at most {LARGEST:g}, or none that is finite", _is_measure)
CURVE = Kind("a list of finite numbers", _is_curve)
NORMS = Kind("a list of numbers", lambda v: isinstance(v, list) and all(map(_is_measure, v)))
GRID = Kind("a list of numbers, at least one", lambda v: isinstance(v, list) and bool(v) and all(map(_is_number, v)))

REQUIRED = {
    "trial": GROUP, "trial.seed": WHOLE, "task": GROUP, "task.name": SHORT, "task.title": WORDS, "task.size": NUMBER,
    "task.metric": WORDS, "task.higher_is_better": FLAG, "task.chance": NUMBER, "task.solved": NUMBER,
    "family": GROUP, "family.title": WORDS,
}  # fmt: skip
OPTIONAL = {
    "label": WORDS, "stopped": WORDS, "purpose": WORDS, "finished": WORDS, "initialisation": WORDS,
    "computes": WORDS, "because": WORDS,
    "trial": GROUP, "trial.purpose": WORDS, "trial.learning_rate": NUMBER, "trial.steps": NUMBER, "versions": GROUP,
    "host": GROUP,
    "score": MEASURE, "learning_rate": NUMBER, "curve": GROUP, "curve.accuracy": CURVE, "curve.grad_norm": NORMS,
    "tuning": GROUP,
    **dict.fromkeys(("hops_required", "hops_reach", "influence", "weights", "state_size", "steps", "best_50",
                     "steps_to_threshold", "samples_to_threshold", "ms_per_step", "peak_memory_mb"), NUMBER),
}  # fmt: skip
TUNED = {"tuning.grid": GRID, "tuning.chosen": NUMBER}


def checked(record: Record) -> Record:
    """A record in today's form, with all that tables and figures need.

    A run that failed before its task was known needs its ``key`` and ``status`` only.

    Raises:
        ValueError: for a field that is missing or of another kind, with its name, its value and what was expected.
    """
    record = current(record)
    _check(record, {"status": STATUS})
    if record["status"] != "failed" or "task" in record:
        _check(record, REQUIRED)
        _check_levels(record["task"], record.get("score"))
    _check(record, {name: kind for name, kind in OPTIONAL.items() if _at(record, name) is not None})
    if record.get("tuning"):
        _check(record, TUNED)
    try:
        json.dumps({name: value for name, value in record.items() if name != "curve"}, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise ValueError(f"a text holds {half!r}, half of a character, expected whole ones") from None
    return record


def _check(record: Record, fields: dict[str, Kind]) -> None:
    for name, kind in fields.items():
        value = _at(record, name)
        if value is None:
            raise ValueError(f"{name} is missing, expected {kind.expected}, as in the record of a comparison")
        if not kind.holds(value):
            raise ValueError(f"{name} is {reprlib.repr(value)}, expected {kind.expected}")


def _check_levels(task: Record, score: Any) -> None:
    shares = {"task.chance": task["chance"], "task.solved": task["solved"]}
    if _is_number(score):
        shares["score"] = score
    for name, value in shares.items():
        if task["metric"] == "accuracy" and not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}, expected a share from 0 to 1, as task.metric is accuracy")
    if task["chance"] == task["solved"]:
        raise ValueError(f"task.solved is {task['solved']}, expected another value than task.chance")


def _at(record: Any, name: str) -> Any:
    """The value of a field such as ``task.title``; None where there is none."""
    for part in name.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    return record
