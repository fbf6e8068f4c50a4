"""What every task must keep, in every view."""

from collections import defaultdict
from dataclasses import asdict

import networkx as nx
import pytest
import torch
from torch import nn
from torch_geometric.nn import GCNConv, GraphConv

from gnnseq.experiments.tasks.automata import AutomatonTask
from gnnseq.experiments.tasks.base import Task
from gnnseq.experiments.tasks.first_symbol import FirstSymbolTask
from gnnseq.experiments.tasks.formulas import FormulaTask
from gnnseq.experiments.tasks.kinds import Classification, Regression
from gnnseq.experiments.tasks.listops import ListOpsTask
from gnnseq.experiments.tasks.neighbours import NeighborsMatchTask
from gnnseq.experiments.tasks.networks import BlockModelTask, KarateTask
from gnnseq.experiments.tasks.sequences import AddingTask, CopyMemoryTask, RecallTask, SelectiveCopyTask
from gnnseq.experiments.tasks.signals import SignalTask
from gnnseq.experiments.tasks.text import TextTask
from gnnseq.layers import LSTM, ChildSumTreeLSTM
from gnnseq.models import ConvStack, EdgeEncoder, NodeClassifier, SequenceClassifier, SymbolEmbedding
from gnnseq.training import Step, evaluate, fit

TASKS: tuple[Task, ...] = (
    FirstSymbolTask(9),
    CopyMemoryTask(4, symbols=2),
    SelectiveCopyTask(4, symbols=2),
    AddingTask(9),
    RecallTask(12, 2, 12),
    ListOpsTask(20),
    TextTask(12),
    SignalTask(8, 200, 3),
    AutomatonTask("modulo-3", 9),
    AutomatonTask("s3", 9, every_symbol=False),
    FormulaTask("formula", 9),
    FormulaTask("sum-modulo-5", 9, every_node=False),
    NeighborsMatchTask(3),
    BlockModelTask(2, 6),
    KarateTask(),
)
VIEWS = [(task, view) for task in TASKS for view in task.views]
NAMES = [f"{task.name}, {view}" for task, view in VIEWS]
each = pytest.mark.parametrize(("task", "view"), VIEWS, ids=NAMES)
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task.name} {task.level}")


ASKED = [(task, view) for task, view in VIEWS if hasattr(task, "answers") and view != "symbols"]


def counted(batch):
    return batch.y[~batch.y.isnan()] if batch.y.is_floating_point() else batch.y[batch.y != -100]


@each
def test_a_batch_has_what_the_task_says(task, view):
    batch = next(task.batches(view, 0, "train", 5, 1))
    batch.validate(raise_on_error=True)
    assert len(batch.y) == (batch.num_graphs if task.level == "graph" else len(batch.x))
    if task.num_symbols is None:
        assert batch.x.size(-1) == task.num_features
    else:
        assert task.num_features is None
        assert batch.x.dtype == torch.int64
        assert 0 <= int(batch.x.min()) <= int(batch.x.max()) <= task.num_symbols
    if isinstance(task, Classification):
        assert 0 <= int(counted(batch).min()) <= int(counted(batch).max()) < task.num_outputs


@each
def test_all_views_hold_the_same_samples_in_the_same_order(task, view):
    first = next(iter(task.views))
    for one, other in zip(task.batches(first, 3, "test", 4, 2), task.batches(view, 3, "test", 4, 2), strict=True):
        assert torch.equal(counted(one).sort().values, counted(other).sort().values)
        if task.level == "graph":
            assert torch.equal(one.y, other.y)


@each
def test_training_goes_on_where_it_stopped(task, view):
    whole = list(task.batches(view, 1, "train", 3, 4))
    rest = list(task.batches(view, 1, "train", 3, 2, first=2))
    for one, other in zip(whole[2:], rest, strict=True):
        assert set(one.keys()) == set(other.keys())
        for name in one.keys():  # noqa: SIM118
            torch.testing.assert_close(one[name], other[name], rtol=0, atol=0, equal_nan=True)


@each_task
def test_seeds_and_splits_differ(task):
    view = next(iter(task.views))
    seen = set()
    for seed in (0, 1):
        for split in ("train", "validation", "test"):
            batch = next(task.batches(view, seed, split, 6, 1))
            seen.add(batch.x.numpy().tobytes() + batch.y.numpy().tobytes())
    assert len(seen) == 6


@pytest.mark.parametrize(("task", "view"), ASKED, ids=[f"{task.name}, {view}" for task, view in ASKED])
def test_no_answer_lies_farther_than_the_required_hops_and_one_as_far(task, view):
    farthest = 0
    for batch in task.batches(view, 0, "train", 50, 8):
        sources, rows = (part.tolist() for part in task.answers(view, batch))
        targets = rows if task.level == "node" else (batch.ptr[1:] - 1)[rows].tolist()
        assert len(sources) == len(targets) == 50
        graph = nx.DiGraph()
        graph.add_edges_from(batch.edge_index.t().tolist())
        for source, target in zip(sources, targets, strict=True):
            assert batch.batch[source] == batch.batch[target]
            farthest = max(farthest, nx.shortest_path_length(graph, source, target))
    assert farthest == task.required(view)


@each_task
def test_constants_score_chance_and_none_better(task):
    view = next(iter(task.views))
    batches = list(task.batches(view, 0, "test", 250, 12))
    totals, size = defaultdict(float), 0
    for batch in batches:
        for answer in range(task.num_outputs):
            outputs = torch.zeros(len(batch.y), task.num_outputs)
            outputs[:, answer] = 1.0
            if isinstance(task, Regression):
                outputs[:] = 1.0 if task.name == "adding" else 0.0
            total, count = task.metric(outputs, batch.y)
            totals[answer] += total
        size += count
    best = max(totals.values()) / size
    spread = 0.6 * max(1.0, task.chance)  # of squared errors, whose size is that of chance
    deviation = spread if isinstance(task, Regression) else (task.chance * (1 - task.chance)) ** 0.5
    assert best == pytest.approx(task.chance, abs=4.5 * deviation / min(size, 3000) ** 0.5)


@each_task
def test_scores_lie_on_the_right_side(task):
    assert (task.solved > task.chance) == task.higher_is_better
    assert task.metric_name == ("accuracy" if task.higher_is_better else "mean squared error")


@each_task
def test_fields_decide_the_task(task):
    again = type(task)(**asdict(task))
    assert again == task
    assert hash(again) == hash(task)
    assert again.title == task.title
    view = next(iter(task.views))
    one, other = (next(t.batches(view, 5, "train", 2, 1)) for t in (task, again))
    assert torch.equal(one.x, other.x)


@each_task
def test_unknown_views_and_splits(task):
    with pytest.raises(ValueError, match=r"view is 'paths', expected one that .* offer: "):
        next(task.batches("paths", 0, "train", 2, 1))
    with pytest.raises(ValueError, match="view is 'paths'"):
        task.required("paths")
    with pytest.raises(ValueError, match="split is 'dev', expected one of train, validation, test"):
        next(task.batches(next(iter(task.views)), 0, "dev", 2, 1))


def test_titles_and_names_are_distinct():
    assert len({task.name for task in TASKS}) == len({task.title for task in TASKS}) == len(TASKS)
    for task in TASKS:
        assert task.size > 0


def test_missing_real_targets_do_not_count():
    task = AddingTask(4)
    outputs, y = torch.tensor([[1.0], [5.0], [3.0]]), torch.tensor([2.0, torch.nan, 5.0])
    assert float(task.loss(outputs, y)) == 2.5
    assert task.metric(outputs, y) == (5.0, 2)
    with pytest.raises(ValueError, match=r"outputs has shape \[2, 2\], expected one for each of 3 targets"):
        task.loss(torch.zeros(2, 2), y)


def lstm(features):
    return EdgeEncoder(LSTM(features, 24))


def tree_lstm(features):
    return EdgeEncoder(ChildSumTreeLSTM(features, 24))


def convs(features):
    return ConvStack(GraphConv, features, 24, num_layers=2)


def one_conv(features):
    return ConvStack(GraphConv, features, 24, num_layers=1)


LEARNED = [
    (CopyMemoryTask(1, symbols=1, base=2), "path", lstm, 60),
    (AddingTask(4), "path", lstm, 150),
    (RecallTask(6, 1, 6), "path", lstm, 100),
    (NeighborsMatchTask(1), "tree", tree_lstm, 150),
    (NeighborsMatchTask(1), "path", lstm, 150),
    (BlockModelTask(2, 8, 3, 0.9, 0.1), "graph", convs, 60),
    (BlockModelTask(2, 4, 2, 1.0, 0.0), "path", lstm, 150),
    (SignalTask(8, 2000, 2), "graph", one_conv, 60),
    (FormulaTask("formula", 9), "tree", tree_lstm, 100),
]


@pytest.mark.parametrize(("task", "view", "encoder", "steps"), LEARNED, ids=[f"{t.name}, {v}" for t, v, *_ in LEARNED])
def test_a_model_that_sees_learns_it(task, view, encoder, steps):
    embedding = None if task.num_symbols is None else SymbolEmbedding(task.num_symbols, 8)
    features = task.num_features or 8
    head = nn.Linear(24, task.num_outputs)
    if task.level == "node":
        model = NodeClassifier(embedding, encoder(features), head)
    else:
        model = SequenceClassifier(embedding, encoder(features), None, head)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    fit(model, task.batches(view, 0, "train", 64, steps), optimizer, step=Step(task.loss, task.metric))
    result = evaluate(model, task.batches(view, 0, "test", 100, 2), loss=task.loss, metric=task.metric)
    assert result.accuracy > task.solved if task.higher_is_better else result.accuracy < task.solved


def test_graph_convolutions_learn_the_karate_club():
    task, scores = KarateTask(), []
    for seed in range(5):
        model = NodeClassifier(None, ConvStack(GCNConv, task.num_features, 16, num_layers=2), nn.Linear(16, 2))
        fit(model, task.batches("graph", seed, "train", 1, 30), torch.optim.Adam(model.parameters(), lr=0.01))
        scores.append(evaluate(model, task.batches("graph", seed, "test", 1, 1)).accuracy)
    assert sum(scores) / 5 > task.solved
