import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data

from gnnseq.graphs import balanced_tree_batch
from gnnseq.layers import GRU, LSTM, MaxReadout, MeanReadout, NaryTreeLSTM, RootReadout
from gnnseq.models import (
    EdgeEncoder,
    NodeClassifier,
    ScalarSymbols,
    SequenceClassifier,
    SlotEncoder,
    SymbolEmbedding,
)


def batch_of(*sequences):
    data = []
    for symbols in sequences:
        n = len(symbols)
        edges = torch.stack([torch.arange(n - 1), torch.arange(1, n)])
        data.append(Data(x=torch.tensor(symbols), edge_index=edges))
    return Batch.from_data_list(data)


def test_sequence_classifier_reads_the_root_by_default():
    model = SequenceClassifier(SymbolEmbedding(10, 4), EdgeEncoder(LSTM(4, 6)), None, nn.Linear(6, 3))
    batch = batch_of([1, 2, 3], [4], [5, 6])
    out = model.encoder(model.embedding(batch.x), batch)
    assert model(batch).shape == (3, 3)
    assert torch.equal(model(batch), model.head(out[[2, 3, 5]]))


@pytest.mark.parametrize("readout", [MeanReadout(), MaxReadout()])
def test_other_readouts_and_plain_features(readout):
    model = SequenceClassifier(None, EdgeEncoder(LSTM(2, 6)), readout, nn.Linear(6, 3))
    batch = batch_of([1, 2, 3], [4])
    batch.x = torch.randn(4, 2)
    assert model(batch).shape == (2, 3)


def test_node_classifier_gives_logits_per_node():
    model = NodeClassifier(SymbolEmbedding(10, 4), EdgeEncoder(LSTM(4, 6)), nn.Linear(6, 7))
    assert model(batch_of([1, 2, 3], [4])).shape == (4, 7)


def test_the_symbol_after_the_last_is_nothing():
    embedding = SymbolEmbedding(5, 4)
    out = embedding(torch.tensor([[0, 5], [5, 4]]))
    assert out.shape == (2, 2, 4)
    assert not out[0, 1].any()
    assert not out[1, 0].any()
    out.sum().backward()
    assert not embedding.weight.grad[5].any()


def test_scalar_symbols():
    assert torch.equal(ScalarSymbols()(torch.tensor([3, 0])), torch.tensor([[3.0], [0.0]]))


def test_bad_input():
    with pytest.raises(ValueError, match="num_symbols is 0"):
        SymbolEmbedding(0, 4)


def trees():
    return balanced_tree_batch(torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]]), empty=9)


def paths():
    """Their edges in another order than their nodes."""
    batch = batch_of([1, 2, 3], [4], [5, 6])
    batch.edge_index = batch.edge_index.flip(1)
    return batch


@pytest.mark.parametrize(
    ("make", "encoder", "readout", "backend"),
    [
        (paths, lambda: EdgeEncoder(LSTM(4, 6)), RootReadout, "aot_eager"),
        (trees, lambda: EdgeEncoder(GRU(4, 6, num_layers=2)), MeanReadout, "aot_eager"),
        (trees, lambda: SlotEncoder(NaryTreeLSTM(4, 6)), RootReadout, "aot_eager"),
        (trees, lambda: EdgeEncoder(LSTM(4, 6)), MaxReadout, "eager"),
    ],
)
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # dynamo's own
def test_compiled_classifiers_train(make, encoder, readout, backend):
    torch._dynamo.reset()
    model, batch = SequenceClassifier(SymbolEmbedding(10, 4), encoder(), readout(), nn.Linear(6, 3)), make()
    compiled = torch.compile(model, backend=backend)
    grads = [torch.autograd.grad(m(batch).pow(2).sum(), list(model.parameters())) for m in (compiled, model)]
    torch.testing.assert_close(*grads)
