"""What a sweep shows while it runs: a bar on a terminal, a line for each trial elsewhere."""

import statistics
import sys
import time
from typing import Any

from tqdm import tqdm

from gnnseq.runs.store import Record

_SHOWN = 2  # running trials that are named
_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"  # tqdm's estimate counts the workers' start


class Progress:
    """How many trials are done, which run, how long is left, and the best result so far.

    Args:
        total: trials to come.
        show: whether anything is shown.
        jobs: trials that run at a time.
    """

    def __init__(self, total: int, *, show: bool = True, jobs: int = 1) -> None:
        self.total, self.done, self.jobs = total, 0, jobs
        self._running: list[str] = []
        self._best: dict[str, tuple[float, str]] = {}
        self._lines = show and not sys.stderr.isatty()
        self._durations: list[float] = []
        self._since: tuple[float, int] = (time.monotonic(), 0)  # when the rate is counted from, and trials done then
        hidden = not show or self._lines
        self._bar: tqdm[Any] = tqdm(total=total, unit="trial", disable=hidden, dynamic_ncols=True, bar_format=_BAR)

    def start(self, label: str) -> None:
        """A trial begins."""
        self._running.append(label)
        self._bar.set_description_str(self.running)

    def end(self, label: str, record: Record) -> None:
        """A trial has ended, with this record."""
        self._running.remove(label)
        self._note(label, record)
        self._bar.set_description_str(self.running, refresh=False)
        self.done += 1
        self._time(record)
        left = self.left()
        self._bar.set_postfix_str(", ".join(filter(None, [left, self.best(record) or describe(record)])), refresh=False)
        self._bar.update()
        if self._lines:
            parts = [f"{self.done}/{self.total}", describe(record), self.best(record), left]
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
        named, more = self._running[:_SHOWN], len(self._running) - _SHOWN
        if not named:
            return "between trials" if self.done < self.total else "done"
        return f"now {'; '.join(named)}{f' and {more} more' if more > 0 else ''}"

    def best(self, record: Record) -> str:
        """The best result so far on the task of a record."""
        best = self._best.get(_task(record))
        return "" if best is None else f"best {best[1]}"

    def left(self) -> str:
        """How long the rest will take; empty before the first trial has ended, and after the last one.

        From the time that trials took in their processes at first, since the start of the processes comes once; then
        from the rate since the first trial ended.
        """
        if not 0 < self.done < self.total:
            return ""
        begin, count = self._since
        if self._durations and self.done - count < 2 * self.jobs:
            each = statistics.fmean(self._durations) / self.jobs
        else:
            each = (time.monotonic() - begin) / (self.done - count)
        return f"about {tqdm.format_interval(round(each * (self.total - self.done)))} left"

    def _time(self, record: Record) -> None:
        elapsed = _number(record.get("elapsed"))
        if elapsed is None:
            return
        if not self._durations:
            self._since = (time.monotonic(), self.done)
        self._durations.append(elapsed)

    def _note(self, label: str, record: Record) -> None:
        score = _score(record)
        if record.get("status") != "done" or score is None:
            return
        sign = 1 if _part(record, "task").get("higher_is_better", True) else -1
        task = _task(record)
        if task not in self._best or sign * score > sign * self._best[task][0]:
            self._best[task] = (score, f"{_value(record)} ({label})")


def label_of(trial: Any) -> str:
    """A trial in a few words; its key where it has none."""
    try:
        found = getattr(trial, "label", None)
    except Exception:  # a label that cannot be made must not stop a sweep
        found = None
    if isinstance(found, str):
        return found
    if all(hasattr(trial, name) for name in ("family", "length", "seed")):
        return f"{trial.family} {trial.length}, seed {trial.seed}"
    return str(trial.key)


def describe(record: Record) -> str:
    """A record in a few words: what was tried, and how it ended."""
    trial = _part(record, "trial")
    label = record.get("label")
    if label is None and {"family", "length", "seed"} <= set(trial):
        label = f"{trial['family']} {trial['length']}, seed {trial['seed']}"
    end = _value(record) if record.get("status") == "done" else record.get("status", "")
    return f"{label or record['key']}: {end}"


def _part(record: Record, name: str) -> Record:
    """A dictionary in a record; an empty one where there is none, since anybody's function makes records."""
    found = record.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else None


def _score(record: Record) -> float | None:
    return _number(record.get("score", record.get("accuracy")))


def _value(record: Record) -> str:
    score = _score(record)
    if score is None:
        return "done"
    percent = _part(record, "task").get("metric", "accuracy") == "accuracy"
    return f"{score:.0%}" if percent else f"{score:.3g}"


def _task(record: Record) -> str:
    return str(_part(record, "task").get("title", ""))
