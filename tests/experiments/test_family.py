from dataclasses import replace

import pytest
from torch import nn

from gnnseq.experiments import DEFAULT, Family, Initialisation, KarateTask, PalindromeTask, Sight, find_named

TASK = PalindromeTask(6)
PLAIN = Family("plain", "path", lambda task, width, embedding: nn.Linear(embedding, width))


def test_a_title_is_the_name_unless_given():
    assert PLAIN.title == "plain"
    assert replace(PLAIN, title="Plain model").title == "Plain model"
    assert PLAIN.initialise == DEFAULT


def test_it_joins_tasks_that_have_its_view():
    assert PLAIN.joins(TASK)
    assert not replace(PLAIN, view="graph").joins(TASK)
    with pytest.raises(ValueError, match="view is 'graph', expected one that palindromes of length 6 offer"):
        replace(PLAIN, view="graph").collate(TASK)


def test_a_model_as_deep_as_the_hops_joins_tasks_that_require_a_number():
    deep = replace(PLAIN, by_hops=True)
    assert deep.joins(TASK)
    assert not deep.joins(KarateTask())
    assert PLAIN.joins(KarateTask())


def test_sight_compares_reach_with_what_the_task_requires():
    assert PLAIN.sight(TASK) == Sight(4, None)
    assert replace(PLAIN, order_free=True).sight(TASK) == Sight(0, None)
    assert not replace(PLAIN, reach=lambda task: 3).sight(TASK).sees
    assert replace(PLAIN, reach=lambda task: 4).sight(TASK).sees
    assert Sight(None, 3).sees


def test_an_initialisation_changes_the_model():
    ones = Initialisation("ones", lambda model, task: nn.init.constant_(model.weight, task.size))
    model = nn.Linear(2, 1)
    ones(model, TASK)
    assert model.weight.tolist() == [[6.0, 6.0]]


def test_a_learning_rate_is_positive():
    with pytest.raises(ValueError, match=r"learning_rate is -1\.0"):
        replace(PLAIN, learning_rate=-1.0)


def test_unknown_names_get_the_nearest():
    assert find_named("plain", [PLAIN], "model") is PLAIN
    with pytest.raises(ValueError, match=r"model is 'plian', expected one of plain, other; did you mean 'plain'"):
        find_named("plian", [PLAIN, replace(PLAIN, name="other")], "model")
