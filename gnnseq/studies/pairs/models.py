"""Models of pairs, on trees and on sequences, and how they are run."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gnnseq.experiments.encoders import Encoder, along, binary, heads, transformer, two_states
from gnnseq.experiments.family import Family, one_state
from gnnseq.experiments.optimizers import Optimizer
from gnnseq.experiments.run import run_trial
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.tasks.base import Task
from gnnseq.experiments.trial import Trial
from gnnseq.layers import GRU, LSTM, ChildSumTreeLSTM, MinGRU
from gnnseq.models import SymbolEmbedding
from gnnseq.models.modes import evaluating
from gnnseq.models.pairs import OrderedComparison, PairClassifier, PairComparison, expected_score
from gnnseq.results import collect
from gnnseq.results.table import COLUMNS, markdown_table, mean_share, number
from gnnseq.runs.store import Record
from gnnseq.studies.pairs.task import PairTask, RelatednessTask
from gnnseq.training import pearson, spearman
from gnnseq.training.metrics import is_right

SETTINGS = Settings(budget=50_000, embedding=32, steps=1_000, batch_size=128, max_norm=5.0, stop_at=None,
                    validate_every=200, keep_best=True)  # fmt: skip
WEIGHT_DECAY = {"tree-nary": 0.3}  # chosen on held-out pairs, docs/logic.md
OTHER_DECAY = 0.03
HIDDEN = 50  # features of the comparison, as in Tai et al. 2015
LONGEST = 12  # operators; longer formulas count as so long, as in the data's last file
_JUDGED = 500  # pairs of a batch


def adamw(weight_decay: float) -> Optimizer:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), named by it."""
    make = partial(torch.optim.AdamW, fused=True, weight_decay=weight_decay)
    return Optimizer(f"adamw {weight_decay:g}", make, f"AdamW, weight decay {weight_decay:g}")


def _pairs(encoder: Encoder) -> Any:
    def build(task: Task, width: int, embedding: int) -> PairClassifier:
        comparison = PairComparison if isinstance(task, RelatednessTask) else OrderedComparison
        return PairClassifier(
            SymbolEmbedding(task.num_symbols or 0, embedding),
            encoder(task, embedding, width),
            None,
            comparison(width, HIDDEN, task.num_outputs),
        )

    return build


def _min_gru(features: int, width: int) -> nn.Module:
    return MinGRU(features, width, num_layers=2)


PAIR_FAMILIES = tuple(
    Family(name, view, _pairs(encoder), title, learning_rate=rate, state_size=state_size, width_multiple=multiple)
    for name, view, title, rate, encoder, state_size, multiple in (
        ("tree-nary", "tree", "Tree-LSTM, N-ary", 3e-3, binary, two_states, 1),
        ("tree-child-sum", "tree", "Tree-LSTM, child-sum", 3e-3, along(ChildSumTreeLSTM), two_states, 1),
        ("lstm", "path", "LSTM", 3e-3, along(LSTM), two_states, 1),
        ("gru", "path", "GRU", 3e-3, along(GRU), one_state, 1),
        ("mingru", "path", "MinGRU, two layers", 1e-3, along(_min_gru), one_state, 1),
        ("transformer", "path", "Graph Transformer", 1e-3, transformer, one_state, heads(4)),
    )
)


def run_pairs(trial: Trial, folder: Path | None = None, device: str = "cpu") -> Record:
    """`gnnseq.experiments.run_trial`, with more measures of the test part.

    Of relations the right answers ``by_length``, over all parts that are not trained on but "dev"; of relatedness
    ``pearson``, ``spearman`` and ``mse``.
    """
    return run_trial(trial, folder=folder, device=device, after=_measures)


@torch.no_grad()
def _measures(model: nn.Module, trial: Trial) -> Record:
    task, view = trial.task, trial.family.view
    if not isinstance(task, PairTask):
        raise TypeError(f"task is a {type(task).__name__}, expected a PairTask")
    counts: dict[int, list[int]] = {}
    with evaluating(model):
        if isinstance(task, RelatednessTask):
            found = torch.cat([expected_score(model(batch)) for batch in task.all_pairs(view, "test", _JUDGED)])
            return _correlations(found, task.targets("test"))
        for part in [part for part in task.data.parts if part not in ("train", "dev")]:
            right = torch.cat([is_right(model(b), b.y) for b in task.all_pairs(view, part, _JUDGED)]).tolist()
            for good, length in zip(right, task.data.lengths(part), strict=True):
                count = counts.setdefault(min(length, LONGEST), [0, 0])
                count[0] += good
                count[1] += 1
    return {"by_length": {str(length): counts[length] for length in sorted(counts)}}


def _correlations(found: torch.Tensor, y: torch.Tensor) -> Record:
    error = float((found - y).square().mean())
    return {"pearson": pearson(found, y), "spearman": spearman(found, y), "mse": error}


def pairs_table(records: Iterable[Record]) -> str:
    """Results by model as Markdown, the best first: accuracy by length of relations, or correlations of scores."""
    results = collect(records)
    sign = -1 if results[0].task["higher_is_better"] else 1
    results.sort(key=lambda result: sign * result.summary.mean if result.scores else float("inf"))
    lengths = sorted({int(size) for result in results for r in result.records for size in r.get("by_length", {})})
    more = [f"length {size}" for size in lengths] if lengths[1:] else []
    more += [name for name in ("pearson", "spearman") if any(name in r for x in results for r in x.records)]
    names = ("model", "weights", "score", "diagnosis", "ms/step")
    lines = []
    for result in results:
        cells = [COLUMNS[name](result)[0] for name in names]
        lines.append([*cells, *(_cell(result.records, column) for column in more)])
    share = results[0].task["higher_is_better"]
    guess = ["constant guess", "0", number(results[0].task["chance"], percent=share), "–", "–", *["–"] * len(more)]
    return markdown_table((*names, *more), [*lines, guess])


def _cell(records: Iterable[Record], column: str) -> str:
    if not column.startswith("length "):
        values = [record[column] for record in records if column in record]
        return number(sum(values) / len(values), percent=False) if values else "–"
    found = [record.get("by_length", {}).get(column.removeprefix("length ")) for record in records]
    return mean_share([right / count for right, count in filter(None, found)])
