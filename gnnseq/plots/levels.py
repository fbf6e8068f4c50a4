"""How a batch of trees and paths is cut into levels."""

from collections.abc import Sequence
from pathlib import Path

import networkx as nx
from matplotlib.axes import Axes
from torch_geometric.data import Data

from gnnseq.graphs import to_networkx
from gnnseq.plots.graphs import Positions, draw_nodes, positions
from gnnseq.plots.style import figure, save


def plot_levels(data: Data, path: str | Path, labels: Sequence[str] | None = None) -> Path:
    """Draws the graphs of a batch side by side, every node on its level, the levels as bands.

    Levels are counted as a recurrence runs through them: the roots of all graphs are on the last, every child is one
    level below its parent (see `gnnseq.ops.Schedule`).

    Args:
        data: a batch of trees and paths.
        path: of the PNG.
        labels: what to write into the nodes; their symbols otherwise.

    Raises:
        ValueError: if a node has several parents.
    """
    graph = to_networkx(Data(edge_index=data.edge_index, num_nodes=data.num_nodes))
    busy = [node for node, out in graph.out_degree() if out > 1]
    if busy:
        raise ValueError(f"node {busy[0]} has {graph.out_degree(busy[0])} parents, expected trees and paths")
    level, places = levels(graph), _places(graph)
    width = max(across for across, _ in places.values())
    drawn = figure(3.4 + 0.55 * width, 0.8 + 0.62 * max(level.values()))
    axes = drawn.subplots()
    _bands(axes, list(level.values()), width)
    named = labels if labels is not None else map(str, data.x.flatten().tolist())
    roots = [node for node, out in graph.out_degree() if out == 0]
    draw_nodes(axes, graph, places, named, roots, node_size=420, font_size=10, arrowstyle="-|>")
    axes.set_title("one batch: the nodes of a level, in all graphs, are computed together", fontsize=10)
    return save(drawn, path)


def levels(graph: "nx.DiGraph[int]") -> dict[int, int]:
    """The level of each node from 1; the roots are on the last."""
    above: dict[int, int] = {}
    for node in reversed(list(nx.topological_sort(graph))):
        above[node] = max((above[parent] + 1 for parent in graph.successors(node)), default=0)
    last = max(above.values()) + 1
    return {node: last - hops for node, hops in above.items()}


def _places(graph: "nx.DiGraph[int]") -> Positions:
    """Each graph to the right of the one before, each node as high as its level."""
    level, left = levels(graph), 0.0
    places: dict[int, tuple[float, float]] = {}
    for part in sorted(nx.weakly_connected_components(graph), key=min):
        own = graph.subgraph(part)
        upright = max(dict(own.in_degree()).values()) <= 1  # a path
        across = {node: 0.0 if upright else place for node, (place, _) in positions(own).items()}
        places |= {node: (left + place, float(level[node])) for node, place in across.items()}
        left += max(across.values()) + 1.4
    return places


def _bands(axes: Axes, level: Sequence[int], width: float) -> None:
    for number in range(1, max(level) + 1):
        axes.axhspan(number - 0.5, number + 0.5, color="0.92" if number % 2 else "1.0", zorder=-2)
        axes.text(-0.7, number, f"level {number}", ha="right", va="center", fontsize=10)
        count = level.count(number)
        axes.text(width + 0.7, number, f"{count} node{'s' * (count > 1)}, one step", va="center", fontsize=10)
    axes.set_xlim(-2.4, width + 3.4)
    axes.set_ylim(0.5, max(level) + 0.5)
