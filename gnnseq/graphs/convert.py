"""To and from networkx, keeping order, direction, dtypes and shapes."""

import math
from typing import Any, TypeAlias, cast

import networkx as nx
import numpy as np
import torch
from torch import Tensor
from torch_geometric.data.data import Data
from torch_geometric.utils.convert import to_networkx as pyg_to_networkx

from gnnseq.graphs.attributes import Levels, check_graph, levels_of

Form: TypeAlias = tuple[str, str | None, list[int], int]  # level, dtype, shape of an element, dimension of the elements
Rows: TypeAlias = list[dict[str, Any]]

_POSITION = "edge_position"
_FORMS = "forms"
_OF_NETWORKX = ("node_default", "edge_default")
_OF_PYG = ("edge_index", "num_nodes", "num_edges")


def to_networkx(data: Data, *, levels: Levels | None = None) -> "nx.DiGraph[int]":
    """A graph as a networkx ``DiGraph``, or a ``MultiDiGraph`` if two edges have the same ends.

    Nodes keep their order and edges their direction. Attributes become networkx attributes of
    nodes, edges and the graph, as numbers and lists. networkx sorts edges by source, so every edge
    holds its place as ``edge_position``, and the graph holds dtypes and shapes as ``forms``;
    from these :func:`from_networkx` restores the same tensors.

    The attributes of this library and of PyG are known by name: ``x`` belongs to nodes,
    ``edge_weight`` to edges, ``ptr`` to the graph. ``y`` belongs to the graph if it has one row (in
    a batch, one per graph), and to nodes if it has one per node. Other attributes with one row per
    node belong to nodes, with one per edge to edges, and all others to the graph.

    Args:
        data: a graph, or a batch as one graph.
        levels: "node", "edge" or "graph" for some attributes. It is needed for those whose name
            says nothing and that fit several, such as three values in a graph of three nodes and
            three edges.

    Raises:
        TypeError: if ``data`` is no ``Data``: a ``HeteroData`` or a hypergraph, for instance.
        ValueError: if the graph has no ``edge_index``, it refers to a node that is not there, or
            the level of an attribute is open.
    """
    ends, nodes = check_graph(data)
    forms = _forms(data, levels)
    numbered = Data(edge_index=ends, num_nodes=nodes)
    for name, (_, _, _, dim) in forms.items():
        numbered[name] = data[name].movedim(dim, 0) if dim else data[name]
    numbered[_POSITION] = torch.arange(ends.size(1))
    names = {level: _of_level(level, forms) for level in ("node", "edge", "graph")}
    parallel = torch.unique(ends, dim=1).size(1) < ends.size(1) if ends.size(1) else False
    graph = pyg_to_networkx(numbered, names["node"], [*names["edge"], _POSITION], names["graph"], to_multi=parallel)
    graph.graph[_FORMS] = forms
    return cast("nx.DiGraph[int]", graph)


def from_networkx(graph: "nx.Graph[Any]") -> Data:
    """A networkx graph as tensors; the inverse of :func:`to_networkx`.

    Nodes are numbered in the order of ``graph.nodes``. Edges come in the order of ``graph.edges``;
    in a graph of :func:`to_networkx` in the order of ``edge_position``, those without one last. An
    undirected edge becomes one edge in each direction. Numeric attributes of nodes and edges become
    tensors (in a foreign graph: int64, torch's default floating dtype, or bool), others lists, as do
    integers that int64 does not hold.
    Where a name is taken, by another attribute or by ``edge_index`` or ``num_nodes``, the attribute
    gets the prefix ``node_``, ``edge_`` or ``graph_``.

    Args:
        graph: any networkx graph.

    Raises:
        TypeError: if ``graph`` is no networkx graph.
        ValueError: if nodes, or edges, differ in the names of their attributes, or a name is no
            ``str``.
    """
    if not isinstance(graph, nx.Graph):
        raise TypeError(f"graph is a {type(graph).__name__}, expected a networkx graph")
    forms = _forms_of(graph)
    position = _POSITION if forms is not None else None
    directed = graph if graph.is_directed() else graph.to_directed()
    number = {node: row for row, node in enumerate(graph.nodes)}
    edges = sorted(directed.edges(data=True), key=lambda edge: edge[2].get(position, math.inf) if position else 0)
    ends = [(number[source], number[target]) for source, target, _ in edges]
    data = Data(edge_index=torch.tensor(ends, dtype=torch.long).reshape(-1, 2).t().contiguous())
    forms = forms or {}
    nodes = [attributes for _, attributes in graph.nodes(data=True)]
    _add_columns(data, "node", nodes, forms)
    if not any(isinstance(data.get(name), Tensor) for name in ("x", "pos")):
        data.num_nodes = graph.number_of_nodes()
    rows = [{key: value for key, value in row.items() if key != position} for _, _, row in edges]
    _add_columns(data, "edge", rows, forms)
    for name, value in graph.graph.items():
        if not (name in _OF_NETWORKX or (name == _FORMS and position)):
            data[_free_name(data, "graph", name)] = _graph_value(value, _form("graph", name, forms))
    return data


def _forms(data: Data, levels: Levels | None) -> dict[str, Form]:
    forms: dict[str, Form] = {}
    for name, level in levels_of(data, levels).items():
        value, dim = data[name], 0
        if name in (_POSITION, _FORMS, *_OF_NETWORKX):
            raise ValueError(
                f"data has the attribute {name}, which is needed for the graph itself: give it another name"
            )
        if not isinstance(value, Tensor):
            forms[name] = level, None, [], 0
            continue
        if value.layout != torch.strided:
            raise ValueError(f"{name} is a sparse tensor, expected a dense one")
        shape = list(value.shape)
        if level != "graph":
            dim = int(data.__cat_dim__(name, value)) % value.dim()
            del shape[dim]
        forms[name] = level, str(value.dtype).removeprefix("torch."), shape, dim
    return forms


def _forms_of(graph: "nx.Graph[Any]") -> dict[str, Form] | None:
    """The forms that :func:`to_networkx` left in a graph; ``None`` for a foreign one."""
    forms = graph.graph.get(_FORMS)
    if not isinstance(forms, dict) or not all(isinstance(f, list | tuple) and len(f) in (3, 4) for f in forms.values()):
        return None
    return {name: (form[0], form[1], form[2], form[3] if len(form) == 4 else 0) for name, form in forms.items()}


def _form(level: str, name: str, forms: dict[str, Form]) -> Form | None:
    form = forms.get(name)
    return form if form is not None and form[0] == level else None


def _of_level(level: str, forms: dict[str, Form]) -> list[str]:
    return [name for name, form in forms.items() if form[0] == level]


def _add_columns(data: Data, level: str, rows: Rows, forms: dict[str, Form]) -> None:
    for name in _shared_names(level, rows, forms):
        data[_free_name(data, level, name)] = _column([row[name] for row in rows], _form(level, name, forms))


def _free_name(data: Data, level: str, name: object) -> str:
    if not isinstance(name, str):
        raise ValueError(f"{level} has an attribute {name!r}, expected a str as its name")
    while name in data or name in _OF_PYG:
        name = f"{level}_{name}"
    return name


def _shared_names(level: str, rows: Rows, forms: dict[str, Form]) -> list[str]:
    if not rows:
        return _of_level(level, forms)
    names = list(rows[0])
    for place, row in enumerate(rows):
        if row.keys() != rows[0].keys():
            found = sorted(map(str, row.keys()))
            raise ValueError(f"{level} {place} has attributes {found}, expected {names} as {level} 0")
    return names


def _column(values: list[Any], form: Form | None) -> Tensor | list[Any]:
    """Attributes of all nodes or edges: a tensor if they are numbers of one shape."""
    if form is not None and form[1] is None:
        return values
    array = _numbers(values)
    if array is None:
        return values
    column = torch.from_numpy(array)
    if form is not None:
        _, name, shape, dim = form
        dtype: torch.dtype = getattr(torch, str(name))
        if _holds(dtype, array):  # attributes that were changed to fractions, or larger numbers, stay so
            return column.to(dtype).reshape(len(values), *shape).movedim(0, dim)
    if column.is_floating_point():
        return column.to(torch.get_default_dtype())
    if array.dtype.kind not in "iu":
        return column
    return column.long() if _holds(torch.long, array) else values


def _numbers(values: list[Any]) -> "np.ndarray[Any, Any] | None":
    """Numbers of one shape as an array; integers as such, of which NumPy makes floats where int64 does not hold one."""
    try:
        array = np.asarray(values)
    except ValueError:  # rows of several lengths
        return None
    if array.dtype.kind == "f" and array.size:
        whole = np.asarray(values, object)
        if all(isinstance(value, int | np.integer) for value in whole.flat):
            array = whole.astype(np.int64 if _holds(torch.long, whole) else np.uint64 if whole.min() >= 0 else object)
    # torch knows one of NumPy's two names of uint64
    return array.view(array.dtype.str) if array.dtype.kind in "biufc" else None


def _holds(dtype: torch.dtype, array: "np.ndarray[Any, Any]") -> bool:
    """Whether numbers stay as they are, but for their precision."""
    if not array.size or dtype.is_floating_point or dtype.is_complex:
        return True
    if array.dtype.kind not in "biuO":
        return False
    low, high = (0, 1) if dtype == torch.bool else (torch.iinfo(dtype).min, torch.iinfo(dtype).max)
    return low <= int(array.min()) and int(array.max()) <= high


def _graph_value(value: object, form: Form | None) -> object:
    if form is None or form[1] is None:
        return value
    return torch.tensor(value, dtype=getattr(torch, form[1])).reshape(form[2])
