"""The verdicts of a task in a few sentences."""

from collections.abc import Sequence

from gnnseq.results.paired import seeds_needed
from gnnseq.results.verdict import Comparison


def ranking(comparisons: Sequence[Comparison]) -> str:
    """The verdicts of one task in a few sentences.

    Raises:
        ValueError: for no comparisons.
    """
    if not comparisons:
        raise ValueError("comparisons is empty, expected those of one task")
    models = list(dict.fromkeys(name for c in comparisons for name in (c.a, c.b)))
    beaten = {c.a if c.better == c.b else c.b for c in comparisons if c.better is not None}
    sentences = []
    if beaten:
        best = [model for model in models if model not in beaten]
        sentences.append(f"No model was found better than {_listed(best, 'or')}.")
    for model in models:
        worse = [c.b if c.a == model else c.a for c in comparisons if c.better == model]
        if worse:
            sentences.append(f"{model} is better than {_listed(worse, 'and')}.")
    same = [f"{c.a} and {c.b}" for c in comparisons if c.better is None and c.equal]
    if same:
        sentences.append(f"Equal within {comparisons[0].margin:.2g}: {'; '.join(same)}.")
    return " ".join([*sentences, _undecided(comparisons)]).strip()


def _undecided(comparisons: Sequence[Comparison]) -> str:
    left = [c for c in comparisons if c.better is None and not c.equal]
    if not left:
        return f"All {len(comparisons)} pairs are decided." if len(comparisons) > 1 else ""
    seeds = sorted({c.seeds for c in left})
    at = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    noun = "seed" if seeds == [1] else "seeds"
    total = f"{len(comparisons)} pair" + ("" if len(comparisons) == 1 else "s")
    text = f"Undecided at {at} {noun}: {len(left)} of {total}."
    if any(c.decidable for c in left):
        return text
    first = left[0]
    text += f" No outcome at {at} {noun} could have decided any of them"
    try:
        needed = seeds_needed(first.comparisons, first.alpha, first.test)
    except ValueError:
        return f"{text}: with this test no number of seeds can."
    few = needed > seeds[-1]
    return f"{text}: that takes at least {needed} seeds." if few else f"{text}, as signs are drawn at random."


def _listed(names: Sequence[str], word: str) -> str:
    """Names joined by semicolons where one holds a comma, so that each stays whole."""
    mark = ";" if any("," in name for name in names) else ","
    if len(names) < 3 and mark == ",":
        return f" {word} ".join(names)
    return f"{mark} ".join(names[:-1]) + f"{mark} {word} {names[-1]}" if len(names) > 1 else names[0]
