"""From the nodes of each graph to one vector."""

from torch import Tensor, nn

from gnnseq.ops.segment import segment


class RootReadout(nn.Module):
    """The last node of every graph: the end of a sequence, the top of a tree.

    Shapes:
        - **x:** ``[N, H]``
        - **ptr:** ``[B + 1]``, bounds of the graphs; none may be empty
        - **output:** ``[B, H]``
    """

    def forward(self, x: Tensor, ptr: Tensor) -> Tensor:
        """Picks one row per graph."""
        if int(ptr[0]) != 0 or int(ptr[-1]) != x.size(0):
            raise ValueError(f"ptr runs from {int(ptr[0])} to {int(ptr[-1])}, expected from 0 to {x.size(0)} rows of x")
        if bool((ptr.diff() < 1).any()):
            empty = int((ptr.diff() < 1).nonzero()[0])
            raise ValueError(f"ptr says that graph {empty} has no nodes, expected at least one to read out")
        return x.index_select(0, ptr[1:] - 1)


class _SegmentReadout(nn.Module):
    reduce: str

    def forward(self, x: Tensor, ptr: Tensor) -> Tensor:
        """Reduces the rows of each graph to one."""
        return segment(x, ptr, self.reduce)


class SumReadout(_SegmentReadout):
    """The sum over the nodes of each graph; see `RootReadout` for shapes. Empty graphs give zeros."""

    reduce = "sum"


class MeanReadout(_SegmentReadout):
    """The mean over the nodes of each graph; see `RootReadout` for shapes. Empty graphs give zeros."""

    reduce = "mean"


class MaxReadout(_SegmentReadout):
    """The largest value of each channel over the nodes of each graph; see `RootReadout` for shapes."""

    reduce = "max"


class MinReadout(_SegmentReadout):
    """The smallest value of each channel over the nodes of each graph; see `RootReadout` for shapes."""

    reduce = "min"
