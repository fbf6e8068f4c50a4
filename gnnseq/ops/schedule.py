"""The order in which a recurrence visits the nodes of a batch of directed acyclic graphs."""

from copy import copy
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from gnnseq.ops.edges import check_batch, plain_edges
from gnnseq.ops.level_order import LevelOrder, on_device
from gnnseq.ops.paths import PathLayout, consecutive_paths
from gnnseq.ops.transforms import constant, is_recorded, outside_transforms


def refuse_trace(name: str) -> str:
    """The error message where a graph is read while its order would be recorded and reused for all other graphs."""
    return (
        f"{name} is read under torch.jit.trace or torch.export, which would keep the order of these graphs for all "
        "others, expected a Schedule of the graphs that the trace is for, which the layer has run on before or on "
        "which `prepare()` was called (and on its `reversed()` for two directions)"
    )


class Schedule(LevelOrder):
    """The order in which a recurrence computes the nodes of a batch of directed acyclic graphs.

    Made once for a batch and shared by all its layers. A batch of paths is recognised whatever its nodes' numbers,
    and runs on torch's fused kernels; every other graph is cut into levels.

    A *graph* here is an entry of ``batch`` or, without it, a weakly connected component. A *root* is a node without
    outgoing edges, a *leaf* one without incoming edges.

    Args:
        edge_index: edges ``[2, E]`` from the node that is read to the node that reads it, or a sparse matrix.
        num_nodes: number of nodes N.
        batch: graph of each node ``[N]``, int64.

    Raises:
        TypeError: for edges that are no tensor or sparse matrix.
        ValueError: for a cycle (one is named), a node out of range, ``batch`` of another length, dtype or sign, or an
            edge between two graphs of ``batch``.
        ValueError: under `torch.jit.trace` and `torch.export`, which would keep the order of the first graphs for
            all others.
    """

    prepared: ClassVar[WeakValueDictionary[int, "Schedule"]] = WeakValueDictionary()  # by their ``id``

    def __init__(
        self,
        edge_index: Any,
        num_nodes: int,
        batch: Tensor | None = None,
        reverse_of: "Schedule | None" = None,
    ) -> None:
        if reverse_of is None and is_recorded():
            raise ValueError(refuse_trace("edge_index"))
        super().__init__(plain_edges(edge_index)[0], num_nodes)
        self._batch = batch
        self._reversed = reverse_of
        self.ready = False
        self._consecutive: PathLayout | None = None
        self.paths: PathLayout | None
        if reverse_of is None:
            with outside_transforms():
                self._build()
        else:
            self.paths = None if reverse_of.paths is None else reverse_of.paths.reversed()
            if self.paths is not None:
                self.paths.prepare()
                _ = self.num_graphs

    def _build(self) -> None:
        self._check()
        self._consecutive = consecutive_paths(self.edge_index, self.num_nodes)
        self._check_cuts()
        self.paths = self._find_paths()
        if self.paths is None:
            _ = self.heights  # a cycle is an error here, not at the first use
        else:
            self.paths.prepare()
            _ = self.num_graphs

    def _check(self) -> None:
        if self.num_nodes < 1:
            raise ValueError(f"num_nodes is {self.num_nodes}, expected at least 1")
        if self.edge_index.is_meta:
            raise ValueError('edge_index is on meta, without values, expected a Schedule moved by `to("meta")`')
        if self._batch is not None:
            check_batch(self._batch, self.num_nodes)

    def _check_cuts(self) -> None:
        """Raises where ``batch`` gives the two ends of an edge to different graphs."""
        if self._batch is None or (self._consecutive is not None and self._in_batch_order(self._consecutive)):
            return
        graph = self._batch[self.edge_index]
        cut = (graph[0] != graph[1]).nonzero()
        if len(cut):
            edge = int(cut[0])
            (source, target), (one, other) = self.edge_index[:, edge].tolist(), graph[:, edge].tolist()
            raise ValueError(
                f"batch gives node {source} to graph {one} and node {target} to graph {other}, but edge {edge} joins "
                "them: expected edges within a graph"
            )

    def _find_paths(self) -> PathLayout | None:
        """The layout of the paths, whatever their nodes' numbers, if every graph is one path."""
        if self._batch is not None and self.root_of_graph is None:
            return None
        if self._consecutive is not None and self._in_batch_order(self._consecutive):
            return self._consecutive
        degree = [torch.bincount(ends, minlength=self.num_nodes).max() for ends in self.edge_index]
        if max(degree) > 1:
            return None
        graph, height = self.graph, self.as_tensor(self.heights[0])
        length = torch.bincount(graph)
        num_steps = int(length.max())
        return PathLayout(graph * num_steps + length[graph] - 1 - height, length, num_steps)

    def _in_batch_order(self, paths: PathLayout) -> bool:
        return self._batch is None or torch.equal(self._batch, torch.repeat_interleave(paths.length))

    @classmethod
    def from_edge_index(cls, edge_index: Any, num_nodes: int, batch: Tensor | None = None) -> "Schedule":
        """A schedule of anything that PyG accepts as edges; a `Schedule` is returned as it is.

        Raises:
            ValueError: as the class, and for a `Schedule` of another number of nodes or beside a ``batch``.
        """
        if isinstance(edge_index, Schedule):
            if batch is not None:
                raise ValueError("batch is given twice: a Schedule has its own")
            if edge_index.num_nodes != num_nodes:
                raise ValueError(f"the Schedule is of {edge_index.num_nodes} nodes, but x has {num_nodes}")
            return edge_index
        return cls(edge_index, num_nodes, batch)

    def __repr__(self) -> str:
        kind = "paths" if self.paths is not None else f"levels={len(self.levels)}"
        return f"Schedule(nodes={self.num_nodes}, edges={self.edge_index.size(1)}, {kind})"

    @constant
    def graph(self) -> Tensor:
        """Graph of each node ``[N]``."""
        if self._batch is not None:
            return self._batch
        if self._consecutive is not None:
            return torch.repeat_interleave(self._consecutive.length)
        return self.as_tensor(self.component)

    @constant
    def num_graphs(self) -> int:
        """Number of graphs G."""
        if self._batch is None and self._consecutive is not None:
            return self._consecutive.num_paths
        return int(self.graph.max()) + 1

    @constant
    def roots(self) -> Tensor:
        """Nodes without outgoing edges, in ascending order ``[R]``."""
        is_root = torch.ones(self.num_nodes, dtype=torch.bool, device=self.device)
        is_root[self.edge_index[0]] = False
        return is_root.nonzero().view(-1)

    @constant
    def root_of_graph(self) -> Tensor | None:
        """The root of each graph ``[G]``, or None unless every graph has exactly one."""
        graph = self.graph[self.roots]
        if not bool((torch.bincount(graph, minlength=self.num_graphs) == 1).all()):
            return None
        return self.roots[graph.argsort()]

    def at_roots(self, state: Tensor) -> Tensor:
        """The state ``[G, H]`` of each graph: that of its root, or the mean over its roots."""
        if self.root_of_graph is not None:
            return state.index_select(0, self.root_of_graph)
        return self._mean_over_roots(state.index_select(0, self.roots))

    def at_last(self, state: Tensor) -> Tensor:
        """`at_roots` from the states of the last level, which holds all the roots."""
        first = self.num_nodes - self.levels[-1].size
        if self.root_of_graph is not None:
            return state.index_select(0, self.inverse_order[self.root_of_graph] - first)
        return self._mean_over_roots(state.index_select(0, self.inverse_order[self.roots] - first))

    def _mean_over_roots(self, state: Tensor) -> Tensor:
        graph, count = self._graph_of_roots
        total = state.new_zeros(self.num_graphs, state.size(-1)).index_add(0, graph, state)
        return total / count.unsqueeze(1)

    def kept_where_empty(self, initial: tuple[Tensor, ...], final: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Final states, but the initial ones of graphs of ``batch`` that have no nodes."""
        if self.paths is not None or self._without_nodes is None:
            return final
        empty = self._without_nodes
        return tuple(
            torch.where(empty.view(-1, *[1] * (new.dim() - 1)), old.to(new.dtype), new)
            for old, new in zip(initial, final, strict=True)
        )

    @constant
    def _without_nodes(self) -> Tensor | None:
        """Which graphs have no nodes ``[G]``; None where all have some."""
        empty = torch.bincount(self.graph, minlength=self.num_graphs) == 0
        return empty if bool(empty.any()) else None

    @constant
    def _graph_of_roots(self) -> tuple[Tensor, Tensor]:
        """Graph of each root ``[R]``, and the number of roots of each graph ``[G]``, at least 1."""
        graph = self.graph[self.roots]
        return graph, torch.bincount(graph, minlength=self.num_graphs).clamp(min=1)

    @constant
    def leaf_graph(self) -> Tensor:
        """Graph of each leaf, in the order of the levels."""
        return self.graph[self.order[self.is_leaf]]

    def prepare(self) -> None:
        """Computes all that a recurrence level by level reads, since code under `torch.compile` cannot."""
        if not self.ready and not torch.compiler.is_compiling():
            _ = self.levels, self.scan_place, self.inverse_order, self.leaf_graph, self.in_degree, self.leaves
            _ = self.root_of_graph is not None or self._graph_of_roots, self._without_nodes
            self.ready = True
            self.prepared[id(self)] = self

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy is another object, with an ``id`` of its own."""
        vars(self).update(state)
        if self.ready:
            self.prepared[id(self)] = self

    def is_ready(self, fused: bool = True, both: bool = False) -> bool:
        """Whether `torch.compile` may read the schedule: nothing is left to compute but by torch's own operations.

        Args:
            fused: whether paths run on the fused kernels.
            both: whether the edges are needed in both directions.
        """
        if not self.ready and not (fused and self.paths is not None):
            return False
        return not both or (self._reversed is not None and self._reversed.is_ready(fused))

    def to(self, device: torch.device | str) -> "Schedule":
        """The same schedule on another device, with all that a recurrence reads; also on "meta"."""
        device = torch.device(device)
        if device == self.device:
            return self
        there, back = self._moved(device), self.reversed()._moved(device)
        there._reversed, back._reversed = back, there
        return there

    def _moved(self, device: torch.device) -> "Schedule":
        self.prepare()
        other = copy(self)
        vars(other).update(on_device({key: value for key, value in vars(self).items() if key != "_reversed"}, device))
        return other

    def reversed(self) -> "Schedule":
        """The schedule of the same graphs with every edge turned round."""
        if self._reversed is None:
            with outside_transforms():
                self._reversed = Schedule(self.edge_index.flip(0), self.num_nodes, self.graph, reverse_of=self)
        return self._reversed
