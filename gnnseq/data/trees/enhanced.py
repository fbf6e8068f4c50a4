"""Enhanced dependencies of CoNLL-U files: directed graphs with several heads and empty nodes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from reprlib import repr as shorten
from typing import NamedTuple

import networkx as nx
import numpy as np

from gnnseq.data.sequences import IntArray
from gnnseq.data.trees.conllu import KEPT, Row, parse_rows, sentence_blocks
from gnnseq.data.trees.heads import name_cycle
from gnnseq.data.trees.treebank import OnError, collect


@dataclass(frozen=True, eq=False)
class DependencyGraph:
    """Words and empty nodes of a sentence with all their heads, dependents before heads.

    Args:
        ids: as in the file ``[n]``, such as "5" and "5.1".
        words: form of every node ``[n]``.
        edges: from dependent to head ``[2, E]``.
        relations: of every edge ``[E]``.
        places: of every node among the rows of the file ``[n]``.
        columns: further values of the nodes, by name, each ``[n]``.
        comments: lines above the sentence.
    """

    ids: tuple[str, ...]
    words: tuple[str, ...]
    edges: IntArray
    relations: tuple[str, ...]
    places: IntArray
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    comments: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)


class DependencyGraphs(NamedTuple):
    """What `read_enhanced` found.

    Args:
        graphs: in the order of the file.
        errors: one message for every fault that left a sentence out.
    """

    graphs: list[DependencyGraph]
    errors: list[str]


def read_enhanced(path: str | Path, *, on_error: OnError = "raise", break_cycles: bool = False) -> DependencyGraphs:
    """Reads the enhanced dependencies (column 9) of a CoNLL-U file, empty nodes included.

    A recurrence needs a graph without cycles, and enhanced dependencies may have some: in "the boy who lived" *lived*
    depends on *boy* and *boy* on *lived*.

    Args:
        path: of a UTF-8 file.
        on_error: "raise" stops at the first malformed sentence; "skip" leaves it out.
        break_cycles: whether an edge that closes a cycle is left out. Edges of the basic tree come first, so they
            stay, then all others in the order of the file.

    Raises:
        ValueError: if a sentence is malformed, a word has no enhanced head or an unknown one, there is a cycle and
            ``break_cycles`` is False, or the file holds no sentence. The message names the file and the line.
    """
    return DependencyGraphs(*collect(path, sentence_blocks, partial(_parse, break_cycles=break_cycles), on_error))


def _parse(first: int, lines: list[str], break_cycles: bool) -> list[DependencyGraph]:
    rows, comments = parse_rows(first, lines)
    place = {row.id: node for node, row in enumerate(rows)}
    edges = [edge for row in rows for edge in _heads(row, place)]
    graph = _acyclic(rows, edges) if break_cycles else nx.DiGraph(edge[:2] for edge in edges)
    graph.add_nodes_from(range(len(rows)))
    try:
        order = list(nx.lexicographical_topological_sort(graph))
    except nx.NetworkXUnfeasible:
        _raise_cycle(rows, graph)
    rank = {node: number for number, node in enumerate(order)}
    kept = [edge for edge in edges if graph.has_edge(*edge[:2])]
    ordered = [rows[node] for node in order]
    return [
        DependencyGraph(
            tuple(row.id for row in ordered),
            tuple(row.form for row in ordered),
            np.array([[rank[node] for node in edge[:2]] for edge in kept], np.int64).reshape(-1, 2).T,
            tuple(relation for _, _, relation in kept),
            np.array(order, np.int64),
            {name: tuple(getattr(row, name) for row in ordered) for name in KEPT},
            comments,
        )
    ]


def _heads(row: Row, place: dict[str, int]) -> list[tuple[int, int, str]]:
    """Edges from a node to its heads, each with its relation; none to the root, head 0."""
    edges = []
    entries = row.deps.split("|")
    for entry in entries:
        head, colon, relation = entry.partition(":")
        if not (colon and relation) or (head != "0" and head not in place) or entries.count(entry) > 1:
            expected = f"enhanced heads as 4:nsubj|6:obj, each once, of {len(place)} nodes"
            raise ValueError(f"line {row.line}: expected {expected}, got {shorten(row.deps)}")
        if head != "0":
            edges.append((place[row.id], place[head], relation))
    return edges


def _acyclic(rows: list[Row], edges: list[tuple[int, int, str]]) -> "nx.DiGraph[int]":
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(rows)))
    is_basic: Callable[[tuple[int, int, str]], bool] = lambda edge: rows[edge[0]].head == rows[edge[1]].id  # noqa: E731
    for source, target, _ in sorted(edges, key=lambda edge: not is_basic(edge)):
        if source != target and not nx.has_path(graph, target, source):
            graph.add_edge(source, target)
    return graph


def _raise_cycle(rows: list[Row], graph: "nx.DiGraph[int]") -> None:
    nodes = [source for source, _ in nx.find_cycle(graph)]
    named = name_cycle([rows[node].id for node in nodes])
    raise ValueError(f"line {rows[nodes[0]].line}: words {named} form a cycle, expected break_cycles=True or no cycle")
