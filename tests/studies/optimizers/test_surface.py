import math

import pytest
import torch
from torch.nn import RNN

from gnnseq.experiments import ADAM, MOMENTUM, RMSPROP, SGD
from gnnseq.studies.optimizers.surface import Surface, best_path, descend, inside, ravine, two_weight_rnn


def test_gradient_descent_in_a_ravine_has_its_closed_form():
    path = descend(ravine(50.0), SGD, 2 / 51, 20)
    for step, (first, second) in enumerate(path.points):
        assert first == pytest.approx(-4 * (49 / 51) ** step)
        assert second == pytest.approx((-49 / 51) ** step)
    assert path.losses[0] == pytest.approx((16 + 50) / 2)


def test_two_over_one_plus_condition_is_the_best_step_of_gradient_descent():
    best = 2 / 51
    rates = [0.8 * best, 0.95 * best, best, 1.03 * best]
    ends = [descend(ravine(50.0), SGD, rate, 400).losses[-1] for rate in rates]
    assert min(range(4), key=ends.__getitem__) == 2


def test_momentum_follows_its_recursion():
    path = descend(ravine(3.0), MOMENTUM, 0.1, 8)
    weights, velocity = [-4.0, 1.0], [0.0, 0.0]
    for point in path.points:
        assert point == pytest.approx(tuple(weights))
        velocity = [0.9 * v + c * w for v, c, w in zip(velocity, (1.0, 3.0), weights, strict=True)]
        weights = [w - 0.1 * v for w, v in zip(weights, velocity, strict=True)]


def test_adams_first_step_has_the_size_of_the_learning_rate():
    (before, after) = descend(ravine(50.0), ADAM, 0.1, 1).points
    assert after == pytest.approx((before[0] + 0.1, before[1] - 0.1))


@pytest.mark.parametrize("method", [SGD, MOMENTUM])
def test_a_turn_changes_nothing_for_methods_with_one_rate(method):
    straight, turned = (descend(ravine(20.0, degrees), method, 0.02, 15).losses for degrees in (0, 30))
    assert turned == pytest.approx(straight)


def test_a_turn_costs_methods_with_a_rate_for_each_weight():
    straight, turned = (best_path(ravine(50.0, d), RMSPROP, (0.05, 0.1, 0.2), 40).losses[-1] for d in (0, 45))
    assert turned > 1e3 * straight


def test_the_two_weight_rnn_is_torchs():
    surface = two_weight_rnn(num_steps=5, count=6)
    layer = RNN(1, 1, bias=False).double()
    generator = torch.Generator().manual_seed(0)
    x = 0.3 * torch.randn(5, 6, generator=generator, dtype=torch.float64)
    x[0] = torch.tensor([1.0, -1.0] * 3)
    with torch.no_grad():
        layer.weight_hh_l0.fill_(1.3)
        layer.weight_ih_l0.fill_(0.7)
        h = layer(x[..., None])[1].squeeze()
    expected = ((h - x[0]) ** 2).mean()
    assert surface.loss(torch.tensor([1.3, 0.7], dtype=torch.float64)).item() == pytest.approx(expected.item())
    many = torch.tensor([[1.3, 0.7], [0.0, 0.0]], dtype=torch.float64)
    assert surface.loss(many).tolist() == pytest.approx([expected.item(), 1.0])


def test_a_path_that_diverges_ends_and_cannot_win():
    path = descend(ravine(50.0), SGD, 1e6, 60)
    assert len(path.losses) < 61
    assert all(map(math.isfinite, path.losses))
    assert best_path(ravine(50.0), SGD, (1e6, 1e-6), 60).learning_rate == 1e-6


def test_a_path_that_leaves_the_drawn_part_cannot_win():
    flat = Surface("slope", lambda w: -w[..., 0], (0.0, 0.0), (-1.0, -1.0), (1.0, 1.0))
    path = best_path(flat, SGD, (0.05, 0.5), 10)
    assert path.learning_rate == 0.05
    assert inside(flat, path)
    assert not inside(flat, descend(flat, SGD, 0.5, 10))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"learning_rate is 0"):
        descend(ravine(), SGD, 0, 5)
    with pytest.raises(ValueError, match="steps is 0"):
        descend(ravine(), SGD, 0.1, 0)
    with pytest.raises(ValueError, match="grid is empty"):
        best_path(ravine(), SGD, (), 5)
