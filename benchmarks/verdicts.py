"""How often verdicts err: equal models that are told apart, and intervals that miss the mean.

    python benchmarks/verdicts.py --repeats 1000

Each comparison is of models that are equally good, so that every verdict other than "undecided" is an error. Scores are
normal, or of two levels: a model learns (99 %) or does not (10 %) with probability 1/2, as recurrent networks do near
the limit of what they can learn. Needs scipy.
"""

import argparse

import numpy as np

from gnnseq.results.statistics import PAIRED_T, SIGN_FLIP, bootstrap_interval
from gnnseq.results.verdict import compare


def normal(rng: np.random.Generator, models: int, seeds: int) -> np.ndarray:
    """Scores ``[models, seeds]``."""
    return rng.normal(0.5, 0.1, (models, seeds))


def two_levels(rng: np.random.Generator, models: int, seeds: int) -> np.ndarray:
    """Scores ``[models, seeds]``."""
    return np.where(rng.random((models, seeds)) < 0.5, 0.1, 0.99) + rng.normal(0, 0.005, (models, seeds))


def error_rate(draw, test, rng: np.random.Generator, models: int, seeds: int, repeats: int) -> float:
    """Share of comparisons of equal models with at least one verdict, all pairs, corrected by Holm's method."""
    errors = 0
    for _ in range(repeats):
        scores = {str(i): dict(enumerate(map(float, row))) for i, row in enumerate(draw(rng, models, seeds))}
        errors += any(c.better is not None for c in compare(scores, test=test))
    return errors / repeats


def coverage(rng: np.random.Generator, seeds: int, repeats: int) -> float:
    """Share of 95 % intervals that hold the mean of a normal distribution."""
    ends = [bootstrap_interval(rng.normal(size=seeds).tolist()) for _ in range(repeats)]
    return sum(low <= 0 <= high for low, high in ends) / repeats


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000)
    repeats = parser.parse_args().repeats
    rng = np.random.default_rng(0)
    print("| scores | models | seeds | sign flips | t |\n|---|---|---|---|---|")
    for draw in (normal, two_levels):
        for models, seeds in ((2, 3), (2, 5), (2, 8), (9, 3), (9, 5), (9, 11)):
            rates = [error_rate(draw, test, rng, models, seeds, repeats) for test in (SIGN_FLIP, PAIRED_T)]
            print(f"| {draw.__name__} | {models} | {seeds} | {rates[0]:.1%} | {rates[1]:.1%} |", flush=True)
    print("\n| seeds | coverage of the 95 % interval |\n|---|---|")
    for seeds in (3, 5, 8, 10, 20):
        print(f"| {seeds} | {coverage(rng, seeds, 4 * repeats):.1%} |", flush=True)


if __name__ == "__main__":
    main()
