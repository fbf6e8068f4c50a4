"""Error rate and power of verdicts.

    python benchmarks/verdicts.py --repeats 1000 --output docs/results/verdicts.json
    python docs/make_verdicts.py

Three kinds of scores. "normal": of equal means and spreads. "two levels": a model learns (99 %) or does not (10 %) with
probability 1/2, as recurrent networks do near the limit of what they can learn. "rare failures": of two models with one
mean, A fails on a seed of ten and is better on the others. So A is better on nine seeds of ten: a verdict for A is true
of most seeds, and one about means would be an error. Needs scipy.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from gnnseq.results.paired import PAIRED_T, SIGN, SIGN_FLIP
from gnnseq.results.statistics import bootstrap_interval
from gnnseq.results.verdict import compare

TESTS = {"sign": SIGN, "sign flips": SIGN_FLIP, "t": PAIRED_T}
SIZES = ((2, 3), (2, 5), (2, 8), (2, 10), (9, 3), (9, 5), (9, 11))
MARGIN = 0.05
LEARNED, FAILED = 0.99, 0.10


def normal(rng: np.random.Generator, models: int, seeds: int) -> np.ndarray:
    """Scores ``[models, seeds]``."""
    return rng.normal(0.5, 0.1, (models, seeds))


def two_levels(rng: np.random.Generator, models: int, seeds: int) -> np.ndarray:
    """Scores ``[models, seeds]``."""
    return np.where(rng.random((models, seeds)) < 0.5, FAILED, LEARNED) + rng.normal(0, 0.005, (models, seeds))


def rare_failures(rng: np.random.Generator, models: int, seeds: int) -> np.ndarray:
    """Scores ``[models, seeds]`` of equal means: every second model fails on a seed of ten, the others never."""
    mean = 0.9 * LEARNED + 0.1 * FAILED
    failing = np.where(rng.random((models, seeds)) < 0.1, FAILED, LEARNED)
    steady = np.full((models, seeds), mean)
    first = (np.arange(models) % 2 == 0)[:, None]
    return np.where(first, failing, steady) + rng.normal(0, 0.005, (models, seeds))


def one_deviation(rng: np.random.Generator, models: int, seeds: int) -> np.ndarray:
    """Normal scores of which the first model's differences to the others lie one standard deviation above 0."""
    scores = normal(rng, models, seeds)
    scores[0] += 0.1 * np.sqrt(2)
    return scores


def decided(draw, test, rng, models: int, seeds: int, repeats: int, reference: bool = False) -> dict[str, float]:
    """Shares of comparisons, corrected by Holm's method, with at least one verdict, and of pairs with one.

    Args:
        draw: gives scores.
        test: of paired differences.
        rng: source of random numbers.
        models: of a comparison.
        seeds: of each.
        repeats: comparisons.
        reference: compare all with the first alone, and not each with each.
    """
    some = pairs = equal = total = 0
    for _ in range(repeats):
        scores = {str(i): dict(enumerate(map(float, row))) for i, row in enumerate(draw(rng, models, seeds))}
        found = compare(scores, test=test, reference="0" if reference else None, margin=MARGIN)
        some += any(c.better is not None for c in found)
        pairs += sum(c.better is not None for c in found)
        equal += any(c.equal for c in found)
        total += len(found)
    return {"some": some / repeats, "pairs": pairs / total, "equal": equal / repeats}


def shifted(rng: np.random.Generator, models: int, seeds: int) -> np.ndarray:
    """Scores of two models whose differences have the margin for a median: no verdict "equal" is right."""
    scores = rng.normal(0.5, 0.01, (models, seeds))
    scores[0] += MARGIN
    return scores


def coverage(rng: np.random.Generator, seeds: int, repeats: int) -> float:
    """Share of 95 % intervals that hold the mean of a normal distribution."""
    ends = [bootstrap_interval(rng.normal(size=seeds).tolist()) for _ in range(repeats)]
    return sum(low <= 0 <= high for low, high in ends) / repeats


def measure(repeats: int) -> dict:
    """All tables of docs/verdicts.md as plain values."""
    rng = np.random.default_rng(0)
    errors = [
        {"scores": draw.__name__, "models": models, "seeds": seeds}
        | {name: decided(draw, test, rng, models, seeds, repeats)["some"] for name, test in TESTS.items()}
        for draw in (normal, two_levels, rare_failures)
        for models, seeds in (SIZES if draw is not rare_failures else SIZES[:4])
    ]
    power = [
        {"models": models, "seeds": seeds}
        | {
            name: decided(one_deviation, test, rng, models, seeds, repeats, True)["pairs"]
            for name, test in TESTS.items()
        }
        for models in (2, 9, 26)
        for seeds in (9, 10, 20)
    ]
    same = [{"seeds": seeds, "false": decided(shifted, SIGN, rng, 2, seeds, repeats)["equal"]} for seeds in (5, 10, 20)]
    held = [{"seeds": seeds, "coverage": coverage(rng, seeds, 4 * repeats)} for seeds in (3, 5, 8, 10, 20)]
    return {"repeats": repeats, "errors": errors, "power": power, "equal": same, "coverage": held}


def main() -> None:
    """Measures and stores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--output", type=Path, default=Path("runs/verdicts.json"))
    options = parser.parse_args()
    found = measure(options.repeats)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
