import math

import pytest
import torch

from gnnseq.experiments.tasks.sequences import AddingTask, CopyMemoryTask, RecallTask, SelectiveCopyTask


def test_doing_nothing_looks_good_only_with_the_blanks():
    """The loss of a memoryless model is the published number; its accuracy counts symbols alone."""
    task = CopyMemoryTask(20, symbols=10)
    batch = next(task.batches("path", 0, "test", 50, 1))
    logits = torch.full((50, 40, 9), -1e9, dtype=torch.float64)
    logits[:, :30, 0] = 0.0
    logits[:, 30:, 1:] = 0.0
    loss = float(task.loss(logits.flatten(0, 1), batch.y))
    assert loss == pytest.approx(task.memoryless_cross_entropy, rel=1e-12)
    assert task.memoryless_cross_entropy == pytest.approx(10 * math.log(8) / 40)
    silent = torch.zeros(2000, 9)
    silent[:, 0] = 1.0
    assert task.metric(silent, batch.y) == (0, 500)


def test_logits_that_are_nan_are_never_right():
    task = CopyMemoryTask(5)
    y = next(task.batches("path", 0, "test", 50, 1)).y
    right = torch.nn.functional.one_hot(y, task.num_outputs).float()
    assert task.metric(right, y) == (150, 150)
    broken = right.masked_fill(right == 1, torch.nan)
    assert task.metric(broken, y) == (0, 150)


def test_the_constant_of_adding():
    task = AddingTask(12)
    total = count = 0.0
    for batch in task.batches("path", 0, "test", 500, 40):
        here, of = task.metric(torch.ones(500, 1), batch.y)
        total, count = total + here, count + of
    assert total / count == pytest.approx(task.chance, abs=6e-3)


@pytest.mark.parametrize("view", ["path", "dilated"])
def test_answers_hold_what_is_asked(view):
    for task in (CopyMemoryTask(3), SelectiveCopyTask(6), RecallTask(16, 3, 20)):
        batch = next(task.batches(view, 1, "train", 30, 1))
        sources, rows = task.answers(view, batch)
        assert torch.equal(batch.x[sources], batch.y[rows])


@pytest.mark.parametrize("view", ["path", "balanced tree"])
def test_the_answers_of_adding_are_the_first_marks(view):
    task = AddingTask(7)
    batch = next(task.batches(view, 1, "train", 30, 1))
    sources, rows = task.answers(view, batch)
    assert batch.x[sources, 1].eq(1).all()
    assert (sources - batch.ptr[:-1]).lt(3).all()
    assert rows.tolist() == list(range(30))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CopyMemoryTask(0), "blanks is 0, expected an integer >= 1"),
        (lambda: CopyMemoryTask(5, symbols=0), "symbols is 0"),
        (lambda: AddingTask(1), "length is 1, expected an integer >= 2"),
        (lambda: RecallTask(17), "length is 17, expected an even number"),
        (lambda: RecallTask(64, 4, 9), "vocabulary is 9, expected an integer >= 10"),
    ],
)
def test_arguments_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("task", "length"), [(CopyMemoryTask(5), 29), (SelectiveCopyTask(5), 29), (RecallTask(16), 16), (AddingTask(9), 23)]
)
def test_the_same_task_at_another_length(task, length):
    other = task.at(length)
    assert (type(other), other.size) == (type(task), length)
    assert other.at(task.size) == task


def test_a_recall_of_another_vocabulary_has_a_title_of_its_own():
    assert RecallTask(32, 2).title == "recalls of 2 pairs over length 32"
    assert RecallTask(32, 2, 8192).title == "recalls of 2 pairs over length 32, 8,192 symbols"
