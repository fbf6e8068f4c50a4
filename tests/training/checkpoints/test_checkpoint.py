import errno
import math
import os
import random
import resource
import signal
import warnings

import numpy as np
import pytest
import torch
from small_models import FAMILIES, make_batches, make_model
from torch.utils.data import DataLoader, TensorDataset
from torch_geometric.data import Batch, Data

from gnnseq.training import (
    Callback,
    Checkpoint,
    CheckpointError,
    Epochs,
    Measurements,
    SharedStep,
    Step,
    correct,
    fit,
)
from gnnseq.training.checkpoints.checkpoint import ALL_FIELDS
from gnnseq.training.checkpoints.file import read_checkpoint, write_checkpoint

STEPS = 9


def training(family="lstm", *, kind=torch.optim.Adam, rate=1e-2, schedule=True):
    """Fresh parts of a training, and its batches from a number on."""
    model = make_model(family)
    optimizer = kind(model.parameters(), lr=rate)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS) if schedule else None
    return model, optimizer, scheduler, lambda first: make_batches(family, STEPS, first)


def run(checkpoint=None, family="lstm", after_step=None, settings=None, **how):
    model, optimizer, scheduler, batches = training(family, **(settings or {}))
    step = SharedStep(**how) if "accumulate" in how else Step(**how)
    told = [after_step] if after_step else []
    history = fit(model, batches, optimizer, step=step, scheduler=scheduler, callbacks=told, checkpoint=checkpoint)
    return model, optimizer, history


def assert_same(one, two):
    """Weights, optimizers and curves are equal bit by bit."""
    assert list(one[0].state_dict()) == list(two[0].state_dict())
    for name, value in one[0].state_dict().items():
        assert torch.equal(value, two[0].state_dict()[name]), name
    first, second = (optimizer.state_dict()["state"] for optimizer in (one[1], two[1]))
    for number, values in first.items():
        for name, value in values.items():
            assert torch.equal(value, second[number][name]), name
    for name in ("loss", "accuracy", "grad_norm", "learning_rate", "stopped"):
        assert getattr(one[2], name) == getattr(two[2], name), name


def killed(path, step, **how):
    """Trains in a child process that is killed with SIGKILL behind a step."""

    def after_step(history):
        if history.steps == step:
            os.kill(os.getpid(), signal.SIGKILL)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        try:
            run(Checkpoint(path, every=how.pop("every", 2)), after_step=after_step, **how)
        finally:  # else the child would go on with the tests
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("family", FAMILIES)
def test_a_training_that_was_killed_twice_is_the_one_that_was_not(family, tmp_path):
    whole, path = run(family=family), tmp_path / "checkpoint.pt"
    killed(path, 4, family=family)
    torch.manual_seed(99)
    killed(path, 7, family=family)
    torch.manual_seed(98)
    assert_same(run(Checkpoint(path, every=2), family), whole)
    assert whole[2].steps == STEPS


@pytest.mark.parametrize("step", range(1, STEPS // 2 + 2))
def test_a_kill_at_any_step(step, tmp_path):
    how = {"accumulate": 2, "max_norm": 0.5}
    whole = run(**how)
    killed(tmp_path / "checkpoint.pt", step, **how)
    assert_same(run(Checkpoint(tmp_path / "checkpoint.pt", every=2), **how), whole)


@pytest.mark.parametrize(
    "kind", [torch.optim.SGD, torch.optim.RMSprop, torch.optim.AdamW, torch.optim.Adagrad, torch.optim.Rprop]
)
def test_every_optimizer_goes_on(kind, tmp_path):
    settings = {"kind": kind}
    killed(tmp_path / "checkpoint.pt", 5, settings=settings)
    assert_same(run(Checkpoint(tmp_path / "checkpoint.pt"), settings=settings), run(settings=settings))


SCHEDULERS = {
    "steps": lambda optimizer: torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 5]),
    "function": lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step),
    "plateau": lambda optimizer: torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=0.5),
    "cycle": lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=STEPS + 1),
    "warm-up": lambda optimizer: torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [
            torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=3),
            torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
        ],
        [3],
    ),
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_goes_on(name, tmp_path):
    def part(checkpoint=None, stop=STEPS):
        model, optimizer, _, batches = training(schedule=False)
        scheduler = SCHEDULERS[name](optimizer)
        rest = (batch for number, batch in enumerate(batches(0)) if number < stop)
        return model, optimizer, fit(model, rest, optimizer, scheduler=scheduler, checkpoint=checkpoint)

    part(Checkpoint(tmp_path / "checkpoint.pt"), 4)
    resumed = part(Checkpoint(tmp_path / "checkpoint.pt"))
    assert_same(resumed, part())
    assert len(set(resumed[2].learning_rate)) > 2


@pytest.mark.parametrize("own", [True, False])
def test_shuffled_data_go_on_at_their_place(own, tmp_path):
    def part(checkpoint_path, stop=None):
        model, optimizer, _, _ = training("bag", schedule=False)
        generator = torch.Generator().manual_seed(5) if own else None
        x, y = torch.arange(24) % 4, torch.arange(24) % 3
        collate = lambda pairs: Batch.from_data_list([Data(x=x[None], y=y[None], edge_index=EMPTY) for x, y in pairs])  # noqa: E731
        loader = DataLoader(TensorDataset(x, y), 4, shuffle=True, collate_fn=collate, generator=generator)
        generators = {"shuffle": generator} if own else None
        checkpoint = Checkpoint(checkpoint_path, every=1, generators=generators)
        try:
            fit(model, loader, optimizer, checkpoint=checkpoint, callbacks=[stop] if stop else [])
        except RuntimeError:
            return None
        return model, optimizer, fit(model, loader, optimizer, checkpoint=checkpoint)

    def stop(history):
        if history.steps == 3:
            raise RuntimeError

    whole = part(tmp_path / "whole.pt")
    part(tmp_path / "checkpoint.pt", stop)
    torch.manual_seed(7)
    assert_same(part(tmp_path / "checkpoint.pt"), whole)


EMPTY = torch.empty(2, 0, dtype=torch.int64)


def test_the_best_is_kept_beside_the_last(tmp_path):
    scores = iter([1.0, 3.0, 2.0, math.nan])
    checkpoint = Checkpoint(tmp_path / "a" / "checkpoint.pt", every=2, score=lambda history: next(scores))
    kept = []

    def after_step(history):
        kept.append({name: value.clone() for name, value in model.state_dict().items()})

    model, optimizer, _, _ = training()
    fit(model, make_batches("lstm", 8), optimizer, checkpoint=checkpoint, callbacks=[after_step])
    other = make_model("lstm", seed=8)
    assert checkpoint.load_best(other) == 4
    assert all(torch.equal(value, kept[3][name]) for name, value in other.state_dict().items())
    state = read_checkpoint(checkpoint.path, "training")
    assert state["step"] == 8
    assert state["best"] == 3.0
    assert sorted(file.name for file in checkpoint.path.parent.iterdir()) == ["checkpoint.best.pt", "checkpoint.pt"]


def test_by_default_the_best_has_the_lowest_recent_loss(tmp_path):
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", every=3)
    _, _, history = run(checkpoint)
    means = [sum(history.loss[place : place + 3]) / 3 for place in range(0, STEPS, 3)]
    assert checkpoint.load_best(make_model("lstm")) == 3 * (means.index(min(means)) + 1)


def test_more_batches_go_on_and_fewer_are_an_error(tmp_path):
    model, optimizer, _, _ = training()
    fit(model, make_batches("lstm", 5), optimizer, checkpoint=Checkpoint(tmp_path / "checkpoint.pt"))
    model, optimizer, _, _ = training()
    history = fit(model, make_batches("lstm", 8), optimizer, checkpoint=Checkpoint(tmp_path / "checkpoint.pt"))
    assert history.steps == 8
    model, optimizer, _, _ = training()
    with pytest.raises(ValueError, match="batches ends after 6, expected the 8"):
        fit(model, make_batches("lstm", 6), optimizer, checkpoint=Checkpoint(tmp_path / "checkpoint.pt"))


def test_a_training_that_after_step_stopped_stays_so(tmp_path):
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt")
    first = run(checkpoint, after_step=lambda history: history.steps == 4)
    again = run(Checkpoint(tmp_path / "checkpoint.pt"))
    assert_same(again, first)
    assert again[2].stopped == "stopped by a callback at step 4"


def test_a_divergence_is_not_saved(tmp_path):
    losses = []

    def loss(logits, y):
        losses.append(y)
        return torch.nn.functional.cross_entropy(logits, y) * (math.nan if len(losses) == 6 else 1.0)

    model, optimizer, _, batches = training()
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", every=2)
    assert fit(model, batches, optimizer, step=Step(loss), checkpoint=checkpoint).diverged
    assert read_checkpoint(checkpoint.path, "training")["step"] == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_the_rest_is_as_without(number, tmp_path):
    def press(history):
        if history.steps == 5:
            signal.raise_signal(number)

    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", every=100)
    with pytest.raises(KeyboardInterrupt):
        run(checkpoint, after_step=press)
    assert read_checkpoint(checkpoint.path, "training")["step"] == 5
    assert_same(run(Checkpoint(checkpoint.path)), run())


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "checkpoint.pt"
    run(Checkpoint(path))
    return path, path.read_bytes()


def test_changed_settings_are_listed_and_refused_unless_told(saved):
    path, before = saved
    with pytest.raises(CheckpointError, match=r"settings: max_norm is 10.0, not 1.0; accept_changes=True") as error:
        run(Checkpoint(path), max_norm=1.0)
    assert "optimizer" not in str(error.value)
    with pytest.raises(CheckpointError, match=r"data is None, not 'more'"):
        run(Checkpoint(path, settings={"data": "more"}))
    assert path.read_bytes() == before
    _, _, history = run(Checkpoint(path, accept_changes=True), max_norm=1.0)
    assert history.steps == STEPS


def test_an_accepted_learning_rate_is_used(tmp_path):
    path, without = tmp_path / "checkpoint.pt", {"schedule": False}
    run(Checkpoint(path), settings=without, after_step=None)
    changed = without | {"rate": 5e-4}
    with pytest.raises(CheckpointError, match=r"optimizer.0.lr is 0.01, not 0.0005"):
        run(Checkpoint(path), settings=changed)
    _, optimizer, _ = run(Checkpoint(path, accept_changes=True), settings=changed)
    assert optimizer.param_groups[0]["lr"] == 5e-4


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kind": torch.optim.SGD}, "optimizer is 'Adam', not 'SGD'; it cannot"),
        ({"schedule": False}, "scheduler is 'CosineAnnealingLR', not None; it cannot"),
        ({"rate": 5e-4}, r"optimizer.0.lr is 0.01, not 0.0005, optimizer.0.initial_lr .*; it cannot"),
    ],
)
def test_what_cannot_change(saved, changed, words):
    path, before = saved
    with pytest.raises(CheckpointError, match=words):
        run(Checkpoint(path, accept_changes=True), settings=changed)
    assert path.read_bytes() == before


def test_another_architecture_is_named(saved):
    path, before = saved
    with pytest.raises(CheckpointError, match=r"of another architecture: .*encoder.* is missing"):
        run(Checkpoint(path, accept_changes=True), "gcn")
    with pytest.raises(CheckpointError, match=r"is \[24, \d+\], not \[18, \d+\]"):
        run(Checkpoint(path, accept_changes=True), "gru")
    assert path.read_bytes() == before


def test_generators_that_are_missing_are_named(saved):
    with pytest.raises(ValueError, match=r"generators is \['shuffle'\], expected those of the saved state: \[\]"):
        run(Checkpoint(saved[0], generators={"shuffle": torch.Generator()}))


def test_a_full_disk_warns_and_only_the_last_save_raises(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(RuntimeError, match="stop here"):
        run(Checkpoint(path, every=2), after_step=lambda history: stop_at(history, 5))
    before, save = path.read_bytes(), torch.save

    def full(state, file):
        if state["step"] < STEPS:
            file.write(b"half of it")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(state, file)

    monkeypatch.setattr(torch, "save", full)
    words = r"could not be written at step 6, the one before it stays: .*No space"
    with pytest.warns(UserWarning, match=words), pytest.raises(RuntimeError, match="stop here"):
        run(Checkpoint(path, every=2), after_step=lambda history: stop_at(history, 7))
    assert path.read_bytes() == before
    with pytest.warns(UserWarning, match="step [68]"):
        result = run(Checkpoint(path, every=2))
    assert_same(result, run())
    assert read_checkpoint(path, "training")["step"] == STEPS
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def stop_at(history, step):
    if history.steps == step:
        raise RuntimeError("stop here")


def test_a_file_that_may_not_grow_loses_nothing(tmp_path):
    """The operating system itself ends the write here, in the midst of the file."""
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(RuntimeError, match="stop here"):
        run(Checkpoint(path, every=2), after_step=lambda history: stop_at(history, 5))
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.warns(UserWarning, match="could not be written"), pytest.raises(OSError, match="too large"):
            run(Checkpoint(path, every=2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert_same(run(Checkpoint(path, every=2)), run())


def some_empty(first):
    """Batches of which those with number 2, 3 and 6 have no targets."""
    for number, batch in enumerate(make_batches("lstm", STEPS, first), start=first):
        batch.y = torch.full_like(batch.y, -100) if number in (2, 3, 6) else batch.y
        yield batch


@pytest.mark.parametrize("stop", range(1, 6))
def test_batches_without_targets_are_passed_over_as_often_after_a_kill(stop, tmp_path):
    def part(path, stop=None):
        model, optimizer, _, _ = training(schedule=False)
        checkpoint = Checkpoint(path, every=1)
        told = [lambda history: stop_at(history, stop)]
        return model, optimizer, fit(model, some_empty, optimizer, callbacks=told, checkpoint=checkpoint)

    whole = part(tmp_path / "whole.pt")
    assert (whole[2].steps, whole[2].skipped) == (6, 3)
    with pytest.raises(RuntimeError, match="stop here"):
        part(tmp_path / "checkpoint.pt", stop)
    resumed = part(tmp_path / "checkpoint.pt")
    assert_same(resumed, whole)
    assert resumed[2].skipped == 3


NUMPY = np.logspace(-3, -1, 3)[1]  # an np.float64


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.Adam(p, lr=NUMPY),
        lambda p: torch.optim.Adam(p, betas=(np.float64(0.9), np.float64(0.99))),
        lambda p: torch.optim.AdamW(p, lr=1e-2, weight_decay=NUMPY),
        lambda p: torch.optim.SGD([{"params": list(p), "momentum": np.float64(0.9)}], lr=np.float32(0.25)),
    ],
)
def test_numbers_of_numpy_make_a_checkpoint_that_goes_on(make, tmp_path):
    def part(path, stop=None):
        model = make_model("lstm")
        optimizer = make(model.parameters())
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=np.float64(0.9))
        metric = lambda logits, y: (np.float64(correct(logits, y)[0]), np.int64(len(y)))  # noqa: E731
        checkpoint = Checkpoint(path, every=1, settings={"data": tmp_path / "book.txt", "rate": NUMPY})
        told = [lambda history: stop_at(history, stop)]
        batches = make_batches("lstm", STEPS)
        how = {"step": Step(metric=metric), "scheduler": scheduler, "callbacks": told, "checkpoint": checkpoint}
        return model, optimizer, fit(model, batches, optimizer, **how)

    whole = part(tmp_path / "whole.pt")
    with pytest.raises(RuntimeError, match="stop here"):
        part(tmp_path / "checkpoint.pt", 4)
    resumed = part(tmp_path / "checkpoint.pt")
    assert_same(resumed, whole)
    assert {type(value) for value in resumed[2].accuracy} == {float}
    state = read_checkpoint(tmp_path / "checkpoint.pt", "training")
    assert state["settings"]["data"] == str(tmp_path / "book.txt")
    assert type(state["settings"]["rate"]) is float


def test_settings_that_are_not_plain_are_refused_before_the_first_step(tmp_path):
    with pytest.raises(ValueError, match=r"settings\['data'\]\['parts'\]\[1\] is tensor.*, expected plain values"):
        Checkpoint(tmp_path / "checkpoint.pt", settings={"data": {"parts": [1, torch.ones(2)]}})


def test_what_cannot_be_read_back_is_refused_at_the_first_save_and_the_old_file_stays(saved):
    class Odd(Callback):
        def state_dict(self):
            return {"odd": Odd}

    path, before = saved
    model, optimizer, scheduler, _ = training()
    how = {"scheduler": scheduler, "callbacks": [Odd()], "checkpoint": Checkpoint(path, every=1)}
    with pytest.raises(CheckpointError, match="cannot be read back"):
        fit(model, make_batches("lstm", STEPS + 3), optimizer, **how)
    assert path.read_bytes() == before


@pytest.mark.parametrize("seed", range(4))
def test_no_flip_of_a_bit_changes_what_is_read(saved, seed):
    """All flips in the last 1.5 kB, which hold the archive's table, and a hundred elsewhere."""
    path, whole = saved
    expected = read_checkpoint(path, "training")
    chance = random.Random(seed)
    size = 8 * len(whole)
    places = [chance.randrange(size) for _ in range(100)] + list(range(size - 12_000 + seed, size, 40))
    refused = 0
    for place in places:
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            found = read_checkpoint(path, "training", ALL_FIELDS)
        except CheckpointError:
            refused += 1
        else:
            assert_equal(found, expected)
    assert refused > 100


def assert_equal(one, two):
    """Equal bit by bit, however deep."""
    assert type(one) is type(two)
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, two)
    elif isinstance(one, dict):
        assert list(one) == list(two)
        for key in one:
            assert_equal(one[key], two[key])
    elif isinstance(one, list | tuple):
        for left, right in zip(one, two, strict=True):
            assert_equal(left, right)
    else:
        assert one == two


def test_fields_that_are_missing_or_of_another_type_are_named(saved):
    path, _ = saved
    state = read_checkpoint(path, "training")
    for name in ALL_FIELDS:
        write_checkpoint(path, "training", {key: value for key, value in state.items() if key != name})
        with pytest.raises(CheckpointError, match=f"{path} is damaged: {name} is missing, expected"):
            run(Checkpoint(path))
        write_checkpoint(path, "training", state | {name: "7"})
        with pytest.raises(CheckpointError, match=f"{path} is damaged: {name} is str, expected"):
            run(Checkpoint(path))
    weights = dict(state["model"])
    inside = {
        "optimizer": {"state": {}, "param_groups": []},
        "random": [{}],
        "begin": [3],
        "history": {"loss": [1.0]},
        "model": dict.fromkeys(weights, 3),
    }
    for name, value in inside.items():
        write_checkpoint(path, "training", state | {name: value})
        with pytest.raises(CheckpointError, match=r"damaged|another architecture"):
            run(Checkpoint(path))


def epochs(number):
    """Another order of six batches in each epoch."""
    order = torch.randperm(6, generator=torch.Generator().manual_seed(number)).tolist()
    batches = list(make_batches("lstm", 6))
    return [batches[place] for place in order]


@pytest.mark.parametrize("stop", [2, 7, 12])
def test_epochs_go_on_within_one_and_keep_what_was_measured(stop, tmp_path):
    def part(path, stop=None):
        model, optimizer, _, _ = training(schedule=False)
        rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - (step // 6) / 3)
        measured = Measurements(6, lambda history: {"epoch": history.steps // 6, "loss": sum(history.loss[-6:])})
        told = [measured, lambda history: stop_at(history, stop)]
        how = {"scheduler": rate, "callbacks": told, "checkpoint": Checkpoint(path, every=1)}
        return model, optimizer, fit(model, Epochs(epochs, 3, 6), optimizer, **how), measured.values

    whole = part(tmp_path / "whole.pt")
    assert [entry["epoch"] for entry in whole[3]] == [1, 2, 3]
    assert whole[2].learning_rate == [1e-2] * 6 + [pytest.approx(2e-2 / 3)] * 6 + [pytest.approx(1e-2 / 3)] * 6
    with pytest.raises(RuntimeError, match="stop here"):
        part(tmp_path / "checkpoint.pt", stop)
    torch.rand(99)
    resumed = part(tmp_path / "checkpoint.pt")
    assert_same(resumed, whole)
    assert resumed[3] == whole[3]


def test_bad_input(tmp_path):
    for every in (0, 1.5, True):
        with pytest.raises(ValueError, match=f"every is {every}, expected at least 1 step, an integer"):
            Checkpoint(tmp_path / "checkpoint.pt", every=every)


@pytest.mark.parametrize("name", ["optimizer", "scheduler", "max_norm", "optimizer.0.lr"])
def test_a_setting_with_a_name_of_the_training_s_own_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=rf"settings\['{name}'\] is 1, expected .*, the training's own"):
        run(Checkpoint(tmp_path / "checkpoint.pt", settings={name: 1}))


def test_a_setting_that_is_nan_is_the_same_when_it_is_resumed(tmp_path):
    found = [run(Checkpoint(tmp_path / "c.pt", settings={"mine": [float("nan")], "m": math.nan})) for _ in range(2)]
    assert_same(*found)


def test_the_best_of_an_earlier_training_is_not_that_of_a_new_one(tmp_path):
    first = Checkpoint(tmp_path / "checkpoint.pt", every=3)
    run(first)
    first.path.unlink()
    new = Checkpoint(first.path, every=100)

    def fail(history):
        raise RuntimeError("stop here")

    with pytest.raises(RuntimeError, match="stop here"):
        run(new, after_step=fail)
    with pytest.raises(FileNotFoundError):
        new.load_best(make_model("lstm"))
