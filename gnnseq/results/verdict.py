"""What differences between models are worth: a word for each pair, and one for each result."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from gnnseq.analysis.diagnosis import FAILED, diagnose
from gnnseq.results.joined import Result
from gnnseq.results.paired import SIGN, PairedTest, equivalence, holm
from gnnseq.results.statistics import bootstrap_interval, share_interval

MARGIN = 0.05  # of the way from chance to the threshold, below which a difference is one that does not matter


@dataclass(frozen=True)
class Comparison:
    """Two models on the same seeds of one task.

    Attributes:
        task: title.
        a: name of the first model.
        b: name of the second.
        differences: value of a minus value of b, for each seed that both have.
        higher_is_better: whether a larger value is better.
        test: of the differences.
        p: its p-value; 1 for no seeds.
        corrected: p-value after correction for the number of comparisons.
        comparisons: that number.
        alpha: level at which a difference is decided.
        margin: the smallest difference that matters; None if there is none.
        equal_p: p-value of `gnnseq.results.paired.equivalence`; 1 without a margin.
        equal_corrected: the same, corrected for the number of comparisons.
    """

    task: str
    a: str
    b: str
    differences: tuple[float, ...]
    higher_is_better: bool
    test: PairedTest
    p: float
    corrected: float
    comparisons: int = 1
    alpha: float = 0.05
    margin: float | None = None
    equal_p: float = 1.0
    equal_corrected: float = 1.0

    @property
    def seeds(self) -> int:
        """Number of pairs."""
        return len(self.differences)

    @property
    def mean(self) -> float | None:
        """Mean difference; None for no pairs."""
        return statistics.fmean(self.differences) if self.differences else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Bootstrap interval of the mean difference; None for fewer than two pairs."""
        return bootstrap_interval(self.differences) if self.seeds > 1 else None

    @property
    def wins(self) -> tuple[int, int]:
        """Seeds at which a is better, and at which b is."""
        up, down = sum(d > 0 for d in self.differences), sum(d < 0 for d in self.differences)
        return (up, down) if self.higher_is_better else (down, up)

    @property
    def improvement(self) -> tuple[float, float, float] | None:
        """The chance that a is better on a seed where the two differ, and its exact interval; None where none does."""
        up, down = self.wins
        return (up / (up + down), *share_interval(up, up + down)) if up + down else None

    @property
    def better(self) -> str | None:
        """The name of the model that wins more seeds and has the better mean; None where that is undecided."""
        up, down = self.wins
        mean = (self.mean or 0.0) * (1 if self.higher_is_better else -1)
        if self.corrected > self.alpha or mean * (up - down) <= 0:
            return None
        return self.a if up > down else self.b

    @property
    def equal(self) -> bool:
        """Whether the two differ by less than the margin, on most seeds by the test and on average."""
        if self.margin is None or self.mean is None:
            return False
        return self.equal_corrected <= self.alpha and abs(self.mean) < self.margin

    @property
    def verdict(self) -> str:
        """The better model's name and "better", "equal within" the margin, or "undecided at n seeds"."""
        if self.better is not None:
            return f"{self.better} better"
        if self.equal:
            return f"equal within {self.margin:.2g}"
        return f"undecided at {self.seeds} seed{'' if self.seeds == 1 else 's'}"

    @property
    def decidable(self) -> bool:
        """Whether any outcome at this number of seeds and comparisons could have been decided."""
        return self.seeds > 0 and self.comparisons * self.test.smallest(self.seeds) <= self.alpha


def compare(
    values: Mapping[str, Mapping[int, float]],
    *,
    task: str = "",
    higher_is_better: bool = True,
    test: PairedTest = SIGN,
    alpha: float = 0.05,
    reference: str | None = None,
    margin: float | None = None,
) -> list[Comparison]:
    """Every pair of models, or every other model against a reference, tested on the seeds that both have.

    Args:
        values: of each model, by seed.
        task: title, for tables.
        higher_is_better: whether a larger value is better.
        test: of paired differences.
        alpha: level at which a difference is decided.
        reference: name of the model that all others are compared with; fewer pairs need fewer seeds.
        margin: the smallest difference that matters; with it models can be found equal.

    Raises:
        ValueError: for a reference that is not among the models, an ``alpha`` outside 0 to 1, or a margin that is not
            positive.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}, expected a number between 0 and 1")
    if reference is not None and reference not in values:
        raise ValueError(f"reference is {reference!r}, expected one of {', '.join(values)}")
    pairs = combinations(values, 2) if reference is None else ((reference, b) for b in values if b != reference)
    made = []
    for a, b in pairs:
        differences = tuple(values[a][seed] - values[b][seed] for seed in sorted(values[a].keys() & values[b].keys()))
        p = test.p_value(differences) if differences else 1.0
        same = equivalence(differences, margin) if differences and margin is not None else 1.0
        made.append(Comparison(task, a, b, differences, higher_is_better, test, p, p, 1, alpha, margin, same, same))
    return correct_for_number(made)


def correct_for_number(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons, their p-values corrected by Holm's method for the number of all of them.

    The tests of a difference are one family, those of equality another.
    """
    differ = holm([comparison.p for comparison in comparisons])
    equal = holm([comparison.equal_p for comparison in comparisons])
    return [
        replace(comparison, corrected=p, equal_corrected=same, comparisons=len(comparisons))
        for comparison, p, same in zip(comparisons, differ, equal, strict=True)
    ]


def judge(
    results: Sequence[Result],
    *,
    test: PairedTest = SIGN,
    alpha: float = 0.05,
    reference: str | None = None,
) -> list[Comparison]:
    """Compares the models of one task by their scores; see `compare`.

    The margin of equality is a twentieth of the way from chance to the task's threshold.

    Raises:
        ValueError: for results of more than one task.
    """
    titles = {result.task["title"] for result in results}
    if len(titles) != 1:
        raise ValueError(f"results are of {len(titles)} tasks, expected one: {', '.join(sorted(titles))}")
    task = results[0].task
    return compare(
        {result.model: result.scores for result in results},
        task=titles.pop(),
        higher_is_better=task["higher_is_better"],
        test=test,
        alpha=alpha,
        reference=reference,
        margin=MARGIN * abs(task["solved"] - task["chance"]),
    )


def diagnosis(result: Result) -> str:
    """Why a model scores as it does, in a word for its mean score: see `gnnseq.analysis.diagnosis.WHEN`."""
    if not result.scores:
        return FAILED
    influence, computes = result.middle("influence"), result.first("computes")
    return diagnose(result.gain(), sees=not cannot_see(result), computes=computes, influence=influence)


def cannot_see(result: Result) -> bool:
    """Whether the answer lies beyond the model's reach: a statement about its graph, not about numbers.

    Decided by the hops that are stated; by the record of its influence before training where nobody stated them, in
    which zero stands for an answer from which none of the model's operations lead to the output.
    """
    reach, required = result.first("hops_reach"), result.first("hops_required")
    return beyond_reach(reach, required) or result.middle("influence") == 0


def beyond_reach(reach: int | None, required: int | None) -> bool:
    """Whether a model that covers ``reach`` hops (None: no limit) falls short of those required (None: not known)."""
    return reach is not None and required is not None and reach < required
