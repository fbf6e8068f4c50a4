"""Attention of every node to itself and to the sources of its incoming edges."""

import torch
from torch import Tensor
from torch.nn.functional import dropout as drop

from gnnseq.ops.segment import segment
from gnnseq.ops.transforms import outside_transforms


class AlongEdges:
    r"""Attention :math:`\sum_u \mathrm{softmax}_u(q_v \cdot k_u / \sqrt d) v_u` over v itself and all edges u -> v.

    With a node's own entry it is `torch_geometric.nn.TransformerConv` without ``root_weight`` on the edges and one
    self-loop a node. Self-loops among the edges change nothing; a repeated edge counts as often as it is there.

    Args:
        edge_index: edges ``[2, E]`` from the node read to the node that reads.
        num_nodes: number of nodes N.
        factor: multiplies the value that each edge carries ``[E]``, as an explainer's mask does; None for ones.
    """

    def __init__(self, edge_index: Tensor, num_nodes: int, factor: Tensor | None = None) -> None:
        with outside_transforms():
            joins = edge_index[0] != edge_index[1]
            own = torch.arange(num_nodes, device=edge_index.device)
            source, target = torch.cat([edge_index[:, joins], own.expand(2, -1)], dim=1)
            self.target, order = target.sort(stable=True)
            self.source = source[order]
            count = torch.bincount(target, minlength=num_nodes)
            self.ptr = torch.cat([count.new_zeros(1), count.cumsum(0)])
        self.factor = None
        if factor is not None:
            self.factor = torch.cat([factor[joins], factor.new_ones(num_nodes)])[order]

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, dropout: float = 0.0) -> Tensor:
        """Queries, keys and values ``[N, heads, d]`` to outputs ``[N, heads, d]``."""
        read = k.index_select(0, self.source)
        scores = (q.index_select(0, self.target) * read).sum(-1) * q.size(-1) ** -0.5  # [P, heads]
        top = segment(scores.detach(), self.ptr, "max").index_select(0, self.target)
        weight = (scores - top).exp()
        weight = weight / segment(weight, self.ptr, "sum").index_select(0, self.target)
        weight = drop(weight, dropout)
        if self.factor is not None:
            weight = weight * self.factor.to(weight.dtype).unsqueeze(-1)
        return segment(weight.unsqueeze(-1) * v.index_select(0, self.source), self.ptr, "sum")
