import pytest
import torch

from gnnseq.experiments import PalindromeTask
from gnnseq.experiments.tasks.base import Task


def test_it_is_a_task():
    task: Task = PalindromeTask(20)
    assert (task.name, task.title, task.size) == ("palindromes", "palindromes of length 20", 20)
    assert (task.num_symbols, task.num_features, task.num_outputs, task.chance) == (10, None, 10, 0.1)
    assert task.level == "graph"
    assert task.higher_is_better


@pytest.mark.parametrize("view", PalindromeTask(7).views)
def test_the_answer_is_the_first_digit_in_every_view(view):
    task = PalindromeTask(7)
    batch = next(task.batches(view, 3, "test", 12, 1))
    element, row = task.answers(view, batch)
    assert torch.equal(batch.x.flatten()[element] if view != "symbols" else _node(batch, element), batch.y)
    assert row.tolist() == list(range(12))


def _node(batch, element):
    return element // batch.x.size(1) % 10


def test_numbers_are_the_same_samples_as_features():
    symbols, numbers = PalindromeTask(9), PalindromeTask(9, numbers=True)
    assert numbers.num_symbols is None
    assert "symbols" not in numbers.views
    assert numbers != symbols
    one, other = (next(task.batches("path", 1, "train", 8, 1)) for task in (symbols, numbers))
    assert torch.equal(one.x.float().unsqueeze(-1), other.x)
    assert torch.equal(one.y, other.y)


def test_batches_go_on_where_they_stopped_and_splits_differ():
    task = PalindromeTask(9)
    all_four = [batch.x for batch in task.batches("path", 0, "train", 8, 4)]
    later = [batch.x for batch in task.batches("path", 0, "train", 8, 2, first=2)]
    assert all(torch.equal(a, b) for a, b in zip(all_four[2:], later, strict=True))
    assert not torch.equal(all_four[0], next(task.batches("path", 0, "validation", 8, 1)).x)


def test_bad_length():
    with pytest.raises(ValueError, match="length is 1"):
        PalindromeTask(1)
