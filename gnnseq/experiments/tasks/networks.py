"""Classification of nodes in networks, and the sequences of a network for recurrent models."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, TypeAlias, cast

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch_geometric.data import Batch

from gnnseq.data.streams import Split
from gnnseq.data.synthetic.network_sequences import adjacency_rows
from gnnseq.data.synthetic.networks import BlockModelDataset, KarateClub
from gnnseq.experiments.tasks.base import Collate, Level, find_view, sequence_views
from gnnseq.experiments.tasks.kinds import Classification, Sampled
from gnnseq.graphs.native import network_batch

Network: TypeAlias = tuple[Tensor, Tensor, Tensor]


class _Networks(Classification):
    """Nodes to be classified, as a graph or as a sequence of rows of the adjacency matrix."""

    level: ClassVar[Level] = "node"
    num_symbols: ClassVar[None] = None

    @property
    @abstractmethod
    def num_features(self) -> int: ...

    @property
    def views(self) -> Mapping[str, Collate]:
        """The network, and the sequence of its nodes with their edges.

        For a recurrent model ("path") and with longer hops ("dilated") the sequence is repeated, with targets the
        second time. In "path both ways" it occurs once, for bidirectional models. In all three a
        node's features are followed by its row of the adjacency matrix
        (:func:`gnnseq.data.synthetic.network_sequences.adjacency_rows`); in "graph" those features are zero, since the
        edges say it.
        """
        views: dict[str, Callable[[Network], Batch]] = {
            "graph": partial(_network, self.num_features),
            **{
                name: partial(_rows, collate, 1 if name == "path both ways" else 2)
                for name, collate in sequence_views(None, "node").items()
            },
        }
        return cast(Mapping[str, Collate], views)

    def required(self, view: str) -> int | None:
        """Many nodes say something about the answer, each a little; no number of hops is required."""
        find_view(cast(BlockModelTask, self), view)
        return None


@dataclass(frozen=True)
class BlockModelTask(Sampled, _Networks):
    """To which community each node of a random network belongs: :class:`gnnseq.data.BlockModelDataset`.

    Every sample is another network (inductive).

    Attributes:
        communities: number of communities.
        members: nodes of each.
        known: nodes of each that say where they belong.
        inside: probability of an edge inside a community.
        outside: probability of an edge between two.
    """

    communities: int = 2
    members: int = 16
    known: int = 2
    inside: float = 0.4
    outside: float = 0.1

    name: ClassVar[str] = "block model"
    solved: ClassVar[float] = 0.9

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"block models of {self.communities} x {self.members} nodes"

    @property
    def size(self) -> int:
        """Nodes of a network."""
        return self.communities * self.members

    @property
    def num_features(self) -> int:
        """A node's community if given, its row of the adjacency matrix, and whether it is a target."""
        return self.communities + self.size + 1

    @property
    def num_outputs(self) -> int:
        """The communities."""
        return self.communities

    @property
    def chance(self) -> float:
        """Accuracy of any constant answer."""
        return 1.0 / self.communities

    def dataset(self, seed: int, split: Split) -> BlockModelDataset:
        """The samples; see `Sampled`."""
        probabilities = (self.inside, self.outside)
        return BlockModelDataset(self.communities, self.members, self.known, probabilities, seed, split)


@dataclass(frozen=True)
class KarateTask(_Networks):
    """To which club each member of Zachary's karate club went: :class:`gnnseq.data.synthetic.networks.KarateClub`.

    There is one network, the same for all seeds and splits, which choose the nodes whose labels count (transductive).
    So a batch is that network, once, whatever ``batch_size`` is. A node's features in "graph" are its number, one-hot.
    It is solved at 0.85 and not higher: a few members' ties do not say where they went.

    Attributes:
        known: members of each club whose club is trained on.
        to_the_end: whether training takes all steps. If not, it ends once the few labels are learned by heart, after
            20 to 45 steps, and the score is that of hardly trained models.
    """

    known: int = 2
    to_the_end: bool = True

    name: ClassVar[str] = "karate club"
    solved: ClassVar[float] = 0.85
    num_outputs: ClassVar[int] = 2
    chance: ClassVar[float] = KarateClub.chance

    def __post_init__(self) -> None:
        KarateClub(self.known)  # raises for what does not fit

    @property
    def title(self) -> str:
        """Name in tables."""
        return f"karate club members, {self.known} of each club known"

    @property
    def num_features(self) -> int:
        """A node's number or its row of the adjacency matrix, and whether it is a target."""
        return KarateClub.num_nodes + 1

    @property
    def size(self) -> int:
        """Known members of each club."""
        return self.known

    def batches(
        self, view: str, seed: int, split: Split, batch_size: int, num_batches: int, first: int = 0
    ) -> Iterator[Batch]:
        """The network, once per batch; see `Task`."""
        collate: Callable[..., Batch] = find_view(self, view)
        club = KarateClub(self.known, seed)
        names = torch.eye(club.num_nodes) if view == "graph" else torch.zeros(club.num_nodes, 0)
        sample = (names.unsqueeze(0), club.adjacency.unsqueeze(0), club.labels(split).unsqueeze(0))
        for _ in range(num_batches):
            yield collate(sample)


def _network(width: int, sample: Network) -> Batch:
    features, adjacency, labels = sample
    return network_batch(pad(features, (0, width - features.size(2))), adjacency, labels)


def _rows(collate: Collate, passes: int, sample: Network) -> Batch:
    return collate(adjacency_rows(*sample, passes))
