"""A comparison as text: its results and the verdict for each pair of models."""

from collections.abc import Iterable, Sequence

from gnnseq.results.joined import Result, by_task
from gnnseq.results.ranking import ranking
from gnnseq.results.table import COLUMNS, csv_text, describe_task, markdown_table, plain, result_cells
from gnnseq.results.verdict import Comparison

VERDICT_HEADER = ("A", "B", "A minus B", "A better on a seed", "seeds won A : B", "p corrected", "p equal", "verdict")


def verdict_cells(comparison: Comparison, percent: bool) -> list[tuple[str, float | None]]:
    """A comparison under `VERDICT_HEADER`: the text of each cell, and the number that it is sorted by, if any."""
    mean, interval = comparison.mean, comparison.interval
    scale, form, unit = (100, "+.1f", " points") if percent else (1, "+.3g", "")
    shown = "–" if mean is None else f"{scale * mean:{form}}"
    if interval is not None:
        shown += f" [{scale * interval[0]:{form}}, {scale * interval[1]:{form}}]"
    wins, chance = comparison.wins, comparison.improvement
    return [
        (comparison.a, None),
        (comparison.b, None),
        (shown + unit, mean),
        ("–", None) if chance is None else (f"{chance[0]:.0%} [{chance[1]:.0%}, {chance[2]:.0%}]", chance[0]),
        (f"{wins[0]} : {wins[1]}", float(wins[0] - wins[1])),
        (f"{comparison.corrected:.3g}", comparison.corrected),
        (f"{comparison.equal_corrected:.3g}", comparison.equal_corrected),
        (comparison.verdict, comparison.corrected),
    ]


def how_tested(comparisons: Sequence[Comparison]) -> str:
    """The tests, the number of comparisons, and the smallest p-value that the number of seeds allows."""
    first = max(comparisons, key=lambda comparison: comparison.seeds)
    smallest = first.test.smallest(first.seeds) if first.seeds else 1.0
    corrected = min(1.0, smallest * first.comparisons)
    equal = "" if first.margin is None else f" Equal: by less than {first.margin:.2g}, by two one-sided sign tests."
    return (
        f"{first.test.name.capitalize()}, two-sided, models paired by seed; p-values corrected by Holm's method for "
        f"{first.comparisons} comparison{'' if first.comparisons == 1 else 's'}; decided at {first.alpha:g}. With "
        f"{first.seeds} seed{'s' * (first.seeds != 1)} the smallest p-value possible is {smallest:.3g}, corrected "
        f"{corrected:.3g}.{equal}"
    )


def to_markdown(results: Sequence[Result], comparisons: Sequence[Comparison]) -> str:
    """For each task: what was decided, the results, and the verdict for each pair."""
    parts = []
    for title, group in by_task(results).items():
        task, own = group[0].task, [c for c in comparisons if c.task == title]
        percent = task["metric"] == "accuracy"
        parts.append(f"## {plain(title[:1].upper() + title[1:])}\n\n{plain(describe_task(task))}\n")
        if own:
            parts.append(f"{plain(ranking(own))}\n")
        parts.append(markdown_table(tuple(COLUMNS), ([text for text, _ in result_cells(r)] for r in group)))
        if own:
            parts.append(markdown_table(VERDICT_HEADER, ([t for t, _ in verdict_cells(c, percent)] for c in own)))
            parts.append(f"{how_tested(own)}\n")
    return "\n".join(parts)


def verdicts_csv(comparisons: Iterable[Comparison]) -> str:
    """One line for each pair of models, numbers in full."""
    header = ["task", "a", "b", "seeds", "difference", "low", "high", "a_wins", "b_wins", "p", "p_corrected",
              "comparisons", "test", "alpha", "margin", "p_equal", "verdict"]  # fmt: skip
    lines = [
        [c.task, c.a, c.b, c.seeds, c.mean, *(c.interval or (None, None)), *c.wins, c.p, c.corrected, c.comparisons,
         c.test.name, c.alpha, c.margin, c.equal_corrected, c.verdict]
        for c in comparisons
    ]  # fmt: skip
    return csv_text(header, lines)
