"""Baselines against the same computed by hand, with gaps."""

import pytest
import torch
from torch.testing import assert_close
from torch_geometric.data import Data

from gnnseq.models import Autoregression, MeanForecast, PersistenceForecast, SeasonalForecast
from gnnseq.ops import SparseOperator, gcn_operator, random_walk

B, N, L, H = 40, 4, 7, 3
EDGES = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
NAN = float("nan")


def batch(features=2):
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)  # noqa: E731
    return Data(x=draw(B, N, L, features), y=draw(B, N, H))


def test_mean_and_persistence():
    data = Data(x=torch.tensor([[1.0, 2, NAN], [NAN, NAN, NAN]]).view(1, 2, 3, 1))
    assert MeanForecast(2).fit([])(data).tolist() == [[[0, 0], [0, 0]]]
    assert PersistenceForecast(2).fit([])(data).tolist() == [[[2, 2], [0, 0]]]


def test_the_same_time_of_the_last_period():
    data = Data(x=torch.tensor([9.0, 1, 2, NAN]).view(1, 1, 4, 1))
    assert SeasonalForecast(5, 3)(data).tolist() == [[[1, 2, 0, 1, 2]]]
    with pytest.raises(ValueError, match=r"batch.x has 4 steps, expected at least one period of 5"):
        SeasonalForecast(2, 5)(data)
    with pytest.raises(ValueError, match="period is 0"):
        SeasonalForecast(2, 0)


def ridge(inputs, target):
    """Of rows ``[M, P]`` and ``[M]``; rows whose target is missing are left out."""
    kept = ~target.isnan()
    X, y = inputs[kept], target[kept]
    return torch.linalg.inv(X.t() @ X + 0.5 * torch.eye(X.size(1), dtype=X.dtype)) @ X.t() @ y


@pytest.mark.parametrize("per_node", [False, True])
@pytest.mark.parametrize("neighbours", [False, True])
def test_autoregression_is_ridge_regression_whatever_the_batches(per_node, neighbours):
    data = batch()
    data.x[3, 1, 5, 0] = data.y[2, 0, 1] = data.y[7, 3, 2] = NAN
    P = torch.rand(N, N, dtype=torch.float64)
    every = torch.cartesian_prod(torch.arange(N), torch.arange(N)).t()
    graph = SparseOperator(every, P.t().flatten(), N) if neighbours else None
    model = Autoregression(H, 4, graph, per_node, ridge=0.5)
    halves = [Data(x=data.x[part], y=data.y[part]) for part in (slice(0, 11), slice(11, B))]
    found = model.fit(halves)(data)
    lagged = data.x[..., -4:, 0].nan_to_num(0.0)
    inputs = torch.cat([lagged, P @ lagged], dim=-1) if neighbours else lagged
    for k in range(H):
        for node in range(N):
            chosen = slice(node, node + 1) if per_node else slice(None)
            weight = ridge(inputs[:, chosen].flatten(0, 1), data.y[:, chosen, k].flatten())
            assert_close(found[:, node, k], inputs[:, node] @ weight)


def test_coefficients_are_saved_and_found_again():
    data = batch(1)
    model = Autoregression(H, 2, gcn_operator(EDGES, N)).fit([data])
    again = Autoregression(H, 2, gcn_operator(EDGES, N))
    again.load_state_dict(model.state_dict())
    assert torch.equal(again(data), model(data))


def test_coefficients_of_another_horizon_are_refused():
    fitted = Autoregression(3, 2).fit([Data(x=torch.randn(2, 3, 5, 1), y=torch.zeros(2, 3, 3))])
    other = Autoregression(1, 2)
    with pytest.raises(RuntimeError, match="coefficients are of 3 steps ahead, expected 1"):
        other.load_state_dict(fitted.state_dict())
    assert other.coefficients is None


def test_it_finds_the_rule_of_a_series():
    walk = random_walk(EDGES, N)
    x = torch.randn(200, N, 3, 1, dtype=torch.float64)
    y = 0.5 * walk(x[:, :, -1, 0].t()).t() + 0.2 * x[:, :, -2, 0]
    model = Autoregression(1, 2, walk, ridge=0.0).fit([Data(x=x, y=y.unsqueeze(-1))])
    assert_close(model.coefficients.flatten(), torch.tensor([0.2, 0, 0, 0.5], dtype=torch.float64))


def test_bad_input():
    data = batch()
    with pytest.raises(ValueError, match=r"coefficients is None, expected fit\(batches\) before a forecast"):
        Autoregression(H, 2)(data)
    with pytest.raises(ValueError, match="batches is empty"):
        Autoregression(H, 2).fit([])
    with pytest.raises(ValueError, match=r"batch.x has 7 steps, expected at least 8 lags"):
        Autoregression(H, 8).fit([data])
    with pytest.raises(ValueError, match=r"batch.y has shape \[40, 4, 3\], expected \[40, 4, 2\]"):
        Autoregression(2, 2).fit([data])
    with pytest.raises(ValueError, match=r"batch.y has shape None"):
        Autoregression(2, 2).fit([Data(x=data.x)])
    with pytest.raises(ValueError, match="ridge is -1, expected >= 0"):
        Autoregression(H, 2, ridge=-1)
