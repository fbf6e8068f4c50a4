"""Encodings of a node's position in its graph, added to its features."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from gnnseq.layers.checks import check_sizes
from gnnseq.ops.positions import longest_way, number_in_graph
from gnnseq.ops.transforms import uncompiled


class Positions(nn.Module, ABC):
    """Adds a vector to each node's features that depends on the node's position; see `LearnedPositions`.

    Args:
        channels: features of a node, F.
        by_number: whether the position is the node's number within its graph.
    """

    def __init__(self, channels: int, by_number: bool = False) -> None:
        super().__init__()
        check_sizes(channels=channels)
        self.channels = channels
        self.by_number = by_number

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return f"{self.channels}, by_number={self.by_number}"

    def forward(self, x: Tensor, edge_index: Any, batch: Tensor | None = None) -> Tensor:
        """Features and vectors of positions, added up."""
        if x.dim() != 2 or x.size(1) != self.channels:
            raise ValueError(f"x has shape {list(x.shape)}, expected [N, {self.channels}]")
        find = number_in_graph if self.by_number else _longest_way
        given = (edge_index, x.size(0), batch)
        place: Tensor = uncompiled(find, *given) if torch.compiler.is_dynamo_compiling() else find(*given)
        return x + self.encode(place.to(x.device), x.dtype)

    @abstractmethod
    def encode(self, position: Tensor, dtype: torch.dtype) -> Tensor:
        """Positions ``[N]`` (int64) to vectors ``[N, F]``."""


def _longest_way(edge_index: Any, num_nodes: int, batch: Tensor | None) -> Tensor:
    try:
        return longest_way(edge_index, num_nodes, batch)
    except ValueError as error:
        if "cycle" in str(error):
            raise ValueError(f"positions follow the edges, but {error}: use by_number=True for other graphs") from error
        raise


class SinusoidalPositions(Positions):
    r"""Sines and cosines of the position, without weights (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762).

    .. math::
        p_{t, 2i} = \sin(t / 10000^{2i / F}), \qquad p_{t, 2i+1} = \cos(t / 10000^{2i / F})

    Arguments, shapes and what counts as a position are those of `LearnedPositions`, but there is no limit.
    """

    def encode(self, position: Tensor, dtype: torch.dtype) -> Tensor:
        """The formula, in float32 at least."""
        exact = torch.promote_types(dtype, torch.float32)
        channel = torch.arange(self.channels, device=position.device)
        rate = 10000.0 ** (-(channel - channel % 2).to(exact) / self.channels)
        angle = position.to(exact).unsqueeze(1) * rate
        return torch.where(channel % 2 == 0, angle.sin(), angle.cos()).to(dtype)


class LearnedPositions(Positions):
    """A learned vector for each position.

    A node's position is the number of edges of the longest way that leads to it: its place on a path, counted from 0,
    and its height above the leaves of a tree whose edges run from child to parent. Graphs with cycles have no such
    position, so neither has an undirected path. There ``by_number`` counts the nodes of each graph by their numbers,
    which gives the place in the sequence for graphs that `gnnseq.graphs` makes from sequences, and is arbitrary where
    the numbers are.

    Args:
        channels: features of a node, F.
        by_number: whether the position is the node's number within its graph.
        max_positions: number of vectors; positions run from 0 to one less.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]``, or a `Schedule` without ``batch``
        - **batch:** graph of each node ``[N]``; without it ``by_number`` takes all nodes as one graph, except in a
          `Schedule`
        - **output:** ``[N, F]``

    Raises:
        ValueError: for a position of ``max_positions`` or more, features of another width; for a cycle, unless
            ``by_number``.
    """

    def __init__(self, channels: int, by_number: bool = False, max_positions: int = 1024) -> None:
        super().__init__(channels, by_number)
        check_sizes(max_positions=max_positions)
        self.max_positions = max_positions
        self.weight = nn.Parameter(torch.empty(max_positions, channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws the vectors with a standard deviation of 0.02."""
        nn.init.normal_(self.weight, std=0.02)

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return f"{super().extra_repr()}, max_positions={self.max_positions}"

    def encode(self, position: Tensor, dtype: torch.dtype) -> Tensor:
        """Rows of the weight."""
        if int(position.max()) >= self.max_positions:
            raise ValueError(
                f"a node has position {int(position.max())}, expected below max_positions={self.max_positions}"
            )
        return self.weight.index_select(0, position).to(dtype)
