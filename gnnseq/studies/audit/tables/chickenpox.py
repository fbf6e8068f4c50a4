"""Chickenpox in Hungary: the examples and the paper of PyTorch Geometric Temporal."""

from dataclasses import replace
from pathlib import Path

import torch

from gnnseq.data.signals.series import Signals
from gnnseq.data.signals.temporal_json import read_temporal_json
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.trial import Trial
from gnnseq.studies.audit.baselines import ONCE, PERSISTENCE, ZERO, regressions
from gnnseq.studies.audit.files import CHICKENPOX
from gnnseq.studies.audit.networks import LAGGED
from gnnseq.studies.audit.rows import Mark, Published, Row, Table
from gnnseq.studies.audit.task import ForecastTask

LAGS = 4
TITLES = {0.2: "chickenpox, first 20 % for training", 0.9: "chickenpox, first 90 % for training"}
SETTINGS = Settings(width=32, steps=200, max_norm=None, stop_at=None, test_samples=1_000_000)
CHOSEN = replace(SETTINGS, validate_every=5, keep_best=True)
BASELINES = (ZERO, PERSISTENCE, *regressions(LAGS))
_NAMES = tuple(family.name for family in BASELINES)


def task(folder: Path, ratio: float, held_out: float = 0.0) -> ForecastTask:
    """One week ahead from four; the training part is a share of the snapshots, as ``temporal_signal_split`` cuts.

    Args:
        folder: of chickenpox.json.
        ratio: share of the snapshots for training.
        held_out: share at the end of the training part that selects the weights.
    """
    series, adjacency = read_temporal_json(CHICKENPOX.find(folder))
    weeks = len(series.values)
    test = int(ratio * (weeks - LAGS)) + LAGS
    shares = (round(held_out * test) / weeks, (weeks - test) / weeks)
    graph = torch.maximum(adjacency, adjacency.t()).float().fill_diagonal_(0.0)
    signals = Signals(series.values.float(), graph, series.names, shares=shares)
    return ForecastTask.of(signals, TITLES[ratio], measure="MSE", window=LAGS, leads=(1,))


def trials(folder: Path, seeds: int) -> list[Trial]:
    """Baselines, the examples' models as published, and GCRNs with weights selected on a held-out part."""
    made: list[Trial] = []
    for ratio in TITLES:
        whole, held = task(folder, ratio), task(folder, ratio, held_out=0.2)
        made += [Trial(whole, family, settings=ONCE) for family in BASELINES]
        for family in LAGGED:
            chosen = family.name.startswith("gcrn")
            own, settings = (held, CHOSEN) if chosen else (whole, SETTINGS)
            made += [Trial(own, family, seed, settings=settings) for seed in range(seeds)]
    return made


def _row(ratio: float, model: str, value: float, source: str, mark: Mark, where: str = "", same: str = "") -> Row:
    return Row(
        TITLES[ratio],
        "MSE",
        Published(model, value, source, mark, where),
        (TITLES[ratio],),
        same=same or None,
        ours="gcrn-lagged",
        baselines=tuple(name for name in _NAMES if name != same),
        group=TITLES[ratio].capitalize(),
    )


_ISSUES = "PyTorch Geometric Temporal, issue"
_PAPER = "Rozemberczki et al. 2021, table 4, incremental"
_EXAMPLES = (
    ("GConvLSTM", 1.0904, 87, "gconv-lstm"),
    ("GCLSTM", 1.0784, 87, "gc-lstm"),
    ("MPNN-LSTM", 1.0663, 87, ""),
    ("DCRNN, with the issue's correction", 0.7408, 117, "gconv-gru"),
    ("linear regression on four lags", 0.7044, 117, "ar-4"),
)
_TABLE = (
    ("DCRNN", 1.124, "gconv-gru"),
    ("GConvGRU", 1.128, "gconv-gru"),
    ("GConvLSTM", 1.121, "gconv-lstm"),
    ("GC-LSTM", 1.115, "gc-lstm"),
    ("DyGrAE", 1.120, ""),
    ("EvolveGCN-H", 1.113, ""),
    ("EvolveGCN-O", 1.124, ""),
    ("A3T-GCN", 1.114, ""),
    ("T-GCN", 1.117, ""),
    ("MPNN-LSTM", 1.116, ""),
    ("AGCRN", 1.120, ""),
)

TEXT = """Weekly cases in 20 counties over 521 weeks, as z-scores over all weeks. Four weeks are known, the next
is the target. The examples of PyTorch Geometric Temporal train on the first 20 % of the snapshots, its paper on 90 %
(from memory, not checked). The models of the examples have K = 1 and read no edge. GConvLSTM and GCLSTM carry their
state from week to week; DCRNN and GConvGRU take one step from a zero state. Settings are the examples' (32 units, Adam
at 0.01, 200 passes over the training part, no validation), the initialisation is this library's. Only our GCRN holds
out the last fifth of the training part and selects its weights there."""

TABLE = Table(
    "chickenpox",
    "Chickenpox in Hungary (PyTorch Geometric Temporal)",
    TEXT,
    (
        *(
            _row(0.2, name, value, f"{_ISSUES} {n}, a user's run of the example", "from the source", f"issue {n}", same)
            for name, value, n, same in _EXAMPLES
        ),
        *(_row(0.9, model, value, _PAPER, "from memory", same=same) for model, value, same in _TABLE),
    ),
    trials,
)
