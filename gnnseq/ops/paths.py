"""Batches of paths as dense tensors, so that torch's fused recurrent kernels can run on them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gnnseq.ops.edges import check_edges
from gnnseq.ops.transforms import constant


@dataclass(frozen=True)
class PathLayout:
    """Where every node of a batch of paths stands in the padded tensor ``[B, T]``.

    Attributes:
        index: position ``b * T + t`` of each node ``[N]``; None where nodes fill the tensor in order.
        length: number of nodes of each path ``[B]``.
        num_steps: T, the length of the longest path.
    """

    index: Tensor | None
    length: Tensor
    num_steps: int

    @property
    def num_paths(self) -> int:
        """Number of paths, B."""
        return self.length.numel()

    @constant
    def equal(self) -> bool:
        """Whether all paths have the same length."""
        return self.index is None or bool((self.length == self.num_steps).all())

    @constant
    def positions(self) -> Tensor:
        """Position of each node in the padded tensor ``[N]``."""
        if self.index is not None:
            return self.index
        return torch.arange(self.num_paths * self.num_steps, device=self.length.device)

    @constant
    def last(self) -> Tensor:
        """Position of the last node of each path in the padded tensor ``[B]``."""
        return torch.arange(self.num_paths, device=self.length.device) * self.num_steps + self.length - 1

    def prepare(self) -> None:
        """Computes what a recurrence reads, since code under `torch.compile` cannot fill caches."""
        if not self.equal:
            _ = self.padding, self.last

    def dense(self, x: Tensor) -> Tensor:
        """Nodes ``[N, F]`` to the padded tensor ``[B, T, F]``, zero where a path has ended."""
        size = (self.num_paths, self.num_steps, x.size(-1))
        if self.index is None:
            return x.view(size) if x.is_contiguous() else x.reshape(size)
        flat = x.new_zeros(size[0] * size[1], size[2])
        return flat.index_copy(0, self.index, x).view(size)

    def nodes(self, dense: Tensor) -> Tensor:
        """The padded tensor ``[B, T, F]``, or ``[B * T, F]``, to nodes ``[N, F]``."""
        flat = dense.reshape(-1, dense.size(-1))
        return flat if self.index is None else flat.index_select(0, self.index)

    @constant
    def padding(self) -> Tensor:
        """One where a path has ended, zero elsewhere, ``[B, T]``."""
        steps = torch.arange(self.num_steps, device=self.length.device)
        return (steps >= self.length.unsqueeze(1)).float()

    def reversed(self) -> "PathLayout":
        """The same paths walked from the last node to the first."""
        path = self.positions // self.num_steps
        step = self.positions % self.num_steps
        return replace(self, index=path * self.num_steps + self.length[path] - 1 - step)


def consecutive_paths(edge_index: Tensor, num_nodes: int) -> PathLayout | None:
    """The layout of paths whose edges run from every node to the next number, or None for other graphs.

    Raises:
        ValueError: for a node out of range.
    """
    equal = _equal_paths(edge_index, num_nodes)
    if equal is not None:
        return equal
    check_edges(edge_index, num_nodes)
    source, target = edge_index.unbind()
    if not torch.equal(target, source + 1) or not bool((source[1:] > source[:-1]).all()):
        return None
    is_first = torch.ones(num_nodes, dtype=torch.bool, device=edge_index.device)
    is_first[target] = False
    first = is_first.nonzero().view(-1)
    length = torch.diff(first, append=first.new_tensor([num_nodes]))
    num_steps = int(length.max())
    if num_steps * length.numel() == num_nodes:
        return PathLayout(None, length, num_steps)
    path = torch.repeat_interleave(torch.arange(len(first), device=first.device), length)
    step = torch.arange(num_nodes, device=first.device) - first[path]
    return PathLayout(path * num_steps + step, length, num_steps)


def _equal_paths(edge_index: Tensor, num_nodes: int) -> PathLayout | None:
    """The layout of paths of one length with edges in the order of the nodes, found by one comparison; else None."""
    num_paths = num_nodes - edge_index.size(1)
    if num_paths < 1 or num_nodes % num_paths:
        return None
    num_steps = num_nodes // num_paths
    size = (2, num_paths, num_steps - 1)
    nodes = torch.arange(num_nodes, device=edge_index.device)
    # entry (e, b, t) is node b * T + t + e
    if not torch.equal(edge_index.reshape(size), nodes.as_strided(size, (1, num_steps, 1))):
        return None
    return PathLayout(None, nodes.new_full((num_paths,), num_steps), num_steps)
