"""Batches of graphs for the tests of recurrences and filters, as (edge_index, sizes)."""

import torch
from hypothesis import strategies as st


def path_edges(lengths):
    """Paths one after the other, each node to the next number."""
    nodes = torch.arange(sum(lengths))
    last = torch.tensor(lengths).cumsum(0) - 1
    source = nodes[~torch.isin(nodes, last)]
    return torch.stack([source, source + 1])


def dag_edges(sizes, probability=0.4):
    """Random DAGs from lower to higher numbers: skips, several roots, isolated nodes."""
    edges, first = [], 0
    for n in sizes:
        chosen = torch.rand(n, n).triu(diagonal=1) > 1 - probability
        edges.append(chosen.nonzero().t() + first)
        first += n
    return torch.cat(edges, dim=1)


def tree_edges(sizes, arity=None):
    """Random trees, child to a parent of higher number; with at most `arity` children a node."""
    source, target, first = [], [], 0
    for n in sizes:
        room = {}
        for child in range(n - 2, -1, -1):
            free = [v for v in range(child + 1, n) if arity is None or room.get(v, 0) < arity]
            parent = free[int(torch.randint(len(free), ()))]
            room[parent] = room.get(parent, 0) + 1
            source.append(first + child)
            target.append(first + parent)
        first += n
    return torch.tensor([source, target], dtype=torch.long).view(2, -1)


def slots_of(edge_index, arity):
    """A place for each edge's child, by chance among those still free at the parent."""
    free, slots = {}, []
    for parent in edge_index[1].tolist():
        places = free.setdefault(parent, torch.randperm(arity).tolist())
        slots.append(places.pop())
    return torch.tensor(slots, dtype=torch.long)


def undirected_edges(sizes, probability=0.4):
    """Random undirected graphs, both directions of every edge, no self-loops."""
    edges = dag_edges(sizes, probability)
    return torch.cat([edges, edges.flip(0)], dim=1)


def batch_vector(sizes):
    """Graph of each node."""
    return torch.repeat_interleave(torch.tensor(sizes))


def one_by_one(edge_index, sizes):
    """List (nodes as a slice, the edges among them counted from 0, positions of these edges)."""
    parts, first = [], 0
    for n in sizes:
        own = ((edge_index[0] >= first) & (edge_index[0] < first + n)).nonzero().view(-1)
        parts.append((slice(first, first + n), edge_index[:, own] - first, own))
        first += n
    return parts


def renumbered(edge_index, new_number, shuffle=True):
    """The same edges after node v became new_number[v], in another order."""
    edges = new_number[edge_index]
    return edges[:, torch.randperm(edges.size(1))] if shuffle else edges


@st.composite
def dag_batches(draw):
    """(edge_index, sizes) of up to four DAGs of one to six nodes, repeated edges excluded."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    edges, first = [], 0
    for n in sizes:
        pairs = [(u, v) for v in range(n) for u in range(v)]
        chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
        edges += [(first + u, first + v) for u, v in chosen]
        first += n
    return torch.tensor(edges, dtype=torch.long).view(-1, 2).t(), sizes


def full_trees(arity, inner_nodes):
    """Random trees, one for each number of inner nodes: edges from child to parent, and the places of the children."""
    edges, slots, first = [], [], 0
    for count in inner_nodes:
        size = count * arity + 1
        row, free = list(range(size - count)), size - count
        while len(row) > 1:
            start = int(torch.randint(len(row) - arity + 1, ()))
            for slot in torch.randperm(arity).tolist():
                edges.append((first + row[start + slot], first + free))
                slots.append(slot)
            row[start : start + arity] = [free]
            free += 1
        first += size
    return torch.tensor(edges, dtype=torch.long).view(-1, 2).t(), torch.tensor(slots, dtype=torch.long), first
