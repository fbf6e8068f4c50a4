"""A random graph in the place of a given one, as a control."""

import networkx as nx
import torch
from torch import Tensor


def rewired(adjacency: Tensor, seed: int) -> Tensor | None:
    """A random graph in which every node keeps its number of neighbours; weights are assigned at random.

    Edges are swapped in pairs, five times as often as there are edges.

    Args:
        adjacency: weights ``[N, N]`` of an undirected graph, zero on the diagonal.
        seed: of the swaps and the weights.

    Returns:
        The adjacency; None where edges cannot be swapped, as in a star or a complete graph.
    """
    graph = nx.from_numpy_array((adjacency > 0).numpy().astype(int))
    dense = 2 * nx.density(graph) > 1  # a swap in the complement is one in the graph, and quicker to find
    swapped = nx.complement(graph) if dense else graph
    swaps = 5 * swapped.number_of_edges()
    try:
        nx.double_edge_swap(swapped, swaps, max_tries=100 * swaps, seed=seed)
    except nx.NetworkXException:
        return None
    graph = nx.complement(swapped) if dense else swapped
    rows, columns = torch.tensor(sorted(graph.edges)).t()
    weight = adjacency[adjacency.triu() > 0]
    weight = weight[torch.randperm(len(weight), generator=torch.Generator().manual_seed(seed))]
    half = torch.zeros_like(adjacency).index_put((rows, columns), weight)
    return half + half.t()
