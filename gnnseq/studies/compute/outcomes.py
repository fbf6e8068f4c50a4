"""Predictions of theory and results of training for each model and task, from stored records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from gnnseq.results.joined import Result, by_task, collect
from gnnseq.results.table import markdown_table, mean_share
from gnnseq.results.verdict import diagnosis
from gnnseq.runs.store import Record

GENERALISES = 0.99  # of the answers at the longest length
MARKS = {"can": "can", "cannot": "cannot", "not known": "?"}


@dataclass(frozen=True)
class Outcome:
    """A model on a task: the prediction of theory, and the accuracy of every run by length.

    Attributes:
        model: the family's title.
        task: the task's name.
        computes: "can", "cannot" or "not known".
        because: why.
        accuracy: for each length the accuracy of every run on random samples.
        hard: the same on the hard samples of the theory; empty for a task without them.
        diagnosis: the word for the score at the lengths that were trained on.
    """

    model: str
    task: str
    computes: str
    because: str
    accuracy: dict[int, tuple[float, ...]]
    hard: dict[int, tuple[float, ...]]
    diagnosis: str

    @property
    def longest(self) -> tuple[float, ...]:
        """The accuracy of every run at the longest length, on random samples."""
        return self.accuracy[max(self.accuracy)]

    @property
    def hardest(self) -> tuple[float, ...]:
        """The lower accuracy of every run at the longest length, of random and of hard samples."""
        return tuple(map(min, self.longest, self.hard[max(self.hard)])) if self.hard else self.longest

    @property
    def generalising(self) -> int:
        """Runs that are right at the longest length, on random samples."""
        return sum(value >= GENERALISES for value in self.longest)

    @property
    def exact(self) -> int:
        """Runs that are right at the longest length, on hard samples too."""
        return sum(value >= GENERALISES for value in self.hardest)

    @property
    def is_contradicted(self) -> bool:
        """Whether a run is right although theory excludes it; decided on hard samples."""
        return self.computes == "cannot" and self.exact > 0

    @property
    def cell(self) -> str:
        """The prediction, the mean accuracies at the longest length, and the runs that are right there."""
        wrong = ", WRONG" if self.is_contradicted else ""
        shares = " / ".join(f"{100 * fmean(values):.0f}" for values in (self.longest, self.hardest))
        return f"{MARKS[self.computes]}{wrong}: {shares} %, {self.generalising} and {self.exact} of {len(self.longest)}"


def outcomes(records: Iterable[Record]) -> list[Outcome]:
    """One outcome for each model and task that has a run that ended, tasks and models in the order of the records.

    A run that diverged counts as chance at every length; one that was not tested at a length is left out there.

    Raises:
        ValueError: for records without lengths, which no run of `gnnseq.studies.compute.study` leaves.
    """
    results = [result for group in by_task(collect(records)).values() for result in group if result.scores]
    if not any(record.get("by_length") for result in results for record in result.records):
        raise ValueError("records hold no by_length, expected those of gnnseq.studies.compute.study")
    return [_outcome(result) for result in results if any(record.get("by_length") for record in result.records)]


def _outcome(result: Result) -> Outcome:
    computes, because = (str(result.first(name) or "not known") for name in ("computes", "because"))
    random, hard = (_accuracy(result, name) for name in ("by_length", "hard_by_length"))
    return Outcome(result.model, result.task["name"], computes, because, random, hard, diagnosis(result))


def _accuracy(result: Result, name: str) -> dict[int, tuple[float, ...]]:
    lengths = sorted({int(length) for record in result.records for length in record.get(name) or ()})
    lost = {str(length): [float(result.task["chance"]), 1.0] for length in lengths}
    runs = [lost if record["status"] == "diverged" else record.get(name) or {} for record in result.records]
    return {n: tuple(right / total for run in runs if str(n) in run for right, total in [run[str(n)]]) for n in lengths}


def summary(found: Sequence[Outcome]) -> str:
    """How often theory and training agree, as a list in Markdown."""
    length = max(max(outcome.accuracy) for outcome in found)
    lines = [
        f"{len(found)} pairs of a model and a task. A run generalises if at least {GENERALISES:.0%} of its answers at "
        f"length {length} are right.\n"
    ]
    for word in MARKS:
        own = [outcome for outcome in found if outcome.computes == word]
        if not own:
            continue
        runs = sum(len(outcome.longest) for outcome in own)
        good, exact = (sum(getattr(outcome, name) for outcome in own) for name in ("generalising", "exact"))
        lines.append(
            f'- "{word}": {len(own)} pairs, {runs} runs; {good} generalise on random samples '
            f"({mean_share([good / runs])}), {exact} on hard ones too ({mean_share([exact / runs])})."
            + _contradictions(own)
        )
    return "\n".join(lines) + "\n"


def _contradictions(own: Sequence[Outcome]) -> str:
    wrong = [f"{outcome.model} on {outcome.task}" for outcome in own if outcome.is_contradicted]
    if own[0].computes != "cannot":
        return ""
    return f" Against the theory: {'; '.join(wrong)}." if wrong else " None is contradicted."


def grid(found: Sequence[Outcome]) -> str:
    """Models by tasks in Markdown: the prediction, accuracies and runs of `Outcome.cell`."""
    tasks, models = (list(dict.fromkeys(getattr(o, name) for o in found)) for name in ("task", "model"))
    cells = {(o.model, o.task): o.cell for o in found}
    lines = ([model, *(cells.get((model, task), "–") for task in tasks)] for model in models)
    return markdown_table(("model", *tasks), lines)


def lengths_table(found: Sequence[Outcome]) -> str:
    """One line for each task and model in Markdown: the prediction, and the mean accuracy at each length."""
    lengths = sorted({length for o in found for length in o.accuracy})
    lines = []
    for o in found:
        shares = [mean_share(kind.get(length, ())) for kind in (o.accuracy, o.hard) for length in lengths]
        lines.append([o.task, o.model, o.computes, *shares, str(len(o.longest)), o.diagnosis])
    header = [*(f"at {length}" for length in lengths), *(f"hard {length}" for length in lengths)]
    return markdown_table(("task", "model", "theory", *header, "seeds", "diagnosis"), lines)


def places_table(records: Iterable[Record]) -> str:
    """Accuracy by the place in a word, for each model and rule of stopping, the mean over the seeds."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(drift_title(record), []).append(record)
    places = sorted({int(place) for own in groups.values() for record in own for place in record["by_place"]})
    lines = []
    for title, own in groups.items():
        shares = [[r["by_place"][str(p)][0] / r["by_place"][str(p)][1] for r in own] for p in places]
        lines.append([title, *map(mean_share, shares), str(len(own))])
    return markdown_table(("model", *(f"to {place:,}" for place in places), "seeds"), lines)


def drift_title(record: Record) -> str:
    """The model, and how long it was trained."""
    rule = "until 20 batches are right" if record["trial"]["stop_at"] else f"{record['trial']['steps']:,} steps"
    return f"{record['family']['title']}, {rule}"
