"""Copy memory, adding and associative recall: published numbers and scores without memory."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor
from torch_geometric.data import Batch

from gnnseq.experiments.families import find_family
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.tasks.sequences import AddingTask, CopyMemoryTask
from gnnseq.experiments.trial import Trial
from gnnseq.studies.audit.rows import Published, Row, Table

ADDING, COPY = AddingTask(600), (1_000, 10)  # lengths and symbols of Bai et al. 2018
SETTINGS = Settings(width=32, embedding=16, steps=400, batch_size=32, stop_at=None, test_samples=1_000)
MEMORYLESS = 10 * math.log(8) / (1_000 + 20)
CONSTANT = 1 / 6


@dataclass(frozen=True)
class LongCopyTask(CopyMemoryTask):
    """`CopyMemoryTask` without measured influence, which takes longer than training at a thousand steps."""

    name: ClassVar[str] = "copy memory, long"

    def answers(self, view: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """None."""
        nothing = torch.empty(0, dtype=torch.long)
        return nothing, nothing


def trials(folder: Path, seeds: int) -> list[Trial]:
    """Recurrent networks and the TCN on both tasks."""
    tasks = (ADDING, LongCopyTask(*COPY))
    families = [find_family(name) for name in ("lstm", "gru", "rnn", "tcn")]
    return [Trial(task, family, seed, settings=SETTINGS)
            for task in tasks for family in families for seed in range(seeds)]  # fmt: skip


_SOURCE = "Bai, Kolter and Koltun 2018 (TCN), table 1"
_ADDING = {"LSTM": (0.164, "lstm"), "GRU": (5.3e-5, "gru"), "RNN": (0.177, "rnn"), "TCN": (5.8e-5, "tcn")}
_COPY = {"LSTM": (0.0204, "lstm"), "GRU": (0.0197, "gru"), "RNN": (0.0202, "rnn"), "TCN": (3.5e-5, "tcn")}

TEXT = """Sizes are those of Bai et al. 2018: adding with 600 steps, copy memory with 10 symbols over 1,000 steps. In
adding a constant has the squared error 1/6 = 0.1667. In copy memory a model without memory has the cross-entropy
10 ln 8 / 1,020 = 0.0204, the published score of the LSTM. Both are exact and need no run. Differences: 32 units instead
of about 70,000 weights; 400 training steps; chrono initialisation of LSTM and GRU, orthogonal weights of the RNN.
Associative recall has 64 symbols (Zoology itself 8,192) and 4 pairs over 64 places at width 64 (`docs/tasks.md` has its
command); guessing among the values that occur scores 25 %."""

TABLE = Table(
    "memory",
    "Adding, copy memory and associative recall",
    TEXT,
    (
        *(
            Row("adding, 600 steps", "MSE", Published(model, value, _SOURCE, "from memory"), (ADDING.title,),
                same=same, constants={"constant 1": CONSTANT})
            for model, (value, same) in _ADDING.items()
        ),
        *(
            Row("copy memory, 10 symbols, 1,000 steps", "cross-entropy, nats",
                Published(model, value, _SOURCE, "from memory"), (LongCopyTask(*COPY).title,), "loss", same=same,
                constants={"memoryless": MEMORYLESS})
            for model, (value, same) in _COPY.items()
        ),
        Row("associative recall, 64 places, 4 pairs, width 64", "accuracy",
            Published("attention", 0.9917, "a report of a reproduction of Zoology's setting on a CPU", "from memory"),
            ("recalls of 4 pairs over length 64",), same="transformer", baselines=("lstm", "min-gru"),
            constants={"values without keys": 0.25}, higher_is_better=True),
    ),
    trials,
)  # fmt: skip
