from dataclasses import replace

import pytest
import torch

from gnnseq.experiments import FirstSymbolTask, Settings, Trial, find_family
from gnnseq.experiments.looks import Looks, judged
from gnnseq.experiments.run import build
from gnnseq.training import Evaluation, History

SETTINGS = Settings(width=8, steps=4, batch_size=4, test_samples=250, validate_every=2, keep_best=True, stop_at=None)
TRIAL = Trial(FirstSymbolTask(3), find_family("rnn"), settings=SETTINGS)


def history(steps):
    return History(loss=[1.0] * steps, accuracy=[0.1] * steps, grad_norm=[1.0] * steps, learning_rate=[0.1] * steps)


def test_the_weights_of_the_best_look_come_back():
    model = build(TRIAL)[0]
    looks = Looks(model, TRIAL)
    assert not looks.step(history(1))
    assert looks.values == []
    looks.step(history(2))
    first = {name: value.clone() for name, value in model.state_dict().items()}
    score = looks.values[0][1]
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
    looks.step(history(4))
    assert [step for step, *_ in looks.values] == [2, 4]
    looks.load_best()
    best = first if score >= looks.values[1][1] else {name: torch.zeros_like(v) for name, v in first.items()}
    assert all(torch.equal(value, best[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("scores", "best"), [((torch.nan, 0.5, 0.4), 1), ((0.5, torch.nan, 0.6), 2), ((torch.nan,), 0)]
)
def test_a_score_that_is_nan_is_never_the_best(monkeypatch, scores, best):
    model = torch.nn.Linear(1, 1, bias=False)
    looks = Looks(model, TRIAL)
    for look, score in enumerate(scores):
        monkeypatch.setattr("gnnseq.experiments.looks.judged", lambda *_, score=score: Evaluation(1.0, score, 1))
        torch.nn.init.constant_(model.weight, look)
        looks.step(history(2 * look + 2))
    looks.load_best()
    assert model.weight.item() == best


def test_a_look_goes_on_from_its_state():
    model = build(TRIAL)[0]
    one, other = Looks(model, TRIAL), Looks(model, TRIAL)
    one.step(history(2))
    other.load_state_dict(one.state_dict())
    assert (other.values, other.reached) == (one.values, one.reached)


def test_training_ends_at_the_threshold_unless_it_never_stops_early():
    easy = replace(TRIAL, settings=replace(SETTINGS, stop_at=0.5))
    model = build(easy)[0]
    looks = Looks(model, easy)
    looks.trial = replace(easy, task=Always(3))
    assert looks.step(history(2))
    assert looks.reached == 2
    going = Looks(model, replace(easy, task=Always(3), settings=SETTINGS))
    assert not going.step(history(2))
    assert going.reached == 2


class Always(FirstSymbolTask):
    """A task that any model solves."""

    solved = 0.0


def test_judged_on_as_many_samples_as_asked():
    model = build(TRIAL)[0]
    assert judged(model, TRIAL, "validation").count == 250
    assert judged(model, TRIAL, "test", 500).count == 500
