"""What a sweep shows while it runs: a bar on a terminal, a line for each trial elsewhere."""

import sys
import time
from typing import Any

from tqdm import tqdm

from gnnseq.runs.store import Record

SHOWN = 2  # running trials that are named


class Progress:
    """How many trials are done, which run, how long is left, and the best result so far.

    Args:
        total: trials to come.
        show: whether anything is shown.
    """

    def __init__(self, total: int, *, show: bool = True) -> None:
        self.total, self.done = total, 0
        self._running: list[str] = []
        self._best: dict[str, tuple[float, str]] = {}
        self._lines = show and not sys.stderr.isatty()
        self._start = time.monotonic()
        hidden = not show or self._lines
        self._bar: tqdm[Any] = tqdm(total=total, unit="trial", disable=hidden, dynamic_ncols=True)

    def start(self, label: str) -> None:
        """A trial begins."""
        self._running.append(label)
        self._bar.set_description_str(self.running)

    def end(self, label: str, record: Record) -> None:
        """A trial has ended, with this record."""
        self._running.remove(label)
        self._note(label, record)
        self._bar.set_description_str(self.running, refresh=False)
        self._bar.set_postfix_str(self.best(record) or describe(record), refresh=False)
        self._bar.update()
        self.done += 1
        if self._lines:
            parts = [f"{self.done}/{self.total}", describe(record), self.best(record), self._left()]
            print(", ".join(part for part in parts if part), file=sys.stderr, flush=True)  # noqa: T201

    def skip(self, count: int) -> None:
        """Trials that somebody else has done."""
        self.done += count
        self._bar.update(count)

    def note(self, text: str) -> None:
        """A remark, on a line of its own."""
        if not self._bar.disable:
            self._bar.write(text, file=sys.stderr)
        elif self._lines:
            print(text, file=sys.stderr, flush=True)  # noqa: T201

    def close(self) -> None:
        """Leaves the bar as it is."""
        self._bar.close()

    @property
    def running(self) -> str:
        """The first of the trials that run now."""
        named, more = self._running[:SHOWN], len(self._running) - SHOWN
        if not named:
            return "between trials" if self.done < self.total else "done"
        return f"now {'; '.join(named)}{f' and {more} more' if more > 0 else ''}"

    def best(self, record: Record) -> str:
        """The best result so far on the task of a record."""
        best = self._best.get(_task(record))
        return "" if best is None else f"best {best[1]}"

    def _note(self, label: str, record: Record) -> None:
        score = _score(record)
        if record.get("status") != "done" or score is None:
            return
        sign = 1 if record.get("task", {}).get("higher_is_better", True) else -1
        task = _task(record)
        if task not in self._best or sign * score > sign * self._best[task][0]:
            self._best[task] = (score, f"{_value(record)} ({label})")

    def _left(self) -> str:
        if not 0 < self.done < self.total:
            return ""
        seconds = (time.monotonic() - self._start) / self.done * (self.total - self.done)
        return f"about {tqdm.format_interval(round(seconds))} left"


def label_of(trial: Any) -> str:
    """A trial in a few words; its key where it has none."""
    found = getattr(trial, "label", None)
    if isinstance(found, str):
        return found
    if all(hasattr(trial, name) for name in ("family", "length", "seed")):
        return f"{trial.family} {trial.length}, seed {trial.seed}"
    return str(trial.key)


def describe(record: Record) -> str:
    """A record in a few words: what was tried, and how it ended."""
    trial = record.get("trial", {})
    label = record.get("label")
    if label is None and {"family", "length", "seed"} <= set(trial):
        label = f"{trial['family']} {trial['length']}, seed {trial['seed']}"
    end = _value(record) if record.get("status") == "done" else record.get("status", "")
    return f"{label or record['key']}: {end}"


def _score(record: Record) -> float | None:
    found: float | None = record.get("score", record.get("accuracy"))
    return found


def _value(record: Record) -> str:
    score = _score(record)
    if score is None:
        return "done"
    percent = record.get("task", {}).get("metric", "accuracy") == "accuracy"
    return f"{score:.0%}" if percent else f"{score:.3g}"


def _task(record: Record) -> str:
    return str(record.get("task", {}).get("title", ""))
