"""ListOps: models on trees against models on sequences of the same symbols."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.data.streams import Split
from gnnseq.data.synthetic.listops import ListOps, ListOpsBinaryTrees, ListOpsSequences, ListOpsTrees
from gnnseq.data.synthetic.listops_file import Expression
from gnnseq.experiments.encoders import along, binary, predictor, two_states
from gnnseq.experiments.family import Family, one_state
from gnnseq.experiments.looks import TEST_BATCH
from gnnseq.experiments.run import run_trial
from gnnseq.experiments.settings import Settings
from gnnseq.experiments.tasks.base import Collate, Level, Task, find_view, level_of
from gnnseq.experiments.tasks.kinds import WithData
from gnnseq.experiments.tasks.listops import ListOpsTask
from gnnseq.experiments.trial import Trial
from gnnseq.graphs import parse_batch, path_batch
from gnnseq.layers import LSTM, ChildSumTreeLSTM, MeanReadout, NaryTreeLSTM
from gnnseq.models import BagEncoder, SequenceClassifier, SlotEncoder, SymbolEmbedding
from gnnseq.models.modes import evaluating
from gnnseq.results import collect
from gnnseq.results.table import COLUMNS, markdown_table, mean_share, number
from gnnseq.runs.store import Record

L = TypeVar("L", bound=ListOps)
_LENGTHS = (20, 40, 60, 80, 100, 150, 200)  # of expressions, where accuracy is counted apart
SETTINGS = Settings(budget=50_000, embedding=32, steps=1_000, batch_size=128, max_norm=5.0, stop_at=None,
                    validate_every=100, validation_samples=500)  # fmt: skip
_FORMS: dict[str, type[ListOps]] = {
    "binary tree": ListOpsBinaryTrees,
    "tree": ListOpsTrees,
    "path": ListOpsSequences,
    "bag": ListOpsSequences,
}


@dataclass(frozen=True)
class LabelledListOpsTask(ListOpsTask):
    """ListOps with the value of every list as a label in training, at the list's node or at its "]".

    Validation and test data have only the value of the whole expression. The view "bag" has it in training too, since
    a model without order has one output for the whole expression. In the view "binary tree" a list takes one argument
    at a time, as in the paper (Nangia and Bowman 2018).
    """

    name: ClassVar[str] = "listops, every list labelled"
    level: ClassVar[Level] = "node"
    levels: ClassVar[Mapping[str, Level]] = {"bag": "graph"}

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"{super().title}, every list labelled"

    @property
    def views(self) -> Mapping[str, Collate]:
        """The trees, and the symbols in a row."""
        return dict.fromkeys(_FORMS, parse_batch)  # type: ignore[arg-type]

    def required(self, view: str) -> int | None:
        """As for `ListOpsTask`; unknown for binary trees."""
        find_view(self, view)
        return {"binary tree": None, "bag": 0}.get(view) if view in ("binary tree", "bag") else super().required(view)

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches; see `Task`."""
        find_view(self, view)
        data = self.expressions(_FORMS[view], seed, split)
        for start in range(first * batch_size, (first + num_batches) * batch_size, batch_size):
            rows = range(start, min(start + batch_size, data.num_samples or start + batch_size))
            if rows:
                yield _batch(data, rows, view, split == "train")


@dataclass(frozen=True)
class RootListOpsTask(LabelledListOpsTask):
    """The same, with the value of the whole expression as the only label."""

    name: ClassVar[str] = "listops, the answer labelled"

    @property
    def title(self) -> str:
        """Name in tables."""
        return super().title.replace("every list", "the answer")

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches; see `Task`."""
        for batch in super().batches(view, seed, split, batch_size, num_batches, first):
            batch.y = batch.y if view == "bag" else _roots(batch)
            yield batch


@dataclass(frozen=True)
class PublishedListOpsTask(WithData, LabelledListOpsTask):
    """The same, judged on given expressions, such as those that Nangia and Bowman 2018 published; `of` makes it.

    Attributes:
        digest: hash of the expressions.
        given: the expressions; no part of the key, which has their hash.
    """

    digest: str = ""
    given: tuple[Expression, ...] = field(default=(), repr=False, compare=False)

    name: ClassVar[str] = "listops, every list labelled, given test part"

    @classmethod
    def of(cls, given: Sequence[Expression], **settings: int) -> Self:
        """The task of some expressions and the settings of those to learn from."""
        digest = hashlib.sha256(repr(tuple(given)).encode()).hexdigest()[:16]
        return cls(**settings, digest=digest, given=tuple(given))

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"{super().title}; {len(self.given):,} given ones in the test"

    def expressions(self, form: type[L], seed: int, split: Split) -> L:
        """The same samples in any form."""
        if split == "test":
            return form.from_expressions(self.given)
        return super().expressions(form, seed, split)


TASKS: dict[str, type[LabelledListOpsTask]] = {"all": LabelledListOpsTask, "root": RootListOpsTask}


def _batch(data: ListOps, rows: range, view: str, every_list: bool) -> Batch:
    if isinstance(data, ListOpsSequences):
        sequences, values = data.with_values(rows)
        if view == "bag":
            return path_batch(sequences, y=torch.stack([row[-1] for row in values]))
        batch = path_batch(sequences, y=torch.cat(values))
    else:
        batch = parse_batch(data[rows])  # type: ignore[index]
    if not every_list:
        batch.y = _roots(batch)
    return batch


def _roots(batch: Batch) -> Tensor:
    """The labels of the roots only."""
    kept = torch.full_like(batch.y, -100)
    kept[batch.ptr[1:] - 1] = batch.y[batch.ptr[1:] - 1]
    return kept


def _bag(task: Task, width: int, embedding: int) -> SequenceClassifier:
    embed, encoder = SymbolEmbedding(task.num_symbols or 0, embedding), BagEncoder(embedding, width)
    last = nn.Linear(width, task.num_outputs)
    return SequenceClassifier(embed, encoder, MeanReadout(), nn.Sequential(nn.Linear(width, width), nn.ReLU(), last))


def _nary(task: Any, features: int, width: int) -> nn.Module:
    return SlotEncoder(NaryTreeLSTM(features, width, arity=task.arguments))


LISTOPS_FAMILIES = tuple(
    Family(name, view, build, title, learning_rate=4e-3, order_free=name == "bag",
           state_size=one_state if name == "bag" else two_states)
    for name, view, title, build in (
        ("tree", "binary tree", "Tree-LSTM, one argument at a time", predictor(binary)),
        ("tree-nary", "tree", "Tree-LSTM, a place for each argument", predictor(_nary)),
        ("tree-child-sum", "tree", "Tree-LSTM, child-sum", predictor(along(ChildSumTreeLSTM))),
        ("lstm", "path", "LSTM on the symbols in a row", predictor(along(LSTM))),
        ("bag", "bag", "Bag of symbols, no order", _bag),
    )
)  # fmt: skip


def run_listops(trial: Trial, folder: Path | None = None) -> Record:
    """`gnnseq.experiments.run_trial`, with right answers and samples of the test ``by_depth`` and ``by_length``."""
    return run_trial(trial, folder=folder, after=_counts)


@torch.no_grad()
def _counts(model: nn.Module, trial: Trial) -> Record:
    task: Any = trial.task
    view, count = trial.family.view, trial.settings.test_samples
    right: list[bool] = []
    with evaluating(model):
        for batch in task.batches(view, trial.seed, "test", TEST_BATCH, -(-count // TEST_BATCH)):
            asked = slice(None) if level_of(task, view) == "graph" else batch.ptr[1:] - 1
            right += (model(batch).argmax(-1)[asked] == batch.y[asked]).tolist()
    trees = task.dataset(trial.seed, "test")[: len(right)]
    depths = [int(trees[row].depths().max()) + 1 for row in range(len(trees))]
    sequences = task.expressions(ListOpsSequences, trial.seed, "test").with_values(range(len(right)))[0]
    sizes = [len(sequence) for sequence in sequences]
    lengths = [next((bound for bound in _LENGTHS if size <= bound), size) for size in sizes]
    return {"by_depth": _grouped(right, depths), "by_length": _grouped(right, lengths)}


def _grouped(right: list[bool], groups: list[int]) -> dict[str, list[int]]:
    """Right answers and number of samples of each group."""
    counts = {str(group): [0, 0] for group in sorted(set(groups))}
    for good, group in zip(right, groups, strict=True):
        counts[str(group)][0] += good
        counts[str(group)][1] += 1
    return counts


def listops_table(records: Iterable[Record]) -> str:
    """Results by model as Markdown, the best first, and the accuracy on the longest tenth of the expressions."""
    results = sorted(collect(records), key=lambda result: -result.summary.mean if result.scores else 1.0)
    names = ("model", "weights", "score", "diagnosis", "ms/step")
    lines = []
    for result in results:
        shares = [longest_tenth(record) for record in result.records if record.get("by_length")]
        lines.append([*(COLUMNS[name](result)[0] for name in names), mean_share(shares)])
    chance = results[0].task["chance"]
    lines.append(["constant guess", "0", number(chance, percent=True), "–", "–", "–"])
    return markdown_table((*names, "of the longest tenth"), lines)


def longest_tenth(record: Record) -> float:
    """Accuracy on the longest groups of expressions that make up a tenth of all together."""
    right = total = 0
    everything = sum(count for _, count in record["by_length"].values())
    for group in sorted(record["by_length"], key=int, reverse=True):
        if 10 * total >= everything:
            break
        right, total = right + record["by_length"][group][0], total + record["by_length"][group][1]
    return float(right / total)
