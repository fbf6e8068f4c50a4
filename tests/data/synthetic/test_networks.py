import networkx as nx
import pytest
import torch

from gnnseq.data.synthetic.networks import BlockModelDataset, KarateClub


def test_a_block_model_is_as_defined():
    dataset = BlockModelDataset(3, 5, 2)
    features, adjacency, labels = dataset[:30]
    assert features.shape == (30, 15, 3)
    assert torch.equal(adjacency, adjacency.transpose(1, 2))
    assert not adjacency.diagonal(dim1=1, dim2=2).any()
    for rows, answers in zip(features.tolist(), labels.tolist(), strict=True):
        known = [row.index(1.0) for row in rows if any(row)]
        assert sorted(known) == [0, 0, 1, 1, 2, 2]
        assert all((answer == -100) == any(row) for row, answer in zip(rows, answers, strict=True))
        assert sorted(answer for answer in answers if answer >= 0) == [0] * 3 + [1] * 3 + [2] * 3


def test_edges_have_their_probabilities_and_are_independent_of_the_numbers_of_nodes():
    features, adjacency, labels = BlockModelDataset(2, 6, 2, probabilities=(0.7, 0.2), seed=1)[:4000]
    community = torch.where(labels < 0, features.argmax(2), labels)
    same = community.unsqueeze(1) == community.unsqueeze(2)
    pairs = torch.ones(12, 12).triu(1).bool().expand_as(same)
    for kind, probability in ((same, 0.7), (~same, 0.2)):
        counted = kind & pairs
        share = float((adjacency & counted).sum() / counted.sum())
        assert share == pytest.approx(probability, abs=4 * (0.25 / float(counted.sum())) ** 0.5)
    assert torch.allclose(community.double().mean(0), torch.full((12,), 0.5).double(), atol=4 * 0.5 / 4000**0.5)
    assert torch.allclose((labels < 0).double().mean(0), torch.full((12,), 1 / 3).double(), atol=2 / 4000**0.5)


def test_certain_edges():
    _, adjacency, _ = BlockModelDataset(2, 4, 1, probabilities=(1.0, 0.0))[:5]
    assert adjacency.sum(2).eq(3).all()


def test_any_constant_is_right_by_chance_and_neighbours_know_better():
    dataset = BlockModelDataset(2, 16, 4, probabilities=(0.5, 0.1), seed=3)
    features, adjacency, labels = dataset[:500]
    asked = labels >= 0
    for constant in (0, 1):
        assert float((labels[asked] == constant).double().mean()) == dataset.chance == 0.5
    votes = adjacency.float() @ features
    majority = float((votes.argmax(2)[asked] == labels[asked]).double().mean())
    assert majority > 0.75


def test_the_karate_club_is_networkxs():
    club, graph = KarateClub(), nx.karate_club_graph()
    assert {(u, v) for u, v in club.adjacency.nonzero().tolist() if u < v} == set(graph.edges)
    assert torch.equal(club.adjacency, club.adjacency.t())
    named = [("Mr. Hi", "Officer")[number] for number in club.clubs.tolist()]
    assert named == [graph.nodes[node]["club"] for node in graph]


@pytest.mark.parametrize("known", [1, 2, 11])
def test_the_members_of_the_splits(known):
    club = KarateClub(known, seed=5)
    parts = [club.labels(split) for split in ("train", "validation", "test")]
    shown = torch.stack(parts) >= 0
    assert shown.sum(0).eq(1).all()
    for part, size in zip(parts, (known, 5, 12 - known), strict=True):
        assert torch.bincount(part[part >= 0]).tolist() == [size, size]
        assert torch.equal(part[part >= 0], club.clubs[part >= 0])


def test_seeds_choose_who_is_known():
    choices = {tuple(KarateClub(2, seed=seed).labels("train").tolist()) for seed in range(30)}
    assert len(choices) > 25
    assert torch.equal(KarateClub(2, 7).labels("test"), KarateClub(2, 7).labels("test"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"communities": 1}, "communities is 1, expected an integer >= 2"),
        ({"members": 1}, "members is 1, expected an integer >= 2"),
        ({"known": 16}, "known is 16, expected an integer from 1 to 15"),
        ({"probabilities": (0.5, 1.5)}, "probabilities is .* expected two numbers from 0 to 1"),
        ({"probabilities": (0.5,)}, "probabilities is .* expected two numbers from 0 to 1"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        BlockModelDataset(**arguments)


def test_the_clubs_arguments():
    with pytest.raises(ValueError, match="known is 12, expected an integer from 1 to 11"):
        KarateClub(12)
    with pytest.raises(ValueError, match="split is 'dev'"):
        KarateClub().labels("dev")
