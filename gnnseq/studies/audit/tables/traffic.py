"""A week of METR-LA: the table of T-GCN."""

from pathlib import Path

from gnnseq.data.signals.numbers import read_table
from gnnseq.data.signals.series import standardised
from gnnseq.experiments.optimizers import Schedule
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.trial import Trial
from gnnseq.studies.audit.baselines import ONCE, PERSISTENCE, WINDOW_MEAN, ZERO, regressions, same_period
from gnnseq.studies.audit.files import ROADS, SPEEDS
from gnnseq.studies.audit.networks import GRU, T_GCN, gcrns
from gnnseq.studies.audit.rows import Published, Row, Table
from gnnseq.studies.audit.task import ForecastTask

TITLE = "METR-LA week, T-GCN's setting"
WINDOW, LEADS, DAY = 12, tuple(range(1, 13)), 288
ASKED = {15: 3, 30: 6, 45: 9, 60: 12}  # steps of five minutes
BASELINES = (PERSISTENCE, WINDOW_MEAN, ZERO, same_period("same time of the day before"), *regressions(WINDOW))
FALLING = Schedule("linear to zero", lambda done: max(1.0 - done, 0.0))
NETWORKS = ((T_GCN, 64, 600), (GRU, 64, 600), (gcrns(5e-3)[0], 32, 400), (gcrns(5e-3)[1], 32, 400))


def task(folder: Path) -> ForecastTask:
    """80 % of the steps for training, 20 % for the test, with their histories; as there, the last step is no target."""
    names, speeds = read_table(SPEEDS.find(folder), header=True)
    _, adjacency = read_table(ROADS.find(folder), header=False)
    steps = len(speeds)
    test = (steps - int(0.8 * steps) - 1) / (steps - 1)
    signals = standardised(speeds[:-1], adjacency, names, shares=(0.0, test))
    return ForecastTask.of(
        signals, TITLE, measure="RMSE", window=WINDOW, leads=LEADS, period=DAY, inside=True, cumulative=True
    )


def trials(folder: Path, seeds: int) -> list[Trial]:
    """Baselines and networks; each forecasts an hour at once, which contains the shorter horizons."""
    own = task(folder)
    made = [Trial(own, family, settings=ONCE) for family in BASELINES]
    for family, width, steps in NETWORKS:
        settings = Settings(width=width, steps=steps, batch_size=8, stop_at=None, test_samples=1_000_000,
                            schedule=FALLING)  # fmt: skip
        made += [Trial(own, family, seed, settings=settings) for seed in range(seeds)]
    return made


_PUBLISHED = {
    "T-GCN": (5.1264, 6.0598, 6.7065, 7.2677),
    "GRU": (5.2182, 6.2802, 7.0343, 7.6621),
    "GCN": (7.7922, 8.3353, 8.8036, 9.2657),
    "SVR": (6.0084, 6.9588, 7.7504, 8.4388),
    "HA": (7.4427, 7.4427, 7.4427, 7.4427),
}
_SAME = {"T-GCN": "t-gcn", "GRU": "gru-alone", "HA": "window-mean"}

TEXT = """Speeds of 207 road sensors every five minutes from 1 to 7 March 2012: the first 80 % for training, the rest
for the test, no validation part. Twelve steps are known; the target is the next 3, 6, 9 or 12. As in the authors' code,
the RMSE (mph) is over all steps up to the horizon, and T-GCN and GRU have 64 units. Differences: one model forecasts
twelve steps, and the shorter horizons are its first steps; 600 training steps of 8 windows (400 for the GCRN, which
has 32 units) with Adam from 0.005 down to 0 instead of up to 3,000 epochs at 0.001; z-scores by sensor instead of
division by the largest speed; no weight decay. In the authors' code "HA" is the mean of the window and changes with
the horizon; the paper has one number."""

TABLE = Table(
    "traffic",
    "A week of METR-LA (T-GCN)",
    TEXT,
    tuple(
        Row(
            f"{minutes} minutes ahead",
            "RMSE, mph",
            Published(model, _PUBLISHED[model][number], "Zhao et al. 2020 (T-GCN), table 1, Los-loop", "from memory"),
            (TITLE,),
            f"by_lead.{ASKED[minutes]}",
            _SAME.get(model),
            "gcrn",
            tuple(family.name for family in BASELINES if family.name != _SAME.get(model)),
        )
        for model in _PUBLISHED
        for number, minutes in enumerate(ASKED)
    ),
    trials,
)
