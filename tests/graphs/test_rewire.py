import torch

from gnnseq.graphs import rewired


def test_every_node_keeps_its_degree_and_all_weights_stay():
    A = torch.rand(12, 12, generator=torch.Generator().manual_seed(0)).triu(1)
    A = A * (A > 0.5)
    A = A + A.t()
    other = rewired(A, seed=0)
    assert torch.equal(other, other.t())
    assert ((other > 0).sum(0) == (A > 0).sum(0)).all()
    assert not torch.equal(other > 0, A > 0)
    assert torch.equal(other[other > 0].sort().values, A[A > 0].sort().values)


def test_a_seed_gives_one_graph_and_another_seed_another():
    A = torch.zeros(10, 10)
    for node in range(10):
        for step in (1, 2):
            A[node, (node + step) % 10] = A[(node + step) % 10, node] = 1.0
    assert torch.equal(rewired(A, 3), rewired(A, 3))
    assert not torch.equal(rewired(A, 3), rewired(A, 4))


def test_a_graph_whose_edges_cannot_be_swapped_has_none():
    assert rewired(torch.ones(6, 6).fill_diagonal_(0.0), 0) is None
    star = torch.zeros(6, 6)
    star[0, 1:] = star[1:, 0] = 1.0
    assert rewired(star, 0) is None
