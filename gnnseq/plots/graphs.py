"""Drawings of small graphs: a path, a tree, the graph of symbols."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import networkx as nx
from matplotlib.axes import Axes
from torch_geometric.data import Data

from gnnseq.graphs import to_networkx
from gnnseq.plots.style import COLOURS, figure, save

Positions = Mapping[int, tuple[float, float]]


def plot_graphs(
    graphs: Mapping[str, Data], path: str | Path, labels: Mapping[str, Sequence[str]] | None = None
) -> Path:
    """Draws graphs side by side, arrows along the flow of information, the root in another colour.

    Trees stand upright and paths lie; any other graph is drawn on a circle.

    Args:
        graphs: a title for each graph.
        path: of the PNG.
        labels: for some titles, what to write into the nodes; their symbols otherwise.

    Raises:
        ValueError: for no graphs.
    """
    if not graphs:
        raise ValueError("graphs is empty, expected at least one")
    drawn = figure(4.2 * len(graphs), 3.2)
    axes = drawn.subplots(1, len(graphs), squeeze=False)[0]
    for place, (title, data) in zip(axes, graphs.items(), strict=True):
        own = (labels or {}).get(title)
        _draw(place, data, own if own is not None else [str(symbol) for symbol in data.x.flatten().tolist()])
        place.set_title(title, fontsize=10)
    return save(drawn, path)


def _draw(axes: Axes, data: Data, labels: Sequence[str]) -> None:
    graph = to_networkx(Data(edge_index=data.edge_index, num_nodes=data.num_nodes))
    one_way = not any(graph.has_edge(v, u) for u, v in graph.edges)
    roots = [data.num_nodes - 1] if one_way else []
    places = positions(graph)
    crowded = max(Counter(height for _, height in places.values()).values())
    shrink = min(1.0, 6 / crowded)
    sizes = {"node_size": 520 * shrink**1.5, "font_size": 10 * shrink**0.5}
    draw_nodes(axes, graph, places, labels, roots, arrowstyle="-|>" if one_way else "-", **sizes)
    axes.margins(0.15)


def draw_nodes(
    axes: Axes, graph: "nx.DiGraph[int]", places: Positions, labels: Iterable[str], roots: Collection[int], **look: Any
) -> None:
    """Nodes and edges without axes, the roots in another colour."""
    colours = [COLOURS[4] if node in roots else COLOURS[5] for node in graph]
    named = dict(enumerate(labels))
    nx.draw_networkx(graph, places, ax=axes, labels=named, node_color=colours, edgecolors="black", **look)
    axes.set_axis_off()


def positions(graph: "nx.DiGraph[int]") -> Positions:
    """Where each node is drawn: a path from left to right, a tree with its root on top, others on a circle."""
    out = dict(graph.out_degree())
    if not nx.is_directed_acyclic_graph(graph) or max(out.values()) > 1:
        circle = nx.circular_layout(graph)
        return {node: (float(x), float(y)) for node, (x, y) in circle.items()}
    if max(dict(graph.in_degree()).values()) <= 1:
        return {node: (float(place), 0.0) for place, node in enumerate(nx.topological_sort(graph))}
    return _tree_positions(graph)


def _tree_positions(graph: "nx.DiGraph[int]") -> Positions:
    """Leaves in the order of their numbers, each inner node over the middle of its children."""
    root = next(node for node in graph if graph.out_degree(node) == 0)
    depth = nx.single_source_shortest_path_length(graph.reverse(copy=False), root)
    across: dict[int, float] = {}
    for node in nx.topological_sort(graph):
        children = list(graph.predecessors(node))
        leaves_so_far = sum(1 for placed in across if graph.in_degree(placed) == 0)
        across[node] = sum(across[child] for child in children) / len(children) if children else float(leaves_so_far)
    return {node: (across[node], -float(depth[node])) for node in graph}
