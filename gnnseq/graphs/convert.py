"""To and from networkx, keeping order, direction, dtypes and shapes."""

import math
from copy import copy
from typing import Any, TypeAlias, cast

import networkx as nx
import numpy as np
import torch
from torch import Tensor
from torch_geometric.data.data import Data
from torch_geometric.utils.convert import to_networkx as pyg_to_networkx

Form: TypeAlias = tuple[str, str | None, list[int]]  # level, dtype, shape of an element
Rows: TypeAlias = list[dict[str, Any]]

_POSITION = "edge_position"
_FORMS = "forms"


def to_networkx(data: Data) -> "nx.DiGraph[int]":
    """A graph as a networkx ``DiGraph``, or a ``MultiDiGraph`` if two edges have the same ends.

    Nodes keep their order and edges their direction. Attributes become networkx attributes of
    nodes, edges and the graph, as numbers and lists. networkx sorts edges by source, so every edge
    holds its place as ``edge_position``, and the graph holds dtypes and shapes as ``forms``;
    from these :func:`from_networkx` restores the same tensors.

    Args:
        data: a graph, or a batch as one graph.

    Raises:
        ValueError: if the graph has no ``edge_index``, or it refers to a node that is not there.
    """
    if data.edge_index is None:
        raise ValueError("edge_index is missing, expected int64 [2, E]")
    ends, nodes = data.edge_index, data.num_nodes or 0
    outside = ends[(ends < 0) | (ends >= nodes)]
    if len(outside):
        raise ValueError(f"edge_index refers to node {int(outside[0])} of {nodes}")
    forms = _forms(data)
    names = {level: _of_level(level, forms) for level in ("node", "edge", "graph")}
    parallel = torch.unique(ends, dim=1).size(1) < ends.size(1) if ends.size(1) else False
    numbered = copy(data)
    numbered[_POSITION] = torch.arange(ends.size(1))
    graph = pyg_to_networkx(numbered, names["node"], [*names["edge"], _POSITION], names["graph"], to_multi=parallel)
    graph.graph[_FORMS] = forms
    return cast("nx.DiGraph[int]", graph)


def from_networkx(graph: "nx.Graph[Any]") -> Data:
    """A networkx graph as tensors; the inverse of :func:`to_networkx`.

    Nodes are numbered in the order of ``graph.nodes``. Edges come in the order of
    ``edge_position``, those without one last, in the order of ``graph.edges``. An undirected edge
    becomes one edge in each direction. Numeric attributes of nodes and edges become tensors (in a
    foreign graph: int64, torch's default floating dtype, or bool), others lists. Where names
    collide, an edge's attribute gets the prefix ``edge_``, the graph's ``graph_``.

    Args:
        graph: any networkx graph.

    Raises:
        ValueError: if nodes, or edges, differ in the names of their attributes.
    """
    directed = graph if graph.is_directed() else graph.to_directed()
    number = {node: row for row, node in enumerate(graph.nodes)}
    edges = sorted(directed.edges(data=True), key=lambda edge: edge[2].get(_POSITION, math.inf))
    ends = [(number[source], number[target]) for source, target, _ in edges]
    data = Data(edge_index=torch.tensor(ends, dtype=torch.long).reshape(-1, 2).t().contiguous())
    forms: dict[str, Form] = graph.graph.get(_FORMS, {})
    tables = {
        "node": [attributes for _, attributes in graph.nodes(data=True)],
        "edge": [attributes for _, _, attributes in edges],
    }
    for level, rows in tables.items():
        for name in _shared_names(level, rows, forms):
            key = f"edge_{name}" if level == "edge" and name in data else name
            data[key] = _column([row[name] for row in rows], forms.get(name))
    for name, value in graph.graph.items():
        if name not in (_FORMS, "node_default", "edge_default"):
            key = f"graph_{name}" if name in data else name
            data[key] = _graph_value(value, forms.get(name))
    if "x" not in data and "pos" not in data:
        data.num_nodes = graph.number_of_nodes()
    return data


def _forms(data: Data) -> dict[str, Form]:
    nodes, edges = data.node_attrs(), data.edge_attrs()
    forms: dict[str, Form] = {}
    for name in data.keys():  # noqa: SIM118
        if name in ("edge_index", "num_nodes"):
            continue
        value, level = data[name], "graph"
        if not isinstance(value, Tensor) or (value.dim() and data.__cat_dim__(name, value) == 0):
            level = "node" if name in nodes else "edge" if name in edges else "graph"
        if isinstance(value, Tensor):
            shape = list(value.shape if level == "graph" else value.shape[1:])
            forms[name] = level, str(value.dtype).removeprefix("torch."), shape
        else:
            forms[name] = level, None, []
    return forms


def _of_level(level: str, forms: dict[str, Form]) -> list[str]:
    return [name for name, form in forms.items() if form[0] == level]


def _shared_names(level: str, rows: Rows, forms: dict[str, Form]) -> list[str]:
    if not rows:
        return _of_level(level, forms)
    names = [name for name in rows[0] if name != _POSITION]
    for place, row in enumerate(rows):
        if row.keys() - {_POSITION} != set(names):
            found = sorted(map(str, row.keys() - {_POSITION}))
            raise ValueError(f"{level} {place} has attributes {found}, expected {names} as {level} 0")
    return names


def _column(values: list[Any], form: Form | None) -> Tensor | list[Any]:
    """Attributes of all nodes or edges: a tensor if they are numbers of one shape."""
    if form is not None and form[1] is None:
        return values
    try:
        array = np.asarray(values)
    except ValueError:  # rows of several lengths
        return values
    if array.dtype.kind not in "biufc":
        return values
    column = torch.from_numpy(array)
    if form is not None:
        _, name, shape = form
        dtype: torch.dtype = getattr(torch, str(name))
        integral = not (dtype.is_floating_point or dtype.is_complex)
        # Attributes changed to fractions stay fractions.
        if not (len(array.flat) and integral and column.is_floating_point()):
            return column.to(dtype).reshape(len(values), *shape)
    if column.is_floating_point():
        return column.to(torch.get_default_dtype())
    return column.long() if array.dtype.kind in "iu" else column


def _graph_value(value: object, form: Form | None) -> object:
    if form is None or form[1] is None:
        return value
    return torch.tensor(value, dtype=getattr(torch, form[1])).reshape(form[2])
