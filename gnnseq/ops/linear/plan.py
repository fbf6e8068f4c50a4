"""How a linear recurrence runs over a directed acyclic graph: stages, and in each of them a scan along its paths."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gnnseq.ops.carry import Ints
from gnnseq.ops.levels import height_to_root
from gnnseq.ops.linear.heavy_paths import Decomposition, heavy_paths, single_nodes
from gnnseq.ops.linear.packed_paths import PackedPaths, cost, pack

if TYPE_CHECKING:
    from gnnseq.ops.level_order import LevelOrder

_STAGE, _EDGE = 7.7, 0.12  # microseconds of a stage, and of each edge from stage to stage; see `packed_paths.cost`
_UP, _DOWN, _OTHER = range(3)  # kinds of components


class Stage(NamedTuple):
    """Consecutive rows that are computed together.

    Attributes:
        size: number of rows.
        source: row of the source of each edge from an earlier stage ``[E_s]``.
        target: row of its target ``[E_s]``.
        paths: layout of the paths; None where each has one node.
    """

    size: int
    source: Tensor
    target: Tensor
    paths: PackedPaths | None


class LinearPlan(NamedTuple):
    """The rows of a graph and the stages that compute them.

    Attributes:
        order: node of each row ``[N]``.
        place: row of each node ``[N]``.
        along: edge from the node before on the path, for each row ``[N]``; 0 for the first node. None without paths.
        between: edges from stage to stage, in the order of the stages.
        stages: the stages.
    """

    order: Tensor
    place: Tensor
    along: Tensor | None
    between: Tensor
    stages: list[Stage]

    def solve(self, gate: Tensor, b: Tensor) -> Tensor:
        """H of all nodes ``[N, H]`` from the gates of all edges ``[E, H]`` and b ``[N, H]``."""
        h = b.index_select(0, self.order)
        along = None if self.along is None else gate.index_select(0, self.along).split([s.size for s in self.stages])
        between = gate.index_select(0, self.between).split([len(s.source) for s in self.stages])
        rows = h.split([stage.size for stage in self.stages])
        for number, stage in enumerate(self.stages):
            if len(stage.source):
                h.index_add_(0, stage.target, h.index_select(0, stage.source).mul_(between[number]))
            if stage.paths is not None and along is not None:
                stage.paths.solve_(rows[number], along[number])
        return h.index_select(0, self.place)


def make_plan(graph: "LevelOrder") -> LinearPlan:
    """The plan of a graph, on the device of its edges."""
    source, target = graph.ends
    path, position, stage = _decompose(graph)
    size = np.bincount(stage)
    row, paths = _pack_stages(path, stage, size, graph.device)
    nodes = np.arange(graph.num_nodes)
    place = np.empty_like(nodes)
    place[np.lexsort((position, path, stage))] = row
    is_along = path[source] == path[target]
    along = np.zeros_like(nodes)
    along[place[target[is_along]]] = np.flatnonzero(is_along)
    between = np.flatnonzero(~is_along)
    between = between[np.lexsort((place[target[between]], stage[target[between]]))]
    cuts = np.bincount(stage[target[between]], minlength=len(size)).tolist()
    sources, targets = (graph.as_tensor(place[ends[between]]).split(cuts) for ends in (source, target))
    stages = [Stage(n, sources[i], targets[i], paths.get(i)) for i, n in enumerate(size.tolist())]
    order = np.empty_like(nodes)
    order[place] = nodes
    to = graph.as_tensor
    return LinearPlan(to(order), to(place), to(along) if paths else None, to(between), stages)


def _pack_stages(path: Ints, stage: Ints, size: Ints, device: torch.device) -> tuple[Ints, dict[int, PackedPaths]]:
    """Row of each node in the order of stages, paths and positions, and the layout of each stage that has paths."""
    length, of_path = _paths(path, stage)
    row, paths = np.arange(len(path)), {}
    for number in np.unique(of_path[length > 1]).tolist():
        first = size[:number].sum()
        inside, paths[number] = pack(length[of_path == number], device)
        row[first : first + size[number]] = first + inside
    return row, paths


def _paths(path: Ints, stage: Ints) -> tuple[Ints, Ints]:
    """Length and stage of each path."""
    length = np.bincount(path)
    of_path = np.empty_like(length)
    of_path[path] = stage
    return length, of_path


def _decompose(graph: "LevelOrder") -> Decomposition:
    """Heavy paths of the forests among the components, and levels of the others, unless levels of all cost less."""
    source, target = graph.ends
    joins = np.bincount(target, minlength=graph.num_nodes) > 1
    if graph.is_forest or not joins.any():
        flat, found = _candidates(_UP if graph.is_forest else _DOWN, source, target, graph.heights[0])
    else:
        flat, found = _by_component(graph, joins)
    if found is flat:
        return flat
    between = int((found.path[source] != found.path[target]).sum())
    return found if _cost(found, between) < _cost(flat, len(source)) else flat


def _candidates(kind: int, source: Ints, target: Ints, height: Ints) -> tuple[Decomposition, Decomposition]:
    """Levels of components of one kind, and their heavy paths, or the levels again where there are none."""
    if kind == _DOWN:
        levels = single_nodes(height_to_root(target, source, len(height))).reversed()
        return levels, heavy_paths(target, source, len(height)).reversed()
    levels = single_nodes(height)
    return levels, heavy_paths(source, target, len(height)) if kind == _UP else levels


def _by_component(graph: "LevelOrder", joins: np.ndarray[Any, Any]) -> tuple[Decomposition, Decomposition]:
    """`_candidates` of each kind of components, side by side."""
    (source, target), height = graph.ends, graph.heights[0]
    forks = np.bincount(source, minlength=graph.num_nodes) > 1
    forked, joined = (np.bincount(graph.component, weights=each) > 0 for each in (forks, joins))
    kind = np.where(forked, np.where(joined, _OTHER, _DOWN), _UP)[graph.component]
    kinds = np.unique(kind).tolist()
    if len(kinds) == 1:
        return _candidates(kinds[0], source, target, height)
    number, parts = np.empty_like(kind), []
    for each in kinds:
        nodes, inside = np.flatnonzero(kind == each), kind[source] == each
        number[nodes] = np.arange(len(nodes))
        parts.append(_candidates(each, number[source[inside]], number[target[inside]], height[nodes]))
    flat, found = (_side_by_side(own, kind) for own in zip(*parts, strict=True))
    return flat, found


def _side_by_side(parts: Sequence[Decomposition], kind: Ints) -> Decomposition:
    """One decomposition of all nodes from those of each kind's nodes."""
    whole = Decomposition(*np.empty((3, len(kind)), dtype=np.int64))
    first = 0
    for each, part in zip(np.unique(kind), parts, strict=True):
        here = kind == each
        whole.path[here], whole.position[here], whole.stage[here] = part.path + first, part.position, part.stage
        first += int(part.path.max()) + 1
    return whole


def _cost(found: Decomposition, between: int) -> float:
    """Microseconds, about."""
    length, stage = _paths(found.path, found.stage)
    along = [cost(length[stage == number]) for number in np.unique(stage[length > 1])]
    return _STAGE * int(stage.max()) + _EDGE * between + sum(along)
