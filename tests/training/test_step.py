import math

import pytest
import torch
from small_models import make_batches, make_model
from torch_geometric.data import Batch, Data

from gnnseq.training import SharedStep, Step, fit


class Linear(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.linear = torch.nn.Linear(3, 2).double()

    def forward(self, batch):
        return self.linear(batch.x)


def graphs(sizes, scale=1.0):
    """Batches of some graphs each; a third of the targets does not count."""
    generator = torch.Generator().manual_seed(4)
    for size in sizes:
        x = scale * torch.randn(size, 3, generator=generator, dtype=torch.float64)
        y = torch.arange(size) % 3
        yield Batch.from_data_list([Data(x=a[None], y=b[None]) for a, b in zip(x, y.where(y < 2, -100), strict=True)])


def joined(batches):
    return Batch.from_data_list([data for batch in batches for data in batch.to_data_list()])


def train(batches, **how):
    model, step = Linear(), SharedStep(**how) if "accumulate" in how else Step(**how)
    return model, fit(model, batches, torch.optim.SGD(model.parameters(), 1.0), step=step)


@pytest.mark.parametrize("max_norm", [None, 0.1])
def test_batches_of_unequal_size_are_as_if_they_were_one(max_norm):
    several, one = list(graphs([5, 8, 3, 7, 6])), []
    for part in (several[:3], several[3:]):
        one.append(joined(part))
    model, history = train(several, accumulate=3, max_norm=max_norm)
    expected, other = train(one, max_norm=max_norm)
    torch.testing.assert_close(model.state_dict(), expected.state_dict())
    assert history.steps == 2  # the last step takes what is left
    for name in ("loss", "accuracy", "grad_norm"):
        assert getattr(history, name) == pytest.approx(getattr(other, name))


def test_the_norm_is_that_of_the_mean_before_clipping():
    several = list(graphs([5, 8], scale=1e3))
    model = Linear()
    start = model.linear.weight.detach().clone()
    loss = torch.nn.functional.cross_entropy(model(joined(several)), joined(several).y)
    loss.backward()
    norm = math.sqrt(sum(p.grad.square().sum().item() for p in model.parameters()))
    model, history = train(several, accumulate=2, max_norm=0.25)
    assert history.grad_norm == pytest.approx([norm])
    assert norm > 10
    moved = torch.cat([(model.linear.weight - start).flatten(), model.linear.bias - Linear().linear.bias]).norm()
    assert moved.item() == pytest.approx(0.25, rel=1e-4)


def test_a_batch_without_targets_adds_nothing():
    first, second = graphs([6, 4])
    empty = second.clone()
    empty.y = torch.full_like(empty.y, -100)
    model, history = train([first, empty], accumulate=2)
    expected, _ = train([first])
    torch.testing.assert_close(model.state_dict(), expected.state_dict())
    assert not history.diverged


def test_a_loss_that_is_not_finite_in_one_of_several_stops_before_the_weights():
    good, bad = graphs([4, 4])
    bad.x = bad.x * math.inf
    model, history = train([good, bad], accumulate=2)
    assert history.stopped == "loss is nan at step 1"
    torch.testing.assert_close(model.state_dict(), Linear().state_dict(), rtol=0, atol=0)


def test_one_batch_a_step_is_not_rounded_otherwise():
    def weights(batches, step):
        model = make_model("gcn")
        model.eval()
        history = fit(model, batches, torch.optim.Adam(model.parameters(), 1e-2), step=step)
        return history.loss

    torch.manual_seed(1)
    plain = weights(make_batches("gcn", 4), Step())
    torch.manual_seed(1)
    assert plain == weights(list(make_batches("gcn", 4)), SharedStep())


def test_bad_input():
    with pytest.raises(ValueError, match="accumulate is 0, expected at least 1"):
        train(graphs([3]), accumulate=0)
