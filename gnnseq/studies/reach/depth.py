"""Influence in stacks of convolutions, against their depth."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import GraphConv

from gnnseq.analysis import (
    by_distance,
    effective_field,
    hop_distance,
    influence,
    influence_range,
    random_walk,
)
from gnnseq.graphs import path_graph
from gnnseq.layers import GCN
from gnnseq.models import ConvStack, NodeClassifier


@dataclass(frozen=True)
class DepthRecord:
    """The influence on one output of a stack.

    Attributes:
        stack: "gcn" or "graph-conv".
        title: the stack and its graph in words.
        layers: number of convolutions, which is how many hops it can reach.
        profile: for each seed, the share of the influence from each distance; distance 0 is the node itself.
        theory: the expected profile of a linear stack.
        mean_distance: for each seed, the mean distance that influence comes from (the range R of Liang et al.).
        field: for each seed, the distance within which 95 % of the influence lies.
    """

    stack: str
    title: str
    layers: int
    profile: list[list[float]]
    theory: list[float]
    mean_distance: list[float]
    field: list[int]

    @property
    def expected_distance(self) -> float:
        """The mean distance in theory."""
        return influence_range(torch.tensor([self.theory], dtype=torch.double))


TITLES = {
    "gcn": "GCN on an undirected path, its middle node",
    "graph-conv": "Graph convolution with a weight for the node itself\non a directed path, its last node",
}


def measure_depth(stack: str, layers: int, seeds: int = 3, width: int = 32) -> DepthRecord:
    """Measures the influence on one node of a path that is long enough for the stack's whole reach.

    Args:
        stack: "gcn", one weight for a node and its neighbours on an undirected path, seen from the middle; or
            "graph-conv", a weight for each on a directed path, seen from its end.
        layers: number of convolutions.
        seeds: number of initialisations and of random features.
        width: features of a node.

    Raises:
        ValueError: for another stack.
    """
    if stack not in TITLES:
        raise ValueError(f"stack is {stack!r}, expected one of {', '.join(TITLES)}")
    both = stack == "gcn"
    nodes = 2 * layers + 3 if both else layers + 2
    seen = layers + 1 if both else nodes - 1
    profiles = []
    for seed in range(seeds):
        generator = torch.Generator().manual_seed(seed)
        features = torch.randn(nodes, width, generator=generator, dtype=torch.double)
        graph = path_graph(features, direction="both" if both else "forward")
        profiles.append(_profile(influence(_model(stack, layers, width, seed), graph)[seen], graph, seen))
    expected = random_walk(graph.edge_index, layers, nodes)[seen] if both else _binomial(layers, nodes)
    profile = torch.stack(profiles)
    return DepthRecord(
        stack,
        TITLES[stack],
        layers,
        profile.tolist(),
        _profile(expected, graph, seen).tolist(),
        [influence_range(own.unsqueeze(0)) for own in profile],
        effective_field(profile).tolist(),
    )


def _model(stack: str, layers: int, width: int, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    if stack == "gcn":
        return GCN(width, width, layers).double()
    return NodeClassifier(None, ConvStack(GraphConv, width, width, layers), nn.Identity()).double()


def _binomial(layers: int, nodes: int) -> Tensor:
    """Each layer stays or moves on with random weights, so that variances of orders add up: the root of a binomial."""
    back = torch.arange(nodes - 1, -1, -1, dtype=torch.double)
    whole = torch.tensor(float(layers), dtype=torch.double)
    ways = torch.where(back <= layers, torch.exp(0.5 * _log_choose(whole, back.clamp(max=layers))), 0.0)
    return ways


def _log_choose(n: Tensor, k: Tensor) -> Tensor:
    return torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1)


def _profile(row: Tensor, graph: Data, seen: int) -> Tensor:
    hops = hop_distance(graph.edge_index, int(graph.num_nodes))[seen]
    shares = by_distance(row.unsqueeze(0), hops.unsqueeze(0))[0]
    return shares / shares.sum()
