from dataclasses import replace

import pytest

from gnnseq.experiments import ADAM, PalindromeTask, Settings
from gnnseq.experiments.settings import first_reached
from gnnseq.experiments.tasks.networks import KarateTask
from gnnseq.training import History


class Errors:
    higher_is_better = False
    chance = 0.2


def test_plain_values_name_the_optimizer():
    assert Settings().plain["optimizer"] == ADAM.name
    assert Settings(steps=7).plain["steps"] == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("budget", 0),
        ("batch_size", -1),
        ("width", 0),
        ("stop_at", 1.5),
        ("max_norm", 0.0),
        ("steps", 2.5),
        ("budget", float("nan")),
        ("width", 2.5),
        ("batch_size", True),
        ("validate_every", "2"),
    ],
)
def test_settings_that_no_run_could_use(name, value):
    with pytest.raises(ValueError, match=f"{name} is {value!r}"):
        Settings(**{name: value})


def test_training_stops_where_the_last_twenty_batches_are_right():
    rule = Settings(stop_at=0.9).stop_rule(PalindromeTask(5))
    assert not rule(History(accuracy=[1.0] * 19))
    assert rule(History(accuracy=[0.0] + [1.0] * 18 + [0.0] * 0 + [0.9] * 2))
    assert not rule(History(accuracy=[1.0] * 30 + [0.0] * 20))
    assert not replace(Settings(), stop_at=None).stop_rule(PalindromeTask(5))(History(accuracy=[1.0] * 99))
    assert not Settings().stop_rule(KarateTask())(History(accuracy=[1.0] * 99))
    assert Settings().stop_rule(KarateTask(to_the_end=False))(History(accuracy=[1.0] * 99))


def test_errors_stop_where_little_of_the_constant_guess_is_left():
    rule = Settings(stop_at=0.95).stop_rule(Errors())
    assert rule(History(accuracy=[0.009] * 20))
    assert not rule(History(accuracy=[0.011] * 20))


@pytest.mark.parametrize(("higher", "values"), [(True, [0.0] * 10 + [1.0] * 30), (False, [1.0] * 10 + [0.0] * 30)])
def test_the_first_step_that_reaches_a_bound(higher, values):
    assert first_reached(values, 0.5, higher) == 20
    assert first_reached(values, 0.9 if higher else 0.1, higher) == 28
    assert first_reached(values[:19], 0.5, higher) is None
