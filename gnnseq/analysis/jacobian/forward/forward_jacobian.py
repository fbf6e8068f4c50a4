"""The sizes of all blocks of a Jacobian, by one forward pass through the operations that autograd recorded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import torch
from torch import Tensor
from tqdm import tqdm

from gnnseq.analysis.jacobian.forward.blocks import Blocks, Pairs
from gnnseq.analysis.jacobian.forward.plan import UnknownOperation
from gnnseq.analysis.jacobian.forward.program import Program, TooLarge
from gnnseq.analysis.jacobian.forward.rules import rule_of
from gnnseq.analysis.jacobian.linear import Linearised, memory_limit, random_numbers
from gnnseq.analysis.reach import local_index, nearby

Norm = Callable[[Tensor], Tensor]
_CACHE = 2**22  # bytes of the average step's blocks at which the way forward is fastest on a CPU


@dataclass(frozen=True)
class Entries:
    """One number for each pair of an output row and an input that can influence it.

    Attributes:
        row: output row ``[P]``.
        seed: input ``[P]``.
        size: of the block ``[P]``.
        linear: the model at its batch.
    """

    row: Tensor
    seed: Tensor
    size: Tensor
    linear: Linearised

    @cached_property
    def separate(self) -> bool:
        """Whether no graph of the batch influences another."""
        crosses = self.linear.out_graph[self.row] != self.linear.in_graph[self.seed]
        return not bool((crosses & (self.size != 0)).any())

    def dense(self) -> Tensor:
        """``[N_out, N_in]``."""
        whole = self.size.new_zeros(self.linear.out_size[0], self.linear.in_size[0])
        whole[self.row, self.seed] = self.size
        return whole

    def blocks(self) -> list[Tensor]:
        """One matrix ``[n_out, n_in]`` for each graph."""
        out, into = self.linear.out_graph, self.linear.in_graph
        num_graphs = 1 + max(int(out.max()), int(into.max()))
        rows, seeds = (torch.bincount(graph, minlength=num_graphs) for graph in (out, into))
        sizes = rows * seeds
        first = (sizes.cumsum(0) - sizes)[into[self.seed]]
        within = [local_index(graph)[0] for graph in (out, into)]
        place = first + within[0][self.row] * seeds[into[self.seed]] + within[1][self.seed]
        flat = self.size.new_zeros(int(sizes.sum()))
        inside = out[self.row] == into[self.seed]
        flat[place[inside]] = self.size[inside]
        parts = flat.split(sizes.tolist())
        return [part.view(r, s) for part, r, s in zip(parts, rows.tolist(), seeds.tolist(), strict=True)]

    def reaches_beyond(self, hops: int, edge_index: Tensor) -> bool:
        """Whether an influence takes more than ``hops`` hops along the edges."""
        graph = self.linear.in_graph
        near = nearby(edge_index.cpu().flip(0), graph, hops) >= 0
        return bool(((self.size != 0) & ~near[local_index(graph)[0][self.row], self.seed]).any())


class _Cost(NamedTuple):
    """Bytes for each seed: of the average step's blocks, and of all that are held at a time."""

    average: float
    peak: float


class ForwardJacobian:
    """The Jacobian of a model whose operations all have a forward rule.

    Seeds are processed in chunks of the fastest size. One backward pass checks the result.

    Args:
        linear: the model at a batch.
        program: its recorded operations.
    """

    def __init__(self, linear: Linearised, program: Program) -> None:
        self.linear = linear
        self.program = program

    @classmethod
    def of(cls, linear: Linearised) -> Self | None:
        """None if an operation has no rule, or if backward passes from the outputs are cheaper."""
        (inputs, features), (rows, channels) = linear.in_size, linear.out_size
        x, out = linear.recorded
        if inputs * features > 2 * rows * channels or x.dim() < 2:
            return None
        try:
            with torch.no_grad():
                return cls(linear, Program.of(x, out, rule_of))
        except UnknownOperation:
            return None

    def sizes(self, norm: Norm, chunk_size: int | None = None) -> Entries | None:
        """The size of every block; None if the memory limit is too small for one seed, or the check fails.

        Args:
            norm: of a block ``[..., C, F]``.
            chunk_size: derivatives computed at once.
        """
        most = self.linear.in_size[0]
        if chunk_size is not None:
            most = max(1, min(most, self.linear.chunk(chunk_size) // self.linear.in_size[1]))
        check = _Check(self.linear)
        found: list[tuple[Tensor, Tensor, Tensor]] = []
        try:
            with torch.no_grad():
                for first, blocks in self._chunks(most):
                    check.note(blocks, first)
                    found.append((blocks.pairs.row, blocks.pairs.seed + first, norm(blocks.value.transpose(1, 2))))
        except TooLarge:
            return None
        row, seed, size = (torch.cat(part).cpu() for part in zip(*found, strict=True))
        return Entries(row, seed, size, self.linear) if check.passes() else None

    def _chunks(self, most: int) -> Iterator[tuple[int, Blocks]]:
        """The number of the first seed and the blocks of some seeds at a time, at most so many."""
        count, first, size = self.linear.in_size[0], 0, min(self._at_first(), most)
        hidden = True if size >= count else None
        with tqdm(total=count, desc="influence", leave=False, disable=hidden, delay=2) as bar:
            while first < count:
                size = min(size, count - first)
                try:
                    blocks, cost = self._run(first, size)
                except TooLarge:
                    if size == 1:
                        raise
                    size = most = size // 2
                    continue
                yield first, blocks
                first += size
                bar.update(size)
                size = min(most, max(1, int(min(_CACHE / cost.average, memory_limit() / 2 / cost.peak))))

    def _at_first(self) -> int:
        """Seeds whose blocks fit even if each moves every row of its graph."""
        graph = self.linear.in_graph
        share = int(torch.bincount(graph).max()) / len(graph)
        numbers = max(share * self.program.widest, 1.0) * self.linear.in_size[1]
        return max(1, int(4 * _CACHE / (numbers * self.linear.dtype.itemsize)))

    def _run(self, first: int, count: int) -> tuple[Blocks, _Cost]:
        blocks, used = self.program.run(self._features(first, count), memory_limit())
        average = max(used.made / max(len(self.program.steps), 1), 1.0)
        return blocks, _Cost(average / count, max(used.peak, 1) / count)

    def _features(self, first: int, count: int) -> Blocks:
        """Every feature of the seeds moves itself."""
        x, width = self.linear.recorded[0], self.linear.in_size[1]
        rows = width // x.size(-1)  # of each seed
        eye = torch.eye(width, dtype=x.dtype, device=x.device).view(width, rows, x.size(-1)).transpose(0, 1)
        row = torch.arange(first * rows, (first + count) * rows, device=x.device)
        key = row * count + (row.div(rows, rounding_mode="floor") - first)
        return Blocks(Pairs(key, count), eye.repeat(count, 1, 1))


class _Check:
    """Compares a product of all blocks with random numbers to that of one backward pass."""

    def __init__(self, linear: Linearised) -> None:
        self._linear, x = linear, linear.recorded[0]
        self._number, self._direction = (part.to(x.device) for part in random_numbers(linear.dtype, *linear.out_size))
        self._product = x.new_zeros(linear.in_size)
        self._scale = torch.zeros_like(self._product)

    def note(self, blocks: Blocks, first: int) -> None:
        """Adds some blocks."""
        number = self._number.index_select(0, blocks.pairs.row).unsqueeze(1)
        share = (blocks.value @ self._direction).mul_(number)
        seed = blocks.pairs.seed + first
        self._product.index_add_(0, seed, share)
        self._scale.index_add_(0, seed, share.abs_())

    def passes(self) -> bool:
        """Whether both are equal up to rounding."""
        cotangent = self._number.unsqueeze(1) * self._direction
        expected = self._linear.pull(cotangent.unsqueeze(0))[0]
        eps = torch.finfo(expected.dtype).eps
        scale = self._scale.cpu() + expected.abs()
        return bool(((self._product.cpu() - expected).abs() <= 1e4 * eps * scale.amax(1, keepdim=True)).all())
