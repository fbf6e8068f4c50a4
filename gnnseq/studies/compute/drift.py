"""Accuracy by position in words far longer than those of training."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn

from gnnseq.experiments.comparison import check_seeds
from gnnseq.experiments.families import find_family
from gnnseq.experiments.run import run_trial
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.tasks.automata import AutomatonTask
from gnnseq.experiments.tasks.base import find_view
from gnnseq.experiments.trial import Trial
from gnnseq.models.modes import evaluating
from gnnseq.runs.runner import run_trials
from gnnseq.runs.store import Record, Store
from gnnseq.studies.compute.study import MIN_GRU_SIGNED, SETTINGS, check_lengths
from gnnseq.training.metrics import is_right

PLACES = (40, 80, 160, 320, 640, 1_280, 2_560, 5_000, 10_000)
WORDS = 20  # of the longest length
UNTIL_RIGHT = replace(SETTINGS, steps=2_000)
ALWAYS = replace(SETTINGS, steps=1_000, stop_at=None)
FAMILIES = (MIN_GRU_SIGNED, find_family("lstm"))


def run_drift(
    store: Store,
    seeds: int | Sequence[int] = 5,
    places: Sequence[int] = PLACES,
    settings: Sequence[Settings] = (UNTIL_RIGHT, ALWAYS),
    **runner: Any,
) -> list[Record]:
    """Trains a signed MinGRU and an LSTM on parity of 3 to 40 symbols, and tests both at greater lengths.

    A MinGRU is affine in its state, so it cannot correct an error in the direction that separates the states, and
    errors add up (Chung, Choi and Kim 2026, https://arxiv.org/abs/2605.07755); an LSTM's units can saturate.

    Args:
        store: of the records.
        seeds: of the runs, or their number.
        places: in the words at which a group of symbols ends, ascending.
        settings: of the runs; by default one ends when 20 batches are all correct, the other after 1,000 steps.
        **runner: further arguments of `gnnseq.runs.run_trials`.

    Returns:
        The records, seed after seed, with right answers and their number ``by_place``.

    Raises:
        ValueError: for a place under 1, or no seeds.
    """
    check_lengths(places)
    trials = [
        Trial(AutomatonTask("parity"), family, seed, None, chosen)
        for seed in check_seeds(seeds)
        for chosen in settings
        for family in FAMILIES
    ]
    after = partial(_tested, places=tuple(sorted(places)))
    return run_trials(trials, store, **{"run": partial(run_trial, after=after), **runner})


def _tested(model: nn.Module, trial: Trial, places: Sequence[int]) -> Record:
    return {"by_place": by_place(model, trial.task, trial.family.view, places, trial.seed)}


@torch.no_grad()
def by_place(
    model: nn.Module, task: Any, view: str, places: Sequence[int], seed: int = 0, words: int = WORDS
) -> dict[str, list[int]]:
    """Right answers and their number from each place of long test words to the next.

    Args:
        model: for batches of the view.
        task: with a target at every symbol, and ``at(length)``.
        view: graph of a word that is the model's input.
        places: at which a group ends, ascending; the last is the length of the words.
        seed: of the words.
        words: number of words.
    """
    length, right = places[-1], []
    data, collate = task.at(length).dataset(seed, "test"), find_view(task, view)
    with evaluating(model):
        for number in range(words):
            batch = collate(data[number : number + 1])
            right.append(is_right(model(batch), batch.y))
    counts = torch.stack(right).sum(0)
    ends = zip((0, *places[:-1]), places, strict=True)
    return {str(end): [int(counts[start:end].sum()), words * (end - start)] for start, end in ends}
