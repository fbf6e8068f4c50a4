import pytest
import torch
from analysis.dense import path

from gnnseq.analysis.jacobian.products.seeds import Layout, by_hops, ends_and_middles, halves
from gnnseq.analysis.reach import nearby


def layout(sizes):
    graph = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    return Layout(graph, graph)


def joined(graphs):
    """Edges of graphs side by side, from (edges, number of nodes)."""
    first, parts = 0, []
    for edges, size in graphs:
        parts.append(edges + first)
        first += size
    return torch.cat(parts, dim=1)


def check(edges, sizes, reach):
    """No row comes near two seeds of one colour, and every row within reach shows its seed."""
    of = layout(sizes)
    near = nearby(edges, of.seed_graph, reach + 1)
    colouring = by_hops(near, of, reach)
    graph, first = of.read_graph, of.first
    for row in range(len(graph)):
        colours, within = [], {}
        for position in range(sizes[int(graph[row])]):
            if near[position, row] >= 0:
                colour = int(colouring.colour[first[row] + position])
                colours.append(colour)
                if near[position, row] <= reach:
                    within[colour] = position
        assert len(set(colours)) == len(colours)
        shown = {c: p for c, p in enumerate(colouring.owner[:, row].tolist()) if p >= 0}
        assert shown == within
    return colouring


def test_layout_of_a_batch():
    of = layout([3, 1, 2])
    assert of.position.tolist() == [0, 1, 2, 0, 0, 1]
    assert (of.num_positions, of.num_graphs) == (3, 3)
    assert of.count.tolist() == [3, 1, 2]
    assert of.first.tolist() == [0, 0, 0, 3, 4, 4]
    assert of.exists.tolist() == [[True] * 6, [True] * 3 + [False, True, True], [True] * 3 + [False] * 3]
    assert of.whole().num_graphs == 1


def test_outputs_of_graphs_read_seeds_of_nodes():
    of = Layout(torch.tensor([0, 0, 0, 1]), torch.tensor([0, 1]))
    assert of.first.tolist() == [0, 3]
    assert of.exists.tolist() == [[True, True], [True, False], [True, False]]


@pytest.mark.parametrize("reach", [0, 1, 3])
@pytest.mark.parametrize("both", [True, False])
def test_paths_need_as_few_colours_as_can_be(both, reach):
    sizes = [20, 7, 1]
    edges = joined([(path(n, both), n) for n in sizes])
    colouring = check(edges, sizes, reach)
    assert colouring.num_colours == (2 * (reach + 1) + 1 if both else reach + 2)


@pytest.mark.parametrize("number", range(4))
def test_random_graphs(number):
    generator = torch.Generator().manual_seed(number)
    pairs = [torch.randint(0, n, (2, n), generator=generator) for n in (15, 8)]
    edges = joined([(torch.cat([p, p.flip(0)], dim=1), n) for p, n in zip(pairs, (15, 8), strict=True)])
    check(edges, [15, 8], 1)


def test_nodes_without_edges_share_one_colour():
    assert check(torch.empty(2, 0, dtype=torch.long), [4, 2], 2).num_colours == 1


def test_first_middle_and_last_of_each_graph():
    found = ends_and_middles(layout([5, 1, 2]))
    assert [row.nonzero().view(-1).tolist() for row in found] == [[0, 5, 6], [2, 5, 6], [4, 5, 7]]


def test_halves_tell_any_two_graphs_apart():
    seeds, reads = halves(layout([1] * 5))
    assert torch.equal(seeds, reads)
    for one in range(5):
        for other in range(5):
            assert bool((seeds[:, one] & ~reads[:, other]).any()) is (one != other)
