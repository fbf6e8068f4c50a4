"""Random walks and diffusion on directed graphs against dense matrices, and the filters of layers on them."""

import copy
import pickle

import pytest
import reference
import torch
from gradients import assert_same
from signal_graphs import F, H, dense, graph, random_states, signals
from torch.testing import assert_close

from gnnseq.layers import GCRN, ChebFilter, GraphGRU
from gnnseq.ops import (
    DiffusionOperator,
    SparseOperator,
    chebyshev_terms,
    diffusion_operator,
    random_walk,
    scaled_laplacian,
)

N = 6
EDGES = torch.tensor([[0, 1, 2, 3, 0, 5, 2], [1, 2, 3, 0, 2, 5, 4]])  # 4 has no edge that leaves, 5 only its own


def weights():
    return (torch.rand(EDGES.size(1), dtype=torch.float64) + 0.2).requires_grad_()


def test_a_walk_is_the_dense_one_and_keeps_what_it_spreads():
    weight = weights()
    walk, reverse = reference.random_walks(reference.adjacency(EDGES, N, weight))
    assert_close(random_walk(EDGES, N, weight).to_dense(), walk)
    assert_close(random_walk(EDGES.flip(0), N, weight).to_dense(), reverse)
    assert_close(walk.sum(0), torch.tensor([1.0, 1, 1, 1, 0, 1], dtype=torch.float64))


@pytest.mark.parametrize("hops", [0, 1, 3])
@pytest.mark.parametrize("learned", [True, False])
def test_gcrn_diffuses_as_the_slow_reference(hops, learned):
    weight, x, state = weights(), signals(N), random_states(2, N)
    weight = weight if learned else weight.detach()
    layer = GCRN(F, H, 1 + 2 * hops).double()
    pair = reference.random_walks(reference.adjacency(EDGES, N, weight))
    slow, slow_state = reference.gcrn(
        x, [pair] * x.size(1), layer.weight_x, layer.weight_h, layer.bias, layer.peephole, state
    )
    out, final = layer(x, diffusion_operator(EDGES, N, weight), state=state)
    inputs = [x, *state, *layer.parameters(), *([weight] if learned and hops else [])]
    assert_same([out, *final], [slow, *slow_state], inputs)


@pytest.mark.parametrize("K", [1, 2, 4])
def test_one_direction_of_an_undirected_graph_is_the_rw_filter(K):
    """T_k(-L) = (-1)^k T_k(L)."""
    (edges, weight), x = graph([5, 3]), signals(8)
    layer = ChebFilter(F, H, K, "rw").double()
    signs = torch.tensor([(-1.0) ** k for k in range(K)], dtype=torch.float64).view(-1, 1, 1)
    expected = layer(x, edges, weight)
    with torch.no_grad():
        layer.weight.mul_(signs)
    assert_close(layer(x, random_walk(edges, 8, weight)), expected)
    both = diffusion_operator(edges, 8, weight)
    assert_close(both.to_dense(), -scaled_laplacian(edges, 8, weight, "rw").to_dense())
    assert_close(both.reverse.to_dense(), both.to_dense())
    assert_close(both.to_dense(), -dense(edges, 8, weight, "rw"))


def test_powers_of_the_paper_span_the_same_filters():
    pair = reference.random_walks(reference.adjacency(EDGES, N))
    x = torch.randn(N, 1, dtype=torch.float64)
    powers = torch.cat([x, *(torch.cat([P @ x, P @ P @ x], dim=1) for P in pair)], dim=1)
    terms = torch.cat(chebyshev_terms(diffusion_operator(EDGES, N), x, 5), dim=1)
    for one, other in ((powers, terms), (terms, powers)):
        assert_close(one @ torch.linalg.lstsq(one, other).solution, other)


def test_signals_of_a_batch_are_those_one_by_one_and_nan_stays_upstream():
    layer, operator = GraphGRU(F, H, 3), diffusion_operator(EDGES, N)
    x = torch.randn(3, N, 4, F)
    x[1, 5] = torch.nan  # node 5 has no edge to another
    out, h = layer(x, operator)
    for b in range(3):
        one, state = layer(x[b], operator)
        assert_close(out[b], one, equal_nan=True)
        assert_close(h[b], state, equal_nan=True)
    assert out.isnan().any(-1).any(-1).nonzero().tolist() == [[1, 5]]


def test_the_fast_pass_does_not_run_on_two_directions():
    x, operator, layer = torch.randn(N, 4, F), diffusion_operator(EDGES, N), GCRN(F, H, 3)
    fast = layer(x, operator)[0]
    layer.fused = False
    assert torch.equal(layer(x, operator)[0], fast)
    assert not torch.allclose(layer(x, random_walk(EDGES, N))[0], fast)


def test_it_moves_is_copied_and_pickled():
    operator = diffusion_operator(EDGES, N)
    x = torch.randn(N, F, dtype=torch.float64)
    for other in (copy.deepcopy(operator).double(), pickle.loads(pickle.dumps(operator)).double()):
        assert other.reverse.weight.dtype == torch.float64
        for one, two in zip(chebyshev_terms(operator, x, 5), chebyshev_terms(other, x, 5), strict=True):
            assert_close(one, two)
    assert operator.state_dict() == {}


def test_a_saved_operator_is_loaded_with_its_weights():
    weight = torch.rand(EDGES.size(1))
    saved = diffusion_operator(EDGES, N, weight).saved()
    blank = diffusion_operator(torch.zeros_like(EDGES), N).saved()
    assert set(saved.state_dict()) == {"edge_index", "weight", "reverse.edge_index", "reverse.weight"}
    before = blank.to_dense()
    blank.load_state_dict(saved.state_dict())
    assert not torch.equal(blank.to_dense(), before)
    assert torch.equal(blank.to_dense(), saved.to_dense())
    assert torch.equal(blank.reverse.to_dense(), saved.reverse.to_dense())
    small = random_walk(torch.zeros(2, EDGES.size(1), dtype=torch.long), 2).saved()
    with pytest.raises(ValueError, match="edge_index refers to node 5 of 2"):
        small.load_state_dict(random_walk(EDGES, N, weight).saved().state_dict())


def test_bad_input():
    with pytest.raises(ValueError, match=r"edge_weight\[1\] is -1.0, expected >= 0"):
        random_walk(EDGES, N, torch.tensor([1.0, -1, 1, 1, 1, 1, 1]))
    with pytest.raises(ValueError, match=r"K is 2, expected an odd number for DiffusionOperator\(nodes=6, edges=7\)"):
        GCRN(F, H, 2)(torch.randn(N, 4, F), diffusion_operator(EDGES, N))
    with pytest.raises(ValueError, match="reverse has 2 nodes, expected 6 as walk"):
        DiffusionOperator(random_walk(EDGES, N), SparseOperator(EDGES[:, :1], torch.ones(1), 2))
    with pytest.raises(ValueError, match=r"edge_index is directed.*pass gnnseq.ops.diffusion_operator"):
        GCRN(F, H, 2)(torch.randn(N, 4, F), EDGES)
