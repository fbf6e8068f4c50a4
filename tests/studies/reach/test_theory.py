import pytest
import torch
from torch import nn
from torch_geometric.nn import GraphConv

from gnnseq.experiments import PALINDROME_FAMILIES, PalindromeTask, find_family
from gnnseq.graphs import balanced_tree_batch, path_batch
from gnnseq.layers import GCN, LSTM, RNN, DeltaNet, MinGRU, NaryTreeLSTM, orthogonal_
from gnnseq.models import ConvStack, EdgeEncoder, SequenceClassifier, SlotEncoder, SymbolEmbedding
from gnnseq.studies.reach.theory import expected_influence


def classifier(encoder):
    return SequenceClassifier(SymbolEmbedding(10, 4), encoder, None, nn.Linear(6, 10))


def paths(steps, direction="forward"):
    return path_batch(torch.arange(steps).remainder(10).unsqueeze(0), direction=direction)


@pytest.mark.parametrize("family", PALINDROME_FAMILIES, ids=lambda family: family.name)
def test_every_family_has_a_theory_that_is_zero_just_where_it_cannot_see(family):
    task = PalindromeTask(13)
    model, batch = family.build(task, 6, 4), next(task.batches(family.view, 0, "train", 1, 1))
    shares, name = expected_influence(model, batch, 12)
    assert shares.shape == (12,)
    assert shares.sum() == pytest.approx(1.0)
    assert bool((shares > 0).all()) is family.sight(task).sees
    assert name


def test_the_rnn_keeps_what_an_orthogonal_matrix_keeps():
    model = classifier(EdgeEncoder(RNN(4, 6)))
    orthogonal_(model, gain=0.5)
    shares, name = expected_influence(model, paths(5), 5)
    torch.testing.assert_close(shares[1:] / shares[:-1], torch.full((4,), 0.5, dtype=torch.double), rtol=1e-6, atol=0.0)
    assert "0.50" in name


def test_memory_is_the_product_of_forget_gates_along_a_path_and_down_a_tree():
    model = classifier(EdgeEncoder(LSTM(4, 6)))
    bias = model.encoder.layer.cells[0].bias
    nn.init.zeros_(bias)
    shares, _ = expected_influence(model, paths(5), 5)
    assert (shares / shares[0]).tolist() == [1, 0.5, 0.25, 0.125, 0.0625]
    tree = classifier(SlotEncoder(NaryTreeLSTM(4, 6, arity=2)))
    nn.init.zeros_(tree.encoder.layer.cells[0].bias)
    shares, _ = expected_influence(tree, balanced_tree_batch(torch.tensor([[1, 2, 3, 4, 5]]), empty=10), 5)
    assert (shares / shares[0]).tolist() == [
        1,
        1,
        1,
        0.5,
        0.5,
    ]  # two hops for the last three leaves, three for the others


def test_two_layers_of_gates_share_the_hops():
    model = classifier(EdgeEncoder(MinGRU(4, 6, num_layers=2)))
    for cell in model.encoder.layer.cells:
        nn.init.zeros_(cell.bias)
    shares, name = expected_influence(model, paths(4), 4)
    torch.testing.assert_close(shares / shares[0], torch.tensor([1, 1, 0.75, 0.5], dtype=torch.double))
    assert "memory" in name


def test_a_model_without_a_theory_is_refused():
    with pytest.raises(ValueError, match="model has a EdgeEncoder, for which there is no theory"):
        expected_influence(classifier(EdgeEncoder(DeltaNet(4, 6, heads=1))), paths(4), 4)


def test_walks_of_a_gcn_and_of_two_weights():
    shares, _ = expected_influence(classifier(EdgeEncoder(GCN(4, 6, 1))), paths(4, "both"), 4)
    torch.testing.assert_close(shares[1] / shares[0], torch.tensor(2 / 6**0.5, dtype=torch.double))
    assert shares[2:].tolist() == [0, 0]
    shares, _ = expected_influence(classifier(ConvStack(GraphConv, 4, 6, 2)), paths(4), 4)
    torch.testing.assert_close(shares / shares[0], torch.tensor([1, 2**0.5, 1, 0], dtype=torch.double))


def test_one_graph_only():
    batch = path_batch(torch.zeros(2, 3, dtype=torch.long))
    with pytest.raises(ValueError, match="batch holds 2 graphs"):
        expected_influence(find_family("rnn").build(PalindromeTask(4), 6, 4), batch, 3)
