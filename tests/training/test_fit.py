import math

import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data

from gnnseq.training import SharedStep, Step, evaluate, fit


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, batch):
        return self.linear(batch.x)


def distance(model, start):
    squares = ((p.detach() - q).square().sum() for p, q in zip(model.parameters(), start, strict=True))
    return math.sqrt(sum(squares))


def batches(count, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        x = scale * torch.randn(8, 3, generator=generator)
        data = [Data(x=row[None], y=(row.sum() > 0).long()[None]) for row in x]
        yield Batch.from_data_list(data)


def test_fit_learns_and_records_every_step():
    model = Linear()
    before = evaluate(model, batches(20, seed=1))
    history = fit(model, batches(200), torch.optim.Adam(model.parameters(), 0.05))
    after = evaluate(model, batches(20, seed=1))
    assert history.steps == len(history.accuracy) == len(history.grad_norm) == 200
    assert history.stopped is None
    assert history.seconds > 0
    assert after.count == 160
    assert after.loss < before.loss
    assert after.accuracy > 0.9


def test_same_seed_same_history():
    def run():
        torch.manual_seed(3)
        model = Linear()
        return fit(model, batches(20), torch.optim.SGD(model.parameters(), 0.1))

    assert run().loss == run().loss


def test_clipping_records_the_norm_before_and_bounds_the_step():
    model = Linear()
    start = [p.detach().clone() for p in model.parameters()]
    history = fit(model, batches(1, scale=1e4), torch.optim.SGD(model.parameters(), 1.0), step=Step(max_norm=0.5))
    moved = distance(model, start)
    assert history.grad_norm[0] > 100
    assert moved == pytest.approx(0.5, rel=1e-4)


def test_without_clipping_the_step_is_the_gradient():
    model = Linear()
    start = [p.detach().clone() for p in model.parameters()]
    history = fit(model, batches(1, scale=100.0), torch.optim.SGD(model.parameters(), 1.0), step=Step(max_norm=None))
    moved = distance(model, start)
    assert moved == pytest.approx(history.grad_norm[0], rel=1e-4)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_before_the_weights(bad):
    model = Linear()

    def poisoned():
        yield from batches(3)
        broken = next(batches(1))
        broken.x = torch.full_like(broken.x, bad)
        yield broken
        yield from batches(3)

    weights = []
    history = fit(
        model,
        poisoned(),
        torch.optim.SGD(model.parameters(), 0.1),
        callbacks=[lambda h: weights.append(model.linear.weight.detach().clone())],
    )
    assert history.steps == 3
    assert history.stopped == "loss is nan at step 4"
    assert history.diverged
    assert torch.equal(model.linear.weight, weights[-1])


def test_a_callback_can_stop():
    model = Linear()
    history = fit(
        model,
        batches(50),
        torch.optim.SGD(model.parameters(), 0.1),
        callbacks=[lambda h: h.steps == 7],
    )
    assert history.steps == 7
    assert "step 7" in history.stopped


def test_evaluate_puts_the_mode_back_and_keeps_no_graph():
    model = nn.Sequential(Linear(), nn.Dropout(0.5))
    model.train()
    first = evaluate(model, batches(5))
    assert model.training
    assert first == evaluate(model, batches(5))


def test_evaluate_weights_batches_by_their_targets():
    model = Linear()
    big, small = list(batches(2))
    small = Batch.from_data_list(small.to_data_list()[:2])
    together = Batch.from_data_list(big.to_data_list() + small.to_data_list())
    assert evaluate(model, [big, small]).loss == pytest.approx(evaluate(model, [together]).loss, rel=1e-5)


def without_targets(batch):
    batch.y = torch.full_like(batch.y, -100)
    return batch


def some_empty(places, count=6):
    """Batches of which those at some places have no targets."""
    return [without_targets(b) if number in places else b for number, b in enumerate(batches(count))]


STEPS = {"one batch": Step, "one by one": SharedStep, "two at once": lambda: SharedStep(accumulate=2)}


@pytest.mark.parametrize("name", STEPS)
def test_batches_without_targets_take_no_step_and_are_counted(name):
    """Momentum would move the weights in a step without a gradient."""

    def run(given):
        torch.manual_seed(3)
        model = Linear()
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        told = []
        history = fit(model, given, optimizer, step=STEPS[name](), callbacks=[lambda h: told.append(h.steps)])
        assert told == list(range(1, history.steps + 1))
        return model.linear.weight, history

    size = 2 if name == "two at once" else 1
    empty = {2, 3, 5}
    weight, history = run(some_empty(empty))
    kept = [b for n, b in enumerate(batches(6)) if n not in ({2, 3} if size == 2 else empty)]
    expected, other = run([without_targets(b) if size == 2 and n == 3 else b for n, b in enumerate(kept)])
    assert torch.equal(weight, expected)
    assert history.loss == other.loss
    assert (history.skipped, history.steps, history.diverged) == (3, 6 // size - (1 if size == 2 else 3), False)


@pytest.mark.parametrize("name", STEPS)
def test_nothing_but_batches_without_targets(name):
    model = Linear()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match="batches hold no targets, expected at least one that is not -100"):
        fit(model, some_empty(range(6)), optimizer, step=STEPS[name]())


def test_evaluate_counts_batches_without_targets():
    model = Linear()
    found = evaluate(model, some_empty({2, 3, 5}))
    assert (found.count, found.skipped) == (24, 3)


@pytest.mark.parametrize("name", STEPS)
def test_batches_without_y_are_named(name):
    model = Linear()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    batch = Batch.from_data_list([Data(x=torch.randn(2, 3))])
    with pytest.raises(ValueError, match=r"batch has no y, expected a target for every graph or node: DataBatch\("):
        fit(model, [batch], optimizer, step=STEPS[name]())
    with pytest.raises(ValueError, match="batch has no y"):
        evaluate(model, [batch])


def test_numbers_of_numpy_become_plain():
    model = Linear()
    step = Step(metric=lambda logits, y: (np.float32(3), np.int64(8)))
    history = fit(model, batches(2), torch.optim.SGD(model.parameters(), lr=np.float64(0.1)), step=step)
    values = [value for name in ("loss", "accuracy", "grad_norm", "learning_rate") for value in getattr(history, name)]
    assert {type(value) for value in values} == {float}
    assert history.accuracy == [0.375] * 2


def test_a_step_of_ones_own():
    class Signs(Step):
        """Moves weights by the sign of their gradients, whatever the optimizer."""

        def take(self, batch, history):
            loss = self.loss(self.model(batch), batch.y)
            loss.backward()
            with torch.no_grad():
                for parameter in self.parameters:
                    parameter -= 0.125 * parameter.grad.sign()
                    parameter.grad = None
            history.add(loss.item(), 0.0, 0.0, 0.125)
            return True

    model = Linear()
    start = [p.detach().clone() for p in model.parameters()]
    history = fit(model, batches(1), torch.optim.SGD(model.parameters(), 0.1), step=Signs())
    assert history.learning_rate == [0.125]
    assert distance(model, start) == pytest.approx(0.125 * math.sqrt(8))


def test_bad_input():
    model = Linear()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match="max_norm is 0"):
        fit(model, batches(1), optimizer, step=Step(max_norm=0))
    with pytest.raises(ValueError, match="no parameters"):
        fit(nn.Identity(), batches(1), optimizer)
    with pytest.raises(ValueError, match="no targets"):
        evaluate(model, [])
