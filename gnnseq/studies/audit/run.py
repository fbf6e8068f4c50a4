"""Runs a trial of the audit and gives its record."""

from pathlib import Path

from torch import nn

from gnnseq.experiments.run import run_trial
from gnnseq.experiments.trial import Trial
from gnnseq.runs.store import Record
from gnnseq.studies.audit.baselines import ONCE, run_baseline
from gnnseq.studies.audit.task import ForecastTask, errors_by_lead


def run_audit(trial: Trial, folder: Path | None = None, device: str = "cpu") -> Record:
    """`gnnseq.experiments.run_trial`, with errors ``by_lead`` of forecasts; baselines are judged without training.

    Args:
        trial: of a network or, with the settings `ONCE`, of a baseline.
        folder: of checkpoints.
        device: of torch, on which a network trains.
    """
    if trial.settings == ONCE:
        return run_baseline(trial)
    return run_trial(trial, folder=folder, device=device, after=_by_lead)


def _by_lead(model: nn.Module, trial: Trial) -> Record:
    if not isinstance(trial.task, ForecastTask):
        return {}
    return {"by_lead": errors_by_lead(model, trial.task, trial.family.view)}
