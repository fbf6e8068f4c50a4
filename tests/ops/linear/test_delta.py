"""The delta rule in chunks against a loop over its equation: outputs, gradients, hand-over, resting steps."""

import pytest
import torch
from torch.testing import assert_close

from gnnseq.ops.linear.delta import delta_rule


def step_by_step(q, k, v, beta, state):
    """S_t = (I - beta_t k_t k_t^T) S_{t-1} + beta_t k_t v_t^T and S_t^T q_t, one step after the other."""
    reads, identity = [], torch.eye(k.size(-1), dtype=k.dtype)
    for t in range(k.size(-2)):
        key, value, strength = k[..., t, :], v[..., t, :], beta[..., t, :, None]
        outer = key[..., :, None] * key[..., None, :]
        state = (identity - strength * outer) @ state + strength * key[..., :, None] * value[..., None, :]
        reads.append((state.mT @ q[..., t, :, None]).squeeze(-1))
    return torch.stack(reads, dim=-2), state


def draw(T, d=5, e=3):
    """Queries, unit keys, values, strengths from 0 to 2 and a first state, for 2 x 3 paths."""
    size = (2, 3, T)
    k = torch.nn.functional.normalize(torch.randn(*size, d, dtype=torch.double), dim=-1)
    q, v = torch.randn(*size, d, dtype=torch.double), torch.randn(*size, e, dtype=torch.double)
    drawn = q, k, v, 2 * torch.rand(*size, 1, dtype=torch.double), torch.randn(2, 3, d, e, dtype=torch.double)
    return [x.requires_grad_() for x in drawn]


@pytest.mark.parametrize("T", [1, 2, 63, 64, 65, 130])
def test_chunks_equal_the_loop(T):
    drawn = draw(T)
    found, expected = delta_rule(*drawn), step_by_step(*drawn)
    weights = [torch.randn_like(x) for x in expected]
    assert_close(found, expected, rtol=0, atol=1e-12)
    gradients = [torch.autograd.grad(out, drawn, weights) for out in (found, expected)]
    assert_close(*gradients, rtol=0, atol=1e-11)


def test_a_path_in_two_parts_equals_the_whole():
    q, k, v, beta, state = draw(100)
    whole, last = delta_rule(q, k, v, beta, state)
    first, handed = delta_rule(*(x[..., :37, :] for x in (q, k, v, beta)), state)
    second, end = delta_rule(*(x[..., 37:, :] for x in (q, k, v, beta)), handed)
    assert_close(torch.cat([first, second], dim=-2), whole, rtol=0, atol=1e-12)
    assert_close(end, last, rtol=0, atol=1e-12)


def test_strength_and_key_of_0_keep_the_state():
    q, k, v, beta, state = draw(70)
    _, last = delta_rule(q, 0 * k, v, 0 * beta, state)
    assert torch.equal(last, state)


def test_strength_1_stores_the_value_of_a_unit_key():
    _, k, v, beta, state = draw(66)
    reads, _ = delta_rule(k, k, v, torch.ones_like(beta), state)
    assert_close(reads, v)


@pytest.mark.parametrize("part", ["k", "v", "beta"])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_what_is_not_finite_stays_in_later_steps(part, value):
    given = dict(zip("qkv", draw(70), strict=False)) | dict(zip(("beta", "state"), draw(70)[3:], strict=True))
    given = {name: x.detach() for name, x in given.items()}
    clean = delta_rule(**given)[0]
    given[part][0, 1, 66] = value
    found = delta_rule(**given)[0]
    assert_close(found[0, 1, :66], clean[0, 1, :66])
    assert_close(found[1], clean[1])
    assert not found[0, 1, 66:].isfinite().any()
