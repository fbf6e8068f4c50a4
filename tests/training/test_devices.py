"""Fabric: two gloo processes, precisions, and what it must not change."""

import copy
import math
import signal
import warnings

import pytest
import torch
from small_models import make_batches, make_model
from torch_geometric.data import Batch, Data

from gnnseq.training import Checkpoint, SharedStep, evaluate, fit
from gnnseq.training.devices import placed

fabric_module = pytest.importorskip("lightning_fabric")
STEPS = 4


def make_fabric(**how):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own imports
        return fabric_module.Fabric(accelerator="cpu", **({"devices": 1} | how))


def train(fabric, batches, path=None, after_step=None, **how):
    """A small training; the model, its history, and why it ended."""
    model = make_model("lstm").model.double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    checkpoint = path and Checkpoint(path, every=1, accept_changes=True)
    history = fit(
        model,
        batches,
        optimizer,
        scheduler=scheduler,
        step=SharedStep(fabric=fabric, **how),
        checkpoint=checkpoint,
        callbacks=[after_step] if after_step else [],
    )
    return model, history


def unequal(count):
    """Batches of different sizes, so that a mean of means is not the mean."""
    for number in range(count):
        yield next(make_batches("lstm", number + 1, number, size=2 + 3 * (number % 3)))


def joined(batches, size):
    batches = list(batches)
    for place in range(0, len(batches), size):
        yield Batch.from_data_list([data for batch in batches[place : place + size] for data in batch.to_data_list()])


def in_two_processes(function, *arguments):
    """Calls a function of a Fabric in two processes that are joined by gloo."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fabric = make_fabric(strategy="ddp_fork", devices=2)
        return fabric.launch(lambda launched: function(launched, *arguments))


def share(fabric, folder, count, accumulate, max_norm):
    torch.set_num_threads(1)
    model, history = train(fabric, list(unequal(count)), accumulate=accumulate, max_norm=max_norm)
    torch.save([model.state_dict(), vars(history)], folder / f"{fabric.global_rank}.pt")


@pytest.mark.parametrize(("accumulate", "max_norm", "count"), [(1, 10.0, 8), (1, 0.05, 7), (2, 0.05, 13)])
def test_two_processes_train_as_one_with_the_same_global_batch(tmp_path, accumulate, max_norm, count):
    in_two_processes(share, tmp_path, count, accumulate, max_norm)
    expected, history = train(None, joined(unequal(count), 2 * accumulate), max_norm=max_norm)
    for rank in range(2):
        weights, found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(weights, expected.state_dict())
        for name in ("loss", "accuracy", "grad_norm", "learning_rate"):
            assert found[name] == pytest.approx(getattr(history, name)), name
    assert history.steps == STEPS
    assert (max(history.grad_norm) > max_norm) is (max_norm == 0.05)


def diverge(fabric, folder):
    def batches():
        for number, batch in enumerate(unequal(6)):
            if number == 3:  # the second process' share of the second step
                batch.y = torch.full_like(batch.y, 0)
                batch.x = batch.x.clone()
                yield Data(x=batch.x, edge_index=batch.edge_index, batch=batch.batch, ptr=batch.ptr, y=batch.y)
            else:
                yield batch

    def loss(logits, y):
        value = torch.nn.functional.cross_entropy(logits, y)
        return value * math.nan if bool((y == 0).all()) else value

    _, history = train(fabric, batches(), loss=loss)
    (folder / f"{fabric.global_rank}").write_text(str(history.stopped))


def test_all_processes_stop_where_one_diverges(tmp_path):
    in_two_processes(diverge, tmp_path)
    assert [(tmp_path / str(rank)).read_text() for rank in range(2)] == ["loss is nan at step 2"] * 2


def some_empty(count):
    """Batches without targets: one in the second process' share of the first step, and both of the second step."""
    for number, batch in enumerate(unequal(count)):
        batch.y = torch.full_like(batch.y, -100) if number in (1, 2, 3) else batch.y
        yield batch


def skip(fabric, folder):
    model, history = train(fabric, list(some_empty(6)))
    torch.save([model.state_dict(), vars(history)], folder / f"{fabric.global_rank}.pt")


def test_two_processes_pass_over_the_same_batches_without_targets(tmp_path):
    in_two_processes(skip, tmp_path)
    kept = [batch for number, batch in enumerate(some_empty(6)) if number not in (2, 3)]
    expected, history = train(None, joined(kept, 2))
    for rank in range(2):
        weights, found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(weights, expected.state_dict())
        assert found["loss"] == pytest.approx(history.loss)
        assert found["skipped"] == 3
    assert history.steps == 2


def resume(fabric, folder):
    def press(history):
        if history.steps == 2 and fabric.global_rank == 1:
            signal.raise_signal(signal.SIGINT)

    path = folder / "checkpoint.pt"
    for after_step in (press, None):
        try:
            model, history = train(fabric, list(unequal(8)), path, after_step)
        except KeyboardInterrupt:
            (folder / f"interrupted {fabric.global_rank}").touch()
    torch.save([model.state_dict(), history.loss], folder / f"{fabric.global_rank}.pt")


def test_two_processes_stop_together_and_go_on(tmp_path):
    in_two_processes(resume, tmp_path)
    expected, history = train(None, joined(unequal(8), 2))
    for rank in range(2):
        assert (tmp_path / f"interrupted {rank}").exists()
        weights, losses = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(weights, expected.state_dict())
        assert losses == pytest.approx(history.loss)


def test_a_fabric_of_one_process_changes_nothing(tmp_path):
    model, history = train(make_fabric(), unequal(STEPS))
    expected, other = train(None, unequal(STEPS))
    assert history.loss == other.loss
    torch.testing.assert_close(model.state_dict(), expected.state_dict(), rtol=0, atol=0)
    assert isinstance(model, torch.nn.Module)
    assert evaluate(model, unequal(2)).count > 0


def test_a_checkpoint_of_a_fabric_goes_on_without_one(tmp_path):
    path = tmp_path / "checkpoint.pt"
    train(make_fabric(), unequal(2), path)
    resumed, _ = train(None, unequal(STEPS), path)
    expected, _ = train(None, unequal(STEPS))
    torch.testing.assert_close(resumed.state_dict(), expected.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("family", ["rnn", "lstm", "tree-lstm", "nary", "gcn", "dilated", "gcrn", "bag"])
@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16-true"])
def test_bfloat16(precision, family):
    def run(fabric):
        model = make_model(family).model
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        return fit(model, make_batches(family, STEPS), optimizer, step=SharedStep(max_norm=1.0, fabric=fabric))

    history, exact = run(make_fabric(precision=precision)), run(None)
    assert history.loss == pytest.approx(exact.loss, rel=0.05)
    assert history.loss != exact.loss
    assert history.steps == STEPS


def test_a_batch_is_not_changed_by_its_way_to_the_device():
    batches = list(unequal(2))
    before = copy.deepcopy(batches)
    train(make_fabric(precision="64-true"), batches)
    assert [batch.x.tolist() for batch in batches] == [batch.x.tolist() for batch in before]


def test_sixteen_bit_floats_are_refused():
    with pytest.raises(ValueError, match="precision 16-true, expected 32-true"):
        train(make_fabric(precision="16-true"), unequal(1))


def test_a_model_that_is_set_up_already_is_used_as_it_is():
    fabric, model = make_fabric(), make_model("lstm").model.double()
    wrapped, optimizer = fabric.setup(model, torch.optim.SGD(model.parameters(), lr=0.5))
    for _ in range(2):
        assert fit(wrapped, unequal(2), optimizer, step=SharedStep(fabric=fabric)).steps == 2


def test_a_loader_that_is_set_up_keeps_its_own_batches():
    fabric = make_fabric()
    loader = torch.utils.data.DataLoader(list(unequal(3)), batch_size=None)
    _, history = train(fabric, fabric.setup_dataloaders(loader))
    assert history.steps == 3


def test_the_callers_batch_stays_where_it_is():
    batch = next(make_batches("lstm", 1))
    there = placed(batch, torch.device("meta"))
    assert there is not batch
    assert all(value.device.type == "meta" for value in there.to_dict().values())
    assert all(value.device.type == "cpu" for value in batch.to_dict().values())
    assert placed(batch, torch.device("cpu")) is batch
