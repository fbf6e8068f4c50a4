import networkx as nx
import pytest
import torch
from torch_geometric.utils import to_networkx

from gnnseq.experiments import SEQUENCE_FAMILIES, PalindromeTask, find_family

EDGE_FAMILIES = [f for f in SEQUENCE_FAMILIES if f.name not in ("gcrn", "bag")]


def one_graph(family, length):
    task = PalindromeTask(length)
    return next(task.batches(family.view, 0, "train", 1, 1))


@pytest.mark.parametrize("length", [3, 5, 9, 10, 20, 34])
@pytest.mark.parametrize("family", EDGE_FAMILIES, ids=lambda family: family.name)
def test_hops_required_are_the_shortest_way_from_the_first_digit_to_the_root(family, length):
    batch = one_graph(family, length)
    graph = to_networkx(batch)
    root = batch.num_nodes - 1
    assert family.sight(PalindromeTask(length)).required == nx.shortest_path_length(graph, 0, root)


@pytest.mark.parametrize("length", [5, 10, 11, 20])
@pytest.mark.parametrize("family", SEQUENCE_FAMILIES, ids=lambda family: family.name)
def test_the_first_digit_matters_exactly_where_the_family_says_it_sees(family, length):
    task = PalindromeTask(length)
    torch.manual_seed(0)
    model = family.build(task, 12, 8).double().eval()
    digits = torch.randint(0, 10, (4, length - 1))
    changed = digits.clone()
    changed[:, 0] = (digits[:, 0] + 1) % 10
    y = torch.zeros(4, dtype=torch.long)
    collate = family.collate(task)
    same = torch.equal(model(collate((digits, y))), model(collate((changed, y))))
    assert same is not family.sight(task).sees


def test_the_bag_ignores_order():
    family, task = find_family("bag"), PalindromeTask(8)
    model = family.build(task, 12, 8).double()
    digits = torch.randint(0, 10, (4, 7))
    y, collate = torch.zeros(4, dtype=torch.long), family.collate(task)
    assert torch.allclose(model(collate((digits, y))), model(collate((digits.flip(1), y))), atol=1e-12)


def test_every_family_sees_the_same_samples():
    task = PalindromeTask(9)
    targets = [torch.stack([b.y for b in task.batches(family.view, 5, "train", 16, 3)]) for family in SEQUENCE_FAMILIES]
    assert all(torch.equal(targets[0], other) for other in targets[1:])
