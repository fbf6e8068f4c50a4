"""Networks whose nodes are to be classified: stochastic block models and Zachary's karate club."""

from typing import ClassVar

import networkx as nx
import numpy as np
import torch
from torch import Tensor

from gnnseq.data.counters import MAX_SEED, Words, derive, distinct, uniform
from gnnseq.data.indexing import check_integer
from gnnseq.data.sequences import UNLABELLED, IntArray
from gnnseq.data.streams import Split, Stream, check_split, draw, stream_key

_CLASSES, _KNOWN, _EDGES = range(3)  # what random words are for


class BlockModelDataset(Stream):
    """Stochastic block models (Holland, Laskey and Leinhardt 1983): every sample is another network.

    The nodes are dealt at random into communities of equal size. Two nodes of one community are
    joined with probability ``inside``, two of different ones with ``outside``. A few nodes of every
    community say which it is; the targets are those of all other nodes, predicted from the edges: the
    numbers of communities and nodes carry no information.

    The targets hold equally many nodes of each community, so that any constant answer is right for 1 in
    ``communities``.

    Args:
        communities: C >= 2.
        members: nodes of a community; n = C * members nodes in all.
        known: nodes of each community that say where they belong, 1 to ``members - 1``.
        probabilities: of an edge inside a community, and between two.
        seed: 0 to 2**62 - 1.
        split: "train", "validation" or "test"; each is a separate stream.

    Shapes:
        - ``ds[int]``: features ``[n, C]`` (float32), one-hot at the known nodes and else zero; adjacency
          ``[n, n]`` (bool), symmetric, without self-loops; communities ``[n]`` (int64), -100 at the
          known nodes.
        - ``ds[indices]``: the same for a batch, ``[B, n, C]``, ``[B, n, n]`` and ``[B, n]``.

    Raises:
        ValueError: if an argument is out of range.
        IndexError: if an index is.
    """

    def __init__(
        self,
        communities: int = 2,
        members: int = 16,
        known: int = 2,
        probabilities: tuple[float, float] = (0.4, 0.1),
        seed: int = 0,
        split: Split = "train",
    ) -> None:
        self.communities = check_integer("communities", communities, 2)
        self.members = check_integer("members", members, 2)
        self.known = check_integer("known", known, 1, self.members - 1)
        if len(probabilities) != 2 or not all(0.0 <= p <= 1.0 for p in probabilities):
            raise ValueError(f"probabilities is {probabilities}, expected two numbers from 0 to 1")
        self.probabilities = probabilities
        super().__init__(None, seed, split)

    @property
    def num_nodes(self) -> int:
        """Nodes of a network, n."""
        return self.communities * self.members

    @property
    def chance(self) -> float:
        """Accuracy of any constant answer."""
        return 1.0 / self.communities

    def _generate(self, keys: Words) -> tuple[Tensor, Tensor, Tensor]:
        nodes = np.arange(self.num_nodes)
        order = np.argsort(draw(keys, _CLASSES, self.num_nodes), axis=1)
        community = np.empty_like(order)
        np.put_along_axis(community, order, np.broadcast_to(nodes // self.members, order.shape), axis=1)
        shown = np.zeros(order.shape, np.bool_)
        np.put_along_axis(shown, order, np.broadcast_to(nodes % self.members < self.known, order.shape), axis=1)
        features = (community[:, :, None] == np.arange(self.communities)) & shown[:, :, None]
        labels = np.where(shown, UNLABELLED, community)
        return (
            torch.from_numpy(features.astype(np.float32)),
            torch.from_numpy(self._join(keys, community)),
            torch.from_numpy(labels),
        )

    def _join(self, keys: Words, community: IntArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        rows, columns = np.triu_indices(self.num_nodes, 1)
        inside, outside = self.probabilities
        same = community[:, rows] == community[:, columns]
        joined = uniform(draw(keys, _EDGES, len(rows))) < np.where(same, inside, outside)
        adjacency = np.zeros((len(keys), self.num_nodes, self.num_nodes), np.bool_)
        adjacency[:, rows, columns] = joined
        adjacency[:, columns, rows] = joined
        return adjacency


class KarateClub:
    """Zachary's karate club (1977): 34 members, 78 friendships, and the two clubs into which it split.

    The clubs of a few members are given; the others are the targets. The network is the same for every
    seed, which draws the given, validation and test members: three sets without a common member,
    with as many of both clubs. Both have 17 members, so that any constant answer is right for half.

    Args:
        known: members of each club whose club is known, 1 to 11; validation has five more of each,
            and the test the others.
        seed: 0 to 2**62 - 1.

    Attributes:
        adjacency: ``[34, 34]`` (bool); friendships have no weights.
        clubs: 0 for Mr. Hi's, 1 for the officer's ``[34]`` (int64).

    Raises:
        ValueError: if an argument is out of range.
    """

    chance: ClassVar[float] = 0.5
    num_nodes: ClassVar[int] = 34
    _VALIDATION: ClassVar[int] = 5

    def __init__(self, known: int = 2, seed: int = 0) -> None:
        self.known = check_integer("known", known, 1, 11)
        self.seed = check_integer("seed", seed, 0, MAX_SEED - 1)
        graph = nx.karate_club_graph()
        self.adjacency = torch.from_numpy(nx.to_numpy_array(graph) > 0)
        clubs = [graph.nodes[node]["club"] for node in range(self.num_nodes)]
        self.clubs = torch.tensor([int(club == "Officer") for club in clubs])

    def labels(self, split: Split) -> Tensor:
        """The clubs ``[34]`` of a split's members, -100 for all others."""
        kept = slice(0, self.known)
        if check_split(split) != "train":
            middle = self.known + self._VALIDATION
            kept = slice(self.known, middle) if split == "validation" else slice(middle, None)
        labels = torch.full_like(self.clubs, UNLABELLED)
        for club in (0, 1):
            members = torch.nonzero(self.clubs == club).squeeze(1)
            order = distinct(derive(stream_key(self.seed, "train"), members.numpy()), len(members))
            labels[members[torch.from_numpy(order)[kept]]] = club
        return labels
