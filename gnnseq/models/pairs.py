"""Models of pairs of graphs: both are encoded by the same weights, then compared."""

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.layers.checks import check_sizes
from gnnseq.layers.readout import RootReadout
from gnnseq.models.batches import Resettable, graph_bounds


class PairClassifier(Resettable):
    """Classifies each pair of a batch of :func:`gnnseq.graphs.pair_batch`.

    Args:
        embedding: symbols to features; None where ``batch.x`` already holds features.
        encoder: ``encoder(x, batch) -> [N, H]``; both graphs of a pair go through it.
        readout: ``readout(x, ptr) -> [2B, H]``; the root by default.
        head: of both graphs, ``head(left, right) -> [B, C]``: `PairComparison` or `OrderedComparison`.

    Raises:
        ValueError: in use, for a batch without ``left_nodes``.
    """

    def __init__(
        self, embedding: nn.Module | None, encoder: nn.Module, readout: nn.Module | None, head: nn.Module
    ) -> None:
        super().__init__()
        self.embedding = nn.Identity() if embedding is None else embedding
        self.encoder = encoder
        self.readout = RootReadout() if readout is None else readout
        self.head = head

    def forward(self, batch: Batch) -> Tensor:
        """Logits ``[B, C]``."""
        if "left_nodes" not in batch:
            raise ValueError("batch has no left_nodes, expected pairs, as gnnseq.graphs.pair_batch makes them")
        out = self.encoder(self.embedding(batch.x), batch)
        ptr = graph_bounds(batch)
        halves = torch.stack([ptr[:-1], ptr[:-1] + batch.left_nodes], dim=1).flatten()
        left, right = self.readout(out, torch.cat([halves, ptr[-1:]])).unflatten(0, (-1, 2)).unbind(1)
        logits: Tensor = self.head(left, right)
        return logits


class PairComparison(Resettable):
    r"""The comparison of Tai et al. 2015 (https://arxiv.org/abs/1503.00075, equation 15), symmetric in both states.

    .. math::
        h_s = \sigma(W_\times (h_L \odot h_R) + W_+ |h_L - h_R| + b_h), \qquad \mathrm{logits} = W_p h_s + b_p

    Args:
        in_channels: features of a graph, H.
        hidden: features of :math:`h_s`; 50 in the paper.
        out_channels: classes, or scores from 1 to C.

    Shapes:
        - **left**, **right:** ``[B, H]``
        - **output:** ``[B, C]``
    """

    parts = 2

    def __init__(self, in_channels: int, hidden: int, out_channels: int) -> None:
        super().__init__()
        check_sizes(in_channels=in_channels, hidden=hidden, out_channels=out_channels)
        self.inner = nn.Linear(self.parts * in_channels, hidden)
        self.outer = nn.Linear(hidden, out_channels)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Compares the graphs of each pair."""
        logits: Tensor = self.outer(self.inner(self.features(left, right)).sigmoid())
        return logits

    def features(self, left: Tensor, right: Tensor) -> Tensor:
        """Product and absolute difference ``[B, 2H]``."""
        return torch.cat([left * right, (left - right).abs()], dim=-1)


class OrderedComparison(PairComparison):
    """`PairComparison` with both states as further inputs, so that it depends on their order, as entailment requires.

    (Mou et al. 2016, https://arxiv.org/abs/1512.08422, join the states, their product and their difference.)
    """

    parts = 4

    def features(self, left: Tensor, right: Tensor) -> Tensor:
        """Both states, product and absolute difference ``[B, 4H]``."""
        return torch.cat([left, right, super().features(left, right)], dim=-1)


def score_targets(y: Tensor, num_scores: int) -> Tensor:
    r"""Scores as sparse distributions over 1 to K whose mean is the score (Tai et al. 2015, section 4.2).

    .. math::
        p_{\lfloor y \rfloor} = \lfloor y \rfloor - y + 1, \qquad p_{\lfloor y \rfloor + 1} = y - \lfloor y \rfloor

    Args:
        y: ``[B]``, from 1 to K.
        num_scores: K.

    Returns:
        ``[B, K]``.

    Raises:
        ValueError: for a score outside the range, or another shape.
    """
    if y.dim() != 1:
        raise ValueError(f"y has shape {list(y.shape)}, expected [B]")
    inside = (y >= 1) & (y <= num_scores)
    if not bool(inside.all()):
        place = int((~inside).nonzero()[0])
        raise ValueError(f"y[{place}] is {float(y[place])}, expected a score from 1 to {num_scores}")
    places = torch.arange(1, num_scores + 1, device=y.device)
    return (1 - (y.unsqueeze(-1) - places).abs()).clamp(min=0)


def expected_score(logits: Tensor) -> Tensor:
    """The mean score ``[B]`` of the distributions over 1 to K whose logits ``[B, K]`` are given."""
    places = torch.arange(1, logits.size(-1) + 1, device=logits.device, dtype=logits.dtype)
    return logits.softmax(-1) @ places


def score_loss(logits: Tensor, y: Tensor) -> Tensor:
    """Kullback-Leibler divergence from the predicted to the target distribution in nats, the mean over the pairs.

    Args:
        logits: ``[B, K]``.
        y: scores ``[B]``, from 1 to K.

    Raises:
        ValueError: for a score outside the range, or another shape.
    """
    if y.shape != logits.shape[:1]:
        raise ValueError(f"y has shape {list(y.shape)}, expected {list(logits.shape[:1])}, one score per row of logits")
    target = score_targets(y.to(logits.dtype), logits.size(-1))
    return nn.functional.kl_div(logits.log_softmax(-1), target, reduction="batchmean")
