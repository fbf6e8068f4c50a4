"""Repeat the first symbol: accuracy against reach, and influence before and after training."""

from functools import partial

import torch
from torch import nn

from gnnseq.analysis import influence_blocks
from gnnseq.experiments.run import run_trial
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.trial import Trial
from gnnseq.runs.store import Record

_MEASURED = 8  # sequences that influence is averaged over
SETTINGS = Settings(width=32, steps=200, max_norm=None, test_samples=1_000)


def run_first_symbol(trial: Trial) -> Record:
    """`gnnseq.experiments.run_trial`, with ``shares_before`` and ``shares_after`` training.

    They are the shares of each symbol in the influence on the outputs, the last symbol first: means over 8 sequences.
    """
    return run_trial(trial, before=partial(_shares, "shares_before"), after=partial(_shares, "shares_after"))


def _shares(name: str, model: nn.Module, trial: Trial) -> Record:
    task = trial.task
    batch = next(task.batches(trial.family.view, trial.seed, "validation", _MEASURED, 1))
    rows = torch.stack(influence_blocks(model, batch))[:, 0, : task.size].double()
    total = rows.sum(1, keepdim=True)
    found = (rows / torch.where(total > 0, total, 1.0)).mean(0).flip(0)
    return {name: [float(f"{share:.4g}") for share in found.tolist()]}
