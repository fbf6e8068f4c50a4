from dataclasses import dataclass, replace

import networkx as nx
import pytest
import torch
from torch_geometric.utils import to_networkx

from gnnseq.experiments import GRAPH_FAMILIES, SEQUENCE_FAMILIES, PalindromeTask, find_family
from gnnseq.experiments.encoders import graph_layers, steps
from gnnseq.graphs import path_batch

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


@dataclass(frozen=True)
class OnGraphs(PalindromeTask):
    """Palindromes whose paths count as graphs, or as trees without branches."""

    known: bool = True

    @property
    def views(self):
        views = PalindromeTask(self.length).views
        return {"graph": views["path both ways"], "tree": views["path"], "path": views["path"]}

    def required(self, view):
        return self.num_steps - 1 if self.known else None


@pytest.mark.parametrize("family", [f for f in GRAPH_FAMILIES if f.view != "signals"], ids=lambda family: family.name)
def test_models_on_graphs_are_deep_enough_for_the_hops_required(family):
    task = OnGraphs(9)
    assert graph_layers(task) == 8
    assert family.sight(task).sees
    torch.manual_seed(0)
    model = family.build(task, 6, 4)
    family.initialise(model, task)
    model = model.double().eval()
    digits = torch.randint(0, 10, (4, 8))
    changed = digits.clone()
    changed[:, 0] = (digits[:, 0] + 1) % 10
    y, collate = torch.zeros(4, dtype=torch.long), family.collate(task)
    assert not torch.equal(model(collate((digits, y))), model(collate((changed, y))))
    assert graph_layers(replace(task, known=False)) == 2


def test_where_no_hops_are_known_the_longest_sequence_says_what_to_remember():
    assert steps(PalindromeTask(9)) == steps(OnGraphs(9, known=False)) == 8


def test_a_family_reads_series_on_a_graph():
    class Series:
        num_symbols, num_features, num_outputs, level = None, 2, 1, "node"

    family = find_family("gcrn-signals")
    batch = path_batch(torch.zeros(2, 5, 2), direction="both")
    batch.x = torch.rand(10, 4, 2)
    model = family.build(Series(), 6, 4)
    out = model(batch)
    assert out.shape == (10, 1)
    far = batch.clone()
    far.x = batch.x.clone()
    far.x[0] += 1
    changed = (model(far) != out).squeeze(1)
    assert changed[:4].all()  # one hop at each of four steps
    assert not changed[5:].any()


def test_the_bag_of_features_takes_the_mean():
    task = PalindromeTask(5, numbers=True)
    model = find_family("bag").build(task, 8, 4)
    once = torch.rand(1, 4, 1)
    twice = torch.cat([once, once], dim=1)
    a, b = (model(path_batch(x)) for x in (once, twice))
    torch.testing.assert_close(a, b)
