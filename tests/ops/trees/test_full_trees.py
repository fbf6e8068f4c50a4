"""The order of full trees, in which siblings stand together."""

import pytest
import torch
from dags import full_trees

from gnnseq.ops import Schedule
from gnnseq.ops.trees.full_trees import FullTrees


@pytest.mark.parametrize("arity", [1, 2, 3])
def test_children_of_an_inner_node_are_neighbours_in_their_places(arity):
    edges, slot, n = full_trees(arity, (4, 0, 2, 7)) if arity > 1 else (torch.tensor([[0, 1, 3], [1, 2, 4]]), None, 5)
    slot = torch.zeros(3, dtype=torch.long) if slot is None else slot
    order = torch.randperm(edges.size(1))
    trees = FullTrees.of(Schedule(edges[:, order], n), slot[order], arity)
    assert torch.equal(trees.order[trees.place], torch.arange(n))
    assert torch.equal(torch.cat([trees.leaves, trees.inner]).sort().values, torch.arange(n))
    parent, place = torch.full((n,), -1), torch.zeros(n, dtype=torch.long)
    parent[edges[0]], place[edges[0]] = edges[1], slot
    children = torch.cat([block.flatten(1) for block in trees.children(trees.order.unsqueeze(1))])
    assert torch.equal(parent[children], trees.inner_nodes.unsqueeze(1).expand(-1, arity))
    assert torch.equal(place[children], torch.arange(arity).expand(len(children), -1))


def test_blocks_have_the_sizes_of_the_levels():
    edges, slot, n = full_trees(2, (4, 0, 2))
    schedule = Schedule(edges, n)
    trees = FullTrees.of(schedule, slot, 2)
    assert trees.sizes == [level.size - level.leaves for level in schedule.levels if level.size > level.leaves]
    assert [len(part) for part in trees.split(trees.inner)] == trees.sizes
    assert trees.split(None) == (None,) * len(trees.blocks)


def test_other_graphs_are_none():
    two_of_three = torch.tensor([[0, 1], [2, 2]])
    assert FullTrees.of(Schedule(two_of_three, 3), torch.tensor([0, 1]), 3) is None
    dag = torch.tensor([[0, 1, 0, 2], [2, 2, 3, 3]])
    assert FullTrees.of(Schedule(dag, 4), torch.tensor([0, 1, 0, 1]), 2) is None


def test_nodes_alone():
    trees = FullTrees.of(Schedule(torch.empty(2, 0, dtype=torch.long), 3), torch.empty(0, dtype=torch.long), 2)
    assert trees.blocks == []
    assert trees.children(torch.randn(3, 2)) == ()
    assert trees.num_roots == len(trees.leaves) == 3
