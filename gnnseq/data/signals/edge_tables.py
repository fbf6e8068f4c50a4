"""The graph that joins the nodes of a series, from lists of edges, tables of weights and distances."""

import re
from pathlib import Path
from reprlib import repr as shorten
from typing import Literal, get_args

import torch
from torch import Tensor

from gnnseq.data.files import read_number, read_rows

_HEADING = re.compile(
    "(from|to|source|target|src|dst|start|end|origin|destination)([ _]?(node|sensor|station|id))*", re.I
)
_Others = Literal["raise", "ignore"]
_Rows = list[tuple[int, list[str]]]


def read_edges(path: str | Path, names: list[str], missing: float = 0.0, *, others: _Others = "raise") -> Tensor:
    """Reads a list of edges (from, to) or (from, to, weight) as CSV, with or without a first row of headings.

    Args:
        path: of the file; headings of two columns are such as from and to or source and target, as any other row could
            be an edge of misspelt nodes.
        names: of the nodes, such as those of `read_series`.
        missing: the weight where there is no edge; infinity for distances, see `gaussian_kernel`.
        others: "ignore" leaves out rows with nodes that are not in ``names``, which are an error by default.

    Returns:
        Weights ``[N, N]`` from row to column, float64; 1 for edges without a weight.

    Raises:
        ValueError: for a node that is not in ``names`` or has no edge, an edge that comes twice, or no edges; it names
            the file and the line. For another value of ``others``.
    """
    if others not in get_args(_Others):
        raise ValueError(f"others is {others!r}, expected 'raise' or 'ignore'")
    rows = list(read_rows(path))
    if rows and _is_heading(rows[0][1], names):
        rows.pop(0)
    if not rows:
        raise ValueError(f"{path} holds no edges, expected rows (from, to) or (from, to, weight)")
    place = {name: number for number, name in enumerate(names)}
    weights = torch.full((len(names), len(names)), missing, dtype=torch.float64)
    seen: dict[tuple[int, int], int] = {}
    for line, row in rows:
        where = f"{path}, line {line}"
        if len(row) not in (2, 3) or len(row) != len(rows[0][1]):
            raise ValueError(f"{where}: {len(row)} cells, expected {min(max(len(rows[0][1]), 2), 3)}: from, to, weight")
        if others == "ignore" and not place.keys() >= set(row[:2]):
            continue
        edge = _ends(where, row, place)
        if edge in seen:
            raise ValueError(f"{where}: the edge from {row[0]!r} to {row[1]!r} comes twice, first in line {seen[edge]}")
        seen[edge] = line
        weights[edge] = _number(f"{where}, column 3", row[2]) if len(row) == 3 else 1.0
    joined = {node for edge in seen for node in edge}
    alone = [name for number, name in enumerate(names) if number not in joined]
    if alone:
        raise ValueError(
            f"{path}: node {alone[0]!r} of the series is in no edge; leave its column out, or give it an edge to itself"
        )
    return weights


def read_adjacency(path: str | Path, names: list[str]) -> Tensor:
    """Reads a table of weights as CSV: one row and one column per node.

    With a first row of names, and then perhaps a first column of them, nodes are put in the order of ``names``;
    without, rows and columns are in that order.

    Args:
        path: of the file.
        names: of the nodes, such as those of `read_series`.

    Returns:
        Weights ``[N, N]`` from row to column, float64.

    Raises:
        ValueError: for a cell that is no number, a table of another size, names that are not those of the series, or
            no edge between two nodes; it names the file, the line and the column.
    """
    rows = list(read_rows(path))
    order = list(range(len(names)))
    if rows and (not _all_numbers(rows[0][1]) or len(rows) == len(names) + 1):
        rows, order = _without_names(Path(path), rows, names)
    if len(rows) != len(names):
        raise ValueError(f"{path} has {len(rows)} rows, expected {len(names)}, one per node")
    weights = torch.empty(len(names), len(names), dtype=torch.float64)
    for number, (line, row) in zip(order, rows, strict=True):
        if len(row) != len(names):
            raise ValueError(f"{path}, line {line}: {len(row)} cells, expected {len(names)}, one per node")
        cells = [_number(f"{path}, line {line}, column {column + 1}", cell) for column, cell in enumerate(row)]
        weights[number, order] = torch.tensor(cells, dtype=torch.float64)
    if not bool(weights.clone().fill_diagonal_(0).any()):
        raise ValueError(f"{path} has no edge between two nodes, expected at least one weight that is not 0")
    return weights


def gaussian_kernel(distances: Tensor, threshold: float = 0.1, sigma: float | None = None) -> Tensor:
    r"""Weights of edges from distances, as for METR-LA (Li et al. 2018, https://arxiv.org/abs/1707.01926).

    .. math:: w_{uv} = \exp(-d_{uv}^2 / \sigma^2) \text{ where that is at least the threshold, and } 0 \text{ elsewhere}

    Args:
        distances: ``[N, N]``; infinity where there is none, such as ``read_edges(path, names, missing=math.inf)``.
        threshold: smaller weights are cut, 0 to 1.
        sigma: in the unit of the distances; by default the standard deviation of those that are finite.

    Raises:
        ValueError: for another shape, NaN or negative distances, a sigma that is not positive, or
            no edge that is left.
    """
    if distances.dim() != 2 or distances.size(0) != distances.size(1):
        raise ValueError(f"distances has shape {list(distances.shape)}, expected [N, N]")
    if not bool((distances >= 0).all()):
        row, column = (~(distances >= 0)).nonzero()[0].tolist()
        raise ValueError(f"distances[{row}, {column}] is {distances[row, column]:g}, expected >= 0")
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is {threshold}, expected 0 to 1")
    d = distances.double()
    width = float(d[d.isfinite()].std(correction=0)) if sigma is None else sigma
    if not 0 < width < float("inf"):
        raise ValueError(f"sigma is {width:g}, expected a positive number: give one where all distances are the same")
    weights = torch.exp(-((d / width) ** 2))
    weights = weights.masked_fill(weights < threshold, 0.0)
    if not bool(weights.clone().fill_diagonal_(0).any()):
        raise ValueError(f"threshold is {threshold}, which leaves no edge between two nodes with sigma {width:g}")
    return weights


def _is_heading(row: list[str], names: list[str]) -> bool:
    if len(row) < 2 or row[0] in names or row[1] in names or _all_numbers(row[:2]):
        return False
    if len(row) > 2:
        return not _all_numbers(row[2:])
    return all(_HEADING.fullmatch(cell.strip()) for cell in row)


def _ends(where: str, row: list[str], place: dict[str, int]) -> tuple[int, int]:
    for column, name in enumerate(row[:2]):
        if name not in place:
            known = shorten(list(place))
            raise ValueError(
                f"{where}, column {column + 1}: node {shorten(name)} is not in the series, expected {known}"
            )
    return place[row[0]], place[row[1]]


def _number(where: str, cell: str) -> float:
    try:
        return read_number(cell)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _all_numbers(row: list[str]) -> bool:
    try:
        return bool([read_number(cell) for cell in row])
    except ValueError:
        return False


def _without_names(path: Path, rows: _Rows, names: list[str]) -> tuple[_Rows, list[int]]:
    """The rows without names, and the node of each in the series."""
    line, heading = rows[0]
    corner = len(heading) == len(names) + 1
    found = heading[1:] if corner else heading
    where = f"{path}, line {line}"
    for name in found:
        if name not in names:
            raise ValueError(f"{where}: node {shorten(name)} is not in the series, expected {shorten(names)}")
    for name in names:
        if found.count(name) != 1:
            raise ValueError(f"{where}: node {name!r} of the series stands {found.count(name)} times, expected once")
    if corner:
        for (here, row), name in zip(rows[1:], found, strict=False):
            if row[0] != name:
                raise ValueError(f"{path}, line {here}: {shorten(row[0])}, expected {name!r} as in the first row")
    return [(here, row[corner:]) for here, row in rows[1:]], [names.index(name) for name in found]
