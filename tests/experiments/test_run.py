import json
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from gnnseq.experiments import (
    DEFAULT,
    SEQUENCE_FAMILIES,
    SGD,
    Family,
    OwnTask,
    PalindromeTask,
    Settings,
    Trial,
    find_family,
    run_trial,
)
from gnnseq.training import correct

LSTM, GCN = find_family("lstm"), find_family("gcn")
SMALL = Settings(budget=600, steps=3, batch_size=8, test_samples=250)
TINY = Trial(PalindromeTask(4), LSTM, settings=SMALL)


@dataclass(frozen=True)
class LastDigit(PalindromeTask):
    """Every node is asked for its own digit, or for a number: a task with targets at nodes, classes or real."""

    real: bool = False
    level = "node"

    @property
    def num_outputs(self):
        return 1 if self.real else self.base

    @property
    def higher_is_better(self):
        return not self.real

    @property
    def chance(self):
        return 8.25 if self.real else 0.1

    @property
    def solved(self):
        return 0.5 if self.real else 0.9

    @property
    def views(self):
        return {name: PalindromeTask(self.length).views[name] for name in ("path", "path both ways", "dilated")}

    def loss(self, outputs, y):
        return (outputs.squeeze(-1) - y).square().mean() if self.real else super().loss(outputs, y)

    def metric(self, outputs, y):
        return (float(self.loss(outputs, y)) * len(y), len(y)) if self.real else correct(outputs, y)

    def answers(self, view, batch):
        return batch.ptr[1:] - 1, batch.ptr[1:] - 1

    def batches(self, view, *args, **kwargs):
        for batch in PalindromeTask(self.length).batches(view, *args, **kwargs):
            batch.y = batch.x.float() if self.real else batch.x
            yield batch


class TrainedOn(nn.Module):
    """A model that notes the devices on which it was called in training."""

    seen = ()

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, batch):
        if self.training and torch.is_grad_enabled():
            TrainedOn.seen += (batch.x.device.type,)
        return self.model(batch)


@pytest.mark.parametrize("device", ["cpu", *(["cuda"] if torch.cuda.is_available() else [])])
def test_a_model_trains_on_the_device_and_is_judged_on_the_cpu(device, tmp_path):
    TrainedOn.seen = ()
    family = replace(LSTM, build=lambda *size: TrainedOn(LSTM.build(*size)), initialise=DEFAULT)
    places = []
    probe = lambda model, trial: places.append(next(model.parameters()).device.type) or {}  # noqa: E731
    record = run_trial(replace(TINY, family=family), device=device, folder=tmp_path, before=probe, after=probe)
    assert record["status"] == "done"
    assert device in TrainedOn.seen
    assert places == ["cpu", "cpu"]
    assert (record["device"] == "cpu") == (device == "cpu")


@pytest.mark.parametrize("family", SEQUENCE_FAMILIES, ids=lambda family: family.name)
def test_every_family_runs_and_its_record_is_plain_data(family):
    budget = TINY.settings.budget if family.width_multiple == 1 else 1_500  # heads need a wider model
    settings = replace(TINY.settings, budget=budget)
    trial = replace(TINY, family=family, learning_rate=family.learning_rate, settings=settings)
    record = run_trial(trial)
    assert json.loads(json.dumps(record)) == record
    assert record["status"] == "done"
    assert record["steps"] == 3
    assert 0 <= record["score"] <= 1
    assert record["test_samples"] == 250
    assert len(record["curve"]["grad_norm"]) == 3
    assert record["family"] == {"name": family.name, "title": family.title, "order_free": family.name == "bag"}
    assert record["task"]["title"] == "palindromes of length 4"
    assert record["peak_memory_mb"] > 16 * record["weights"] / 1e6  # weights, gradients and two moments of Adam
    assert record["influence"] > 0
    assert record["state_size"] == family.state_size(TINY.task, record["width"])
    assert {name: record[name] for name in trial.description} == trial.description


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("family", [f for f in SEQUENCE_FAMILIES if f.view in LastDigit(4).views], ids=lambda f: f.name)
def test_every_family_of_a_view_runs_on_targets_at_nodes_and_real_ones(family, real):
    settings = replace(SMALL, steps=60, budget=1_000)
    record = run_trial(Trial(LastDigit(4, real=real), family, learning_rate=0.01, settings=settings))
    assert record["curve"]["loss"][-1] < 0.95 * record["curve"]["loss"][0]
    assert record["score"] == (pytest.approx(record["loss"], rel=1e-5) if real else pytest.approx(0.5, abs=0.5))
    assert (record["best_50"] is None) is real
    assert record["test_samples"] == 750


@pytest.mark.parametrize("family", ["lstm", "gcrn"])
def test_the_same_trial_gives_the_same_record_whatever_ran_before(family):
    trial = replace(TINY, family=find_family(family))
    first = run_trial(trial)
    torch.randn(7)
    second = run_trial(trial)
    times = {"seconds", "ms_per_step", "finished"}
    assert {k: v for k, v in first.items() if k not in times} == {k: v for k, v in second.items() if k not in times}
    assert run_trial(replace(trial, seed=1))["curve"] != first["curve"]


def test_known_numbers():
    """Of version 0.1: neither samples nor initial weights have changed."""
    curve = run_trial(Trial(PalindromeTask(5), find_family("rnn"), 1, settings=Settings(steps=3)))["curve"]
    assert curve["loss"] == pytest.approx([2.3708, 2.3253, 2.2616], abs=5e-5)


def test_child_sum_on_a_path_is_the_lstm():
    assert run_trial(replace(TINY, family=find_family("tree-lstm")))["curve"] == run_trial(TINY)["curve"]


def test_training_stops_where_it_has_learned():
    settings = Settings(budget=600, batch_size=32)
    record = run_trial(Trial(PalindromeTask(2), LSTM, learning_rate=0.03, settings=settings))
    assert record["stopped"].startswith("stopped by a callback")
    assert 20 <= record["steps_to_threshold"] <= record["steps"] < 400
    assert record["samples_to_threshold"] == 32 * record["steps_to_threshold"]
    assert record["score"] > 0.95


def test_a_tuning_run_never_sees_test_data():
    splits = []

    @dataclass(frozen=True)
    class Watched(PalindromeTask):
        def batches(self, view, seed, split, *args, **kwargs):
            splits.append(split)
            return super().batches(view, seed, split, *args, **kwargs)

    record = run_trial(replace(TINY, task=Watched(4), purpose="tuning"))
    assert set(splits) == {"train", "validation"}
    assert record["score"] is None
    assert 0 <= record["validation_score"] <= 1
    assert record["purpose"] == "tuning"
    splits.clear()
    assert run_trial(replace(TINY, task=Watched(4)))["validation_score"] is None
    assert set(splits) == {"train", "test"}


def test_divergence_is_recorded():
    wild = Settings(budget=600, steps=20, batch_size=8, test_samples=250, optimizer=SGD, max_norm=None)
    record = run_trial(Trial(PalindromeTask(4), GCN, learning_rate=1e20, settings=wild))
    assert record["status"] == "diverged"
    assert "at step" in record["stopped"]


def test_the_reports_settings_read_digits_as_numbers():
    report = replace(SMALL, width=12)
    record = run_trial(Trial(PalindromeTask(4, numbers=True), replace(LSTM, initialise=DEFAULT), settings=report))
    assert record["width"] == 12
    assert record["initialisation"] == "default"
    assert record["weights"] == 4 * 12 * (1 + 12 + 1) + 10 * 12 + 10


class Mine(nn.Module):
    def __init__(self, symbols, width, outputs):
        super().__init__()
        self.table = nn.Embedding(symbols, width)
        self.head = nn.Linear(width, outputs)

    def forward(self, batch):
        return self.head(self.table(batch.x)[batch.ptr[:-1]])


def test_a_module_of_ones_own_joins():
    mine = Family(
        "mine", view="path", build=lambda task, width, embedding: Mine(task.num_symbols, width, task.num_outputs)
    )
    record = run_trial(Trial(PalindromeTask(6), mine, learning_rate=0.05, settings=Settings(budget=600, steps=100)))
    assert record["score"] == 1.0  # it reads the first digit
    assert record["family"]["title"] == "mine"
    assert abs(record["weights"] - 600) <= 20
    assert record["influence"] == pytest.approx(5.0)  # the answer alone, among five digits


@pytest.mark.parametrize(("outputs", "found"), [(3, r"\[8, 3\]"), (None, "a tuple"), (0, r"\[8\]")])
def test_outputs_that_do_not_fit_name_the_shapes(outputs, found):
    class Wrong(Mine):
        def forward(self, batch):
            out = super().forward(batch)
            return (out,) if outputs is None else out[:, 0] if outputs == 0 else out[:, :outputs]

    wrong = Family("wrong", "path", lambda task, width, embedding: Wrong(task.num_symbols, width, task.num_outputs))
    with pytest.raises(ValueError, match=rf"wrong gives .*{found}.*expected .*one row for each graph, 10 outputs"):
        run_trial(replace(TINY, family=wrong))


def test_looks_at_validation_data_end_a_run_and_say_when():
    settings = Settings(width=12, steps=60, validate_every=5, test_samples=250)
    record = run_trial(Trial(PalindromeTask(3), find_family("rnn"), learning_rate=0.02, settings=settings))
    assert record["steps_to_threshold"] == record["steps"] < 60
    assert record["steps"] % 5 == 0
    assert record["samples_to_threshold"] == 64 * record["steps"]
    assert record["score"] > 0.9
    assert record["validation_score"] is None
    short = replace(settings, steps=7)
    assert run_trial(Trial(PalindromeTask(20), GCN, settings=short))["steps_to_threshold"] is None


def test_probes_see_the_model_before_and_after_training():
    def weights(model, trial):
        return {"sum": sum(p.detach().sum().item() for p in model.parameters()), "of": trial.seed}

    record = run_trial(TINY, before=lambda *a: {"first": weights(*a)}, after=lambda *a: {"last": weights(*a)})
    assert record["first"]["of"] == record["last"]["of"] == 0
    assert record["first"]["sum"] != record["last"]["sum"]
    plain = run_trial(TINY)
    assert (plain["curve"], plain["score"]) == (record["curve"], record["score"])
    wild = replace(SMALL, steps=20, optimizer=SGD, max_norm=None)
    diverged = run_trial(Trial(PalindromeTask(4), GCN, learning_rate=1e20, settings=wild), after=weights)
    assert (diverged["status"], "sum" in diverged) == ("diverged", False)


def test_curves_have_five_digits_at_any_scale():
    words = [first + second for first in "ab" for second in "ab"] * 10
    task = OwnTask.from_sequences("tiny", words, [1e-4 * word.count("a") for word in words])
    curve = run_trial(Trial(task, find_family("lstm"), 0, settings=replace(SMALL, steps=3, batch_size=4)))["curve"]
    for values in curve.values():
        assert all(value == float(f"{value:.5g}") > 0 for value in values)
        assert any(float(f"{value:.4g}") != value for value in values)
