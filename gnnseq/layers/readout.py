"""From the nodes of each graph to one vector."""

from torch import Tensor, nn

from gnnseq.ops.segment import check_bounds, segment


class RootReadout(nn.Module):
    """The last node of every graph: the end of a sequence, the top of a tree.

    Shapes:
        - **x:** ``[N, H]``
        - **ptr:** ``[B + 1]``, bounds of the graphs; none may be empty
        - **output:** ``[B, H]``
    """

    def forward(self, x: Tensor, ptr: Tensor) -> Tensor:
        """Picks one row per graph."""
        check_bounds(ptr, x, empty=False)
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
