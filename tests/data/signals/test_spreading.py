from typing import get_args

import pytest
import torch
from torch.testing import assert_close

from gnnseq.data.signals.spreading import Rule, spreading_noise, spreading_signals

RULES = get_args(Rule)


@pytest.mark.parametrize("rule", RULES)
def test_what_is_left_after_the_rule_is_the_noise(rule):
    """The rule, written anew from its formula; of "signed" the weights are found by least squares on the graph."""
    signals = spreading_signals(20, 3000, seed=1, rule=rule)
    mean, deviation = signals.units
    x, A = mean + signals.values.double() * deviation, signals.adjacency.double()
    degree, before, after = A.sum(1), x[:-1], x[1:]
    if rule == "symmetric":
        forecast = 0.95 * before @ (A / (degree[:, None] * degree).sqrt()).t()
    elif rule == "signed":
        forecast = torch.empty_like(after)
        for node in range(20):
            used = A[node] > 0
            weights = torch.linalg.lstsq(before[:, used], after[:, node]).solution
            forecast[:, node] = before[:, used] @ weights
    else:
        forecast = 0.95 * before @ (A / degree[:, None]).t()
        if rule == "saturating":
            forecast = 2 * 0.95 * torch.tanh(before @ (A / degree[:, None]).t())
    noise = spreading_noise(20, 3000, seed=1, rule=rule)[1:] * deviation
    missed = (after - forecast - noise).square().mean().sqrt()
    assert float(missed) < (0.1 if rule == "signed" else 1e-5)
    assert abs(float(noise.square().mean()) - 1) < 0.03
    assert float(after.square().mean()) > 1.05


def test_rules_share_the_graph_and_the_noise_and_signed_weights_have_both_signs():
    made = {rule: spreading_signals(12, 100, seed=3, rule=rule) for rule in RULES}
    assert all(torch.equal(one.adjacency, made["mean"].adjacency) for one in made.values())
    assert len({float(one.values.sum()) for one in made.values()}) == len(RULES)


def test_numbers_do_not_depend_on_the_processor():
    """As first drawn; torch's normal numbers differ between processors, and these must not."""
    expected = torch.tensor([[-0.29386011, -0.78967571, -0.62705463], [-0.55730659, 0.56494343, 0.48347053]])
    assert_close(spreading_signals(6, 40).values[:2, :3], expected, atol=1e-5, rtol=0)


def test_bad_input():
    with pytest.raises(ValueError, match="rule is 'none', expected one of symmetric, mean, signed, saturating"):
        spreading_signals(rule="none")
