"""Whether an attribute of a graph belongs to its nodes, to its edges or to the graph as a whole."""

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data.data import Data
from torch_geometric.data.hypergraph_data import HyperGraphData

Level: TypeAlias = Literal["node", "edge", "graph"]
Levels: TypeAlias = Mapping[str, Level]

_KNOWN: dict[str, Level] = {
    **dict.fromkeys(("x", "pos", "batch", "feat", "node_type", "n_id", "position", "count"), "node"),
    **dict.fromkeys(("edge_attr", "edge_weight", "edge_type", "e_id", "edge_slot", "edge_hop"), "edge"),
    **dict.fromkeys(("ptr", "lengths"), "graph"),
}
_STRUCTURE = ("edge_index", "num_nodes")


def check_graph(data: Data) -> tuple[Tensor, int]:
    """The edges ``[2, E]`` of a graph and its number of nodes.

    Raises:
        TypeError: if ``data`` is no graph with nodes and edges of one kind.
        ValueError: if ``edge_index`` is missing, of another shape or dtype, or refers to a node that is not there.
    """
    if not isinstance(data, Data) or isinstance(data, HyperGraphData):
        hint = "; a HeteroData becomes one by its to_homogeneous()" if hasattr(data, "to_homogeneous") else ""
        raise TypeError(f"data is a {type(data).__name__}, expected Data, or a Batch of Data{hint}")
    ends = data.edge_index
    if ends is None:
        raise ValueError("edge_index is missing, expected int64 [2, E]")
    if ends.dim() != 2 or len(ends) != 2 or ends.is_floating_point():
        raise ValueError(f"edge_index is {ends.dtype} {list(ends.shape)}, expected int64 [2, E]")
    nodes = data.num_nodes or 0
    outside = ends[(ends < 0) | (ends >= nodes)]
    if len(outside):
        raise ValueError(f"edge_index refers to node {int(outside[0])} of {nodes}")
    return ends, nodes


def levels_of(data: Data, levels: Levels | None = None) -> dict[str, Level]:
    """The level of every attribute but ``edge_index`` and ``num_nodes``.

    The caller's choice has priority. Attributes of this library and of PyG are recognised by name; ``y`` belongs to the
    graph if it has one row per graph, or else to the nodes. Others are classified as by PyG's ``is_node_attr`` and
    ``is_edge_attr``, by their size along ``__cat_dim__``; where several sizes are the same, "edge" or "node" in the
    name decides. A name that begins with "graph_" belongs to the graph.

    Args:
        data: a graph, or a batch as one graph.
        levels: the level of some attributes: "node", "edge" or "graph".

    Raises:
        ValueError: if the name and the size of an attribute leave its level open, if its size is not that of its
            level, or if ``levels`` names no attribute or no level.
    """
    names = [name for name in data.keys() if name not in _STRUCTURE]  # noqa: SIM118
    levels = levels or {}
    for name, level in levels.items():
        if name not in names or level not in get_args(Level):
            raise ValueError(f"levels has {name!r}: {level!r}, expected an attribute and one of node, edge, graph")
    return {name: _level(data, name, levels.get(name)) for name in names}


def _level(data: Data, name: str, stated: Level | None) -> Level:
    rows = _rows(data, name)
    fitting = _fitting(data, name, rows)
    known = stated or (_KNOWN.get(name) if rows is not None else None)
    if name.startswith("graph_"):
        known = known or "graph"
    if known is not None:
        if known != "graph" and known not in fitting:
            size = _sizes(data)[known]
            got = "no rows" if rows is None else f"{rows} rows"
            raise ValueError(f"{name} has {got}, expected {size}, one per {known}, or levels={{{name!r}: ...}}")
        return known
    if name == "y" and (found := [level for level in ("graph", "node") if level in fitting]):
        return found[0]
    if len(fitting) < 2 and name != "y":
        return fitting[0] if fitting else "graph"
    named: list[Level] = [level for level in ("edge", "node") if level in name and level in fitting]
    if not named and fitting:
        alike = ", ".join(f"{_sizes(data)[level]} {level}s" for level in fitting)
        raise ValueError(
            f"{name} has {rows} rows in a graph of {alike}: say to what they belong, as in levels={{{name!r}: 'node'}}"
        )
    return named[0] if named else "graph"


def _rows(data: Data, name: str) -> int | None:
    """Entries along the dimension in which PyG joins graphs; ``None`` for a value of the whole graph."""
    value = data[name]
    if isinstance(value, list | tuple):
        return len(value)
    dim = data.__cat_dim__(name, value)
    if not isinstance(value, Tensor | np.ndarray) or value.ndim == 0 or not isinstance(dim, int):
        return None
    return int(value.shape[dim])


def _fitting(data: Data, name: str, rows: int | None) -> list[Level]:
    """The levels that have as many rows, in a batch graph by graph."""
    if rows is None:
        return []
    cuts = getattr(data, "_slice_dict", {})
    if name not in cuts or "edge_index" not in cuts or "ptr" not in data:
        return [level for level, size in _sizes(data).items() if size == rows]
    own = torch.as_tensor(cuts[name]).diff().cpu()
    counts: dict[Level, Tensor] = {
        "node": data.ptr.diff().cpu(),
        "edge": torch.as_tensor(cuts["edge_index"]).diff().cpu(),
        "graph": torch.ones_like(own),
    }
    return [level for level, count in counts.items() if torch.equal(count, own)]


def _sizes(data: Data) -> dict[Level, int]:
    edges = 0 if data.edge_index is None else data.edge_index.size(1)
    return {"node": data.num_nodes or 0, "edge": edges, "graph": getattr(data, "num_graphs", 1)}
