"""The sizes of all blocks of a Jacobian, from as few products as its pattern allows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import torch
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from gnnseq.analysis.jacobian.forward.forward_jacobian import Norm
from gnnseq.analysis.jacobian.linear import Linearised, random_numbers
from gnnseq.analysis.jacobian.products.seeds import Colouring, Layout, by_hops, ends_and_middles, halves
from gnnseq.analysis.reach import hops_from, nearby


class _Side(NamedTuple):
    """A direction of differentiation, from seeds to the rows that are read.

    Attributes:
        products: of vectors ``[k, S, width]`` with the Jacobian, ``[k, R, width_read]``.
        width: numbers of each seed.
        layout: seeds and what is read, by graph.
        from_inputs: whether seeds are inputs and outputs are read, or the other way round.
        edge_index: edges from seeds to what is read, where both are nodes.
    """

    products: Callable[[Tensor], Tensor]
    width: int
    layout: Layout
    from_inputs: bool
    edge_index: Tensor | None


@dataclass(frozen=True)
class Sizes:
    """One number per block ``[n, R]``: entry (p, r) belongs to row r and the p-th seed of r's graph."""

    matrix: Tensor
    layout: Layout
    from_inputs: bool
    separate: bool

    def dense(self) -> Tensor:
        """``[N_out, N_in]``, zero between graphs."""
        if self.layout.num_graphs == 1:
            return self.matrix.t() if self.from_inputs else self.matrix
        position, read = self.layout.exists.nonzero().unbind(1)
        whole = self.matrix.new_zeros(self.matrix.size(1), len(self.layout.seed_graph))
        whole[read, self.layout.first[read] + position] = self.matrix[position, read]
        return whole if self.from_inputs else whole.t()

    def blocks(self) -> list[Tensor]:
        """One matrix ``[n_out, n_in]`` for each graph."""
        reads = torch.bincount(self.layout.read_graph, minlength=self.layout.num_graphs).tolist()
        columns = self.matrix.split(reads, dim=1)
        parts = [column[:count] for column, count in zip(columns, self.layout.count.tolist(), strict=True)]
        return [part.t() for part in parts] if self.from_inputs else parts


class BlockJacobian:
    """The Jacobian of a model at a batch, one block for each pair of an output row and an input.

    Attributes:
        linear: its products.
        side: the direction in which it is computed.
        separate: whether no graph of the batch influences another.
        reached: largest number of hops along the edges with an influence; None if influence does not follow edges.
    """

    def __init__(self, linear: Linearised, side: _Side) -> None:
        self.linear = linear
        self.side = side
        layout = side.layout
        self._number, self._direction = random_numbers(linear.dtype, len(layout.seed_graph), side.width)
        everything = torch.ones(1, len(layout.seed_graph), dtype=torch.bool)
        few = side.edge_index is None or layout.num_positions * side.width <= linear.chunk()
        places = everything[:0] if few else ends_and_middles(layout)
        bits, own = halves(layout)
        vectors = self._seeded(torch.cat([everything, places, bits]))
        out = torch.cat([side.products(part) for part in vectors.split(linear.chunk())])
        self._expected = out[0]
        answers = (out != 0).any(-1)
        self.separate = not bool((answers[1 + len(places) :] & ~own).any())
        self.reached = None if few else self._hops_seen(places, answers[1 : 1 + len(places)])
        if not self.separate:
            self.side = side._replace(layout=layout.whole(), edge_index=None)

    @classmethod
    def backward(cls, linear: Linearised) -> Self:
        """From the outputs, ignoring the edges."""
        layout = Layout(linear.out_graph, linear.in_graph)
        return cls(linear, _Side(linear.pull, linear.out_size[1], layout, False, None))

    @classmethod
    def of(cls, linear: Linearised, data: Data) -> Self:
        """In the cheaper direction; from the outputs if the backward pass has no derivative or a wrong one."""
        edges = edges_between_nodes(linear, data)
        back = None if edges is None else edges.flip(0)
        push = _Side(linear.push, linear.in_size[1], Layout(linear.in_graph, linear.out_graph), True, edges)
        pull = _Side(linear.pull, linear.out_size[1], Layout(linear.out_graph, linear.in_graph), False, back)
        forward, backward = (side.layout.num_positions * side.width for side in (push, pull))
        if forward < backward:
            try:
                jacobian = cls(linear, push)
            except RuntimeError:
                return cls(linear, pull)
            if not linear.has_custom_backward or jacobian._agrees_with_pull():
                return jacobian
        return cls(linear, pull)

    def sizes(self, norm: Norm, hops: int | None = None, chunk_size: int | None = None) -> Sizes:
        """The size of every block.

        Args:
            norm: of a block ``[..., C, F]``.
            hops: known reach along the edges.
            chunk_size: vectors multiplied at once.

        Raises:
            ValueError: if an influence beyond ``hops`` is found.
        """
        chunk, layout = self.linear.chunk(chunk_size), self.side.layout
        colouring = self._colouring(self.reached if hops is None else hops)
        if colouring is not None:
            matrix = self._coloured(colouring, norm, chunk)
            if matrix is not None:
                return Sizes(matrix, layout, self.side.from_inputs, self.separate)
            if hops is not None:
                raise ValueError(f"hops is {hops}, but the model reaches further along edge_index")
        parts = [norm(self._as_blocks(out)) for _, out in self._products(layout.position, layout.num_positions, chunk)]
        return Sizes(torch.cat(parts), layout, self.side.from_inputs, self.separate)

    def presence(self) -> Sizes:
        """One where a block is not zero, from one product with random numbers for each seed."""
        layout = self.side.layout
        parts = []
        for positions in torch.arange(layout.num_positions).split(self.linear.chunk()):
            vectors = self._seeded(layout.position == positions.unsqueeze(1))
            parts.append((self.side.products(vectors) != 0).any(-1))
        return Sizes(torch.cat(parts).to(self.linear.dtype), layout, self.side.from_inputs, self.separate)

    def _agrees_with_pull(self) -> bool:
        r"""Whether :math:`\langle c, J t \rangle = \langle c^T J, t \rangle` for random c and t.

        They differ if autograd does not record part of a backward pass.
        """
        number, direction = random_numbers(self.linear.dtype, *self._expected.shape)
        cotangent = number.unsqueeze(1) * direction
        there = cotangent * self._expected
        back = self.linear.pull(cotangent.unsqueeze(0))[0] * (self._number.unsqueeze(1) * self._direction)
        tolerance = 100 * torch.finfo(there.dtype).eps * (there.abs().sum() + back.abs().sum())
        return bool((there.sum() - back.sum()).abs() <= tolerance)

    def _seeded(self, chosen: Tensor) -> Tensor:
        """Random vectors ``[k, S, width]``, zero but at the seeds chosen ``[k, S]``."""
        return (self._number * chosen).unsqueeze(-1) * self._direction

    def _hops_seen(self, seeds: Tensor, answers: Tensor) -> int | None:
        if self.side.edge_index is None:
            return None
        hops = hops_from(self.side.edge_index, seeds)[answers]
        return None if bool((hops < 0).any()) else int(hops.max()) if hops.numel() else 0

    def _colouring(self, hops: int | None) -> Colouring | None:
        """Seeds that can share products; None if sharing saves little."""
        layout = self.side.layout
        if hops is None or self.side.edge_index is None or hops + 2 >= layout.num_positions:
            return None
        near = nearby(self.side.edge_index, layout.seed_graph, hops + 1)
        colouring = by_hops(near, layout, hops)
        return colouring if colouring.num_colours < 0.75 * layout.num_positions else None

    def _products(self, colour: Tensor, num_colours: int, chunk: int) -> Iterator[tuple[int, Tensor]]:
        """First colour and products ``[k, width, R, width_read]`` of a few colours at a time."""
        width = self.side.width
        eye = torch.eye(width, dtype=self.linear.dtype).view(1, width, 1, width)
        step = max(1, chunk // width)
        for first in tqdm(range(0, num_colours, step), "influence", leave=False, disable=None, delay=2):
            now = colour == torch.arange(first, min(first + step, num_colours)).unsqueeze(1)
            vectors = (eye * now[:, None, :, None]).flatten(0, 1)
            parts = [self.side.products(part) for part in vectors.split(chunk)]
            yield first, (parts[0] if len(parts) == 1 else torch.cat(parts)).unflatten(0, (-1, width))

    def _as_blocks(self, out: Tensor) -> Tensor:
        """Products as blocks of the Jacobian ``[k, R, C, F]``."""
        return out.permute(0, 2, 3, 1) if self.side.from_inputs else out.transpose(1, 2)

    def _coloured(self, colouring: Colouring, norm: Norm, chunk: int) -> Tensor | None:
        """The sizes from shared products; None if a check fails.

        Rows that no seed of a product can reach must be zero, and all blocks together must give the product with a
        random vector.
        """
        layout, rest = self.side.layout, self._expected.clone()
        scale = rest.new_zeros(rest.size(0))
        matrix = rest.new_zeros(layout.num_positions, rest.size(0))
        for first, out in self._products(colouring.colour, colouring.num_colours, chunk):
            owner = colouring.owner[first : first + len(out)]
            size, owned = norm(self._as_blocks(out)), owner >= 0
            if bool(((size != 0) & ~owned).any()):
                return None
            which, read = owned.nonzero().unbind(1)
            matrix[owner[which, read], read] = size[which, read]
            number = self._number[(layout.first + owner).clamp(min=0)] * owned
            share = (self._direction @ out.flatten(2)).view(-1, *rest.shape) * number.unsqueeze(-1)
            rest -= share.sum(0)
            scale += share.abs().amax(-1).sum(0)
        tolerance = 1e3 * torch.finfo(rest.dtype).eps * scale.unsqueeze(1)
        return matrix if bool((rest.abs() <= tolerance).all()) else None


def edges_between_nodes(linear: Linearised, data: Data) -> Tensor | None:
    """The edges, where inputs and outputs both are nodes."""
    nodes = linear.per_node == 1 and len(linear.in_graph) == len(linear.out_graph)
    return data.edge_index.cpu() if nodes and isinstance(data.edge_index, Tensor) else None
