"""The level-by-level recurrence, with a step simple enough to check by counting."""

import torch
from dags import batch_vector, dag_batches, path_edges
from hypothesis import given
from torch.testing import assert_close

from gnnseq.ops import Schedule, scan


def add_children(x, children, level):
    """h_v = x_v + sum of h over the children: counts weighted walks."""
    return (x if children is None else x + children.sum(children.states[0]),)


def walks(edge_index, num_nodes):
    """(I - A)^-1, A[target, source]: what reaches every node along all walks."""
    A = torch.zeros(num_nodes, num_nodes, dtype=torch.float64)
    A.index_put_(
        (edge_index[1], edge_index[0]),
        torch.ones(edge_index.size(1), dtype=torch.float64),
        accumulate=True,
    )
    return torch.linalg.inv(torch.eye(num_nodes, dtype=torch.float64) - A)


@given(dag_batches())
def test_every_walk_counts(graph):
    edge_index, sizes = graph
    n = sum(sizes)
    x = torch.eye(n, dtype=torch.float64, requires_grad=True)
    (h,) = scan(Schedule(edge_index, n), add_children, x)
    expected = walks(edge_index, n)
    assert_close(h, expected)
    (grad,) = torch.autograd.grad(h.sum(), x)
    assert_close(grad, expected.sum(0).unsqueeze(1).expand(n, n))


@given(dag_batches())
def test_leaves_read_the_initial_state(graph):
    edge_index, sizes = graph
    n = sum(sizes)
    batch = batch_vector(sizes)
    initial = torch.randn(len(sizes), 2, dtype=torch.float64, requires_grad=True)
    (h,) = scan(
        Schedule(edge_index, n, batch),
        add_children,
        torch.zeros(n, 2, dtype=torch.float64),
        (initial,),
    )
    is_leaf = ~torch.isin(torch.arange(n), edge_index[1])
    expected = walks(edge_index, n) @ (initial[batch] * is_leaf.unsqueeze(1))
    assert_close(h, expected)
    assert_close(torch.autograd.grad(h.sum(), initial), torch.autograd.grad(expected.sum(), initial))


def test_levels_are_numbered_and_repeated_edges_count_twice():
    edges = torch.tensor([[0, 0, 1], [1, 1, 2]])
    seen = []

    def step(x, children, level):
        seen.append(level)
        return add_children(x, children, level)

    (h,) = scan(Schedule(edges, 3), step, torch.ones(3, 1))
    assert seen == [0, 1, 2]
    assert h.view(-1).tolist() == [1.0, 3.0, 4.0]


def test_two_kinds_of_state():
    def step(x, children, level):
        h = add_children(x, children, level)[0]
        return h, (torch.zeros_like(x) if children is None else children.sum(children.states[1]) + 1)

    schedule = Schedule(torch.cat([path_edges([4]), torch.tensor([[0], [3]])], dim=1), 4)
    h, steps = scan(schedule, step, torch.ones(4, 1))
    assert h.view(-1).tolist() == [1, 2, 3, 5]
    assert steps.view(-1).tolist() == [0, 1, 2, 3]
