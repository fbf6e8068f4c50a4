import torch

from gnnseq.studies.audit.gpvar import BEST_MAE, SIGMA, WEIGHTS, community_graph, gpvar_signals


def test_the_graph_is_a_row_of_triangles():
    A = community_graph(3)
    assert A.shape == (18, 18)
    assert torch.equal(A, A.t())
    assert A.sum() / 2 == 3 * 9 + 2
    assert sorted(A[:6, :6].sum(0).tolist()) == [2, 2, 2, 4, 4, 4]
    assert A[5, 6] == A[11, 12] == 1


def test_the_rule_errs_by_the_noise_alone():
    signals = gpvar_signals(steps=3_000, communities=2, seed=0)
    x = signals.values
    hop = signals.adjacency + torch.eye(12)
    powers = [torch.eye(12), hop, hop @ hop]
    early, late = (sum(WEIGHTS[hops][p] * powers[hops] for hops in range(3)) for p in (0, 1))
    best = torch.tanh(x[:-2] @ early.t() + x[1:-1] @ late.t())
    error = x[2:] - best
    assert abs(float(error.std()) - SIGMA) < 0.01
    assert abs(float(error.abs().mean()) - BEST_MAE) < 0.005
    assert round(BEST_MAE, 4) == 0.3192


def test_the_seed_decides():
    assert torch.equal(gpvar_signals(50).values, gpvar_signals(50).values)
    assert not torch.equal(gpvar_signals(50).values, gpvar_signals(50, seed=1).values)
