import pytest
import torch
from causal_models import CARRYING, MODELS, RING, F, H, S, symbol_graph
from torch import nn

from gnnseq.graphs import path_batch
from gnnseq.layers import GCRN, LSTM, NaryTreeLSTM
from gnnseq.models.causal import PathRecurrence, SymbolGraphEncoder


def test_no_state_to_carry_both_ways():
    with pytest.raises(ValueError, match="expected one direction"):
        PathRecurrence(LSTM(F, H, bidirectional=True))
    with pytest.raises(TypeError, match="layer is a Linear, expected a recurrence, such as RNN or LSTM"):
        PathRecurrence(nn.Linear(F, H))
    with pytest.raises(TypeError, match="layer is a NaryTreeLSTM, whose children have places"):
        PathRecurrence(NaryTreeLSTM(F, H))


@pytest.mark.parametrize("name", CARRYING)
def test_reading_in_pieces_is_reading_at_once(name):
    model, to_batch = MODELS[name]()
    assert model.carries_state
    ids = torch.randint(S, (3, 9))
    whole = model(to_batch(ids)).view(3, 9, S)
    first, state = model.advance(to_batch(ids[:, :5]))
    parts = [first.view(3, 5, S)]
    for step in range(5, 9):
        logits, state = model.advance(to_batch(ids[:, step : step + 1]), state)
        parts.append(logits.view(3, 1, S))
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)


def test_the_graph_of_symbols_is_a_gcrn_over_time():
    layer = GCRN(F, H, K=2).double()
    encoder = symbol_graph(layer).double()
    ids, x = torch.tensor([[2, 5, 2, 0]]), torch.randn(4, F).double()
    signal = torch.zeros(S, 4, F).double()
    for step, symbol in enumerate(ids[0].tolist()):
        signal[symbol, step] = x[step]
    out = layer(signal, RING, encoder.edge_weight)[0]
    expected = torch.cat([torch.stack([out[n, t] for t, n in enumerate(ids[0].tolist())]), out.mean(0)], dim=-1)
    torch.testing.assert_close(encoder(x, path_batch(ids)), expected)
    with pytest.raises(ValueError, match="edge_index refers to node 9 of 7"):
        SymbolGraphEncoder(layer, S, torch.tensor([[0], [9]]))


def test_what_stands_for_a_position_does_not_depend_on_the_other_texts():
    encoder = symbol_graph(GCRN(F, H, K=2).double()).double()
    lengths = (3, 7, 1)
    ids, x = [torch.randint(S, (n,)) for n in lengths], torch.randn(sum(lengths), F).double()
    together = encoder(x, path_batch(ids)).split(lengths)
    for own, features, out in zip(ids, x.split(lengths), together, strict=True):
        torch.testing.assert_close(out, encoder(features, path_batch(own.unsqueeze(0))))


def test_a_symbol_in_sight_of_nobody_leaves_the_mean_only():
    """Without edges the state of a symbol's node is that of an LSTM which reads zeros until its symbol comes."""
    encoder = SymbolGraphEncoder(GCRN(F, H, K=1).double(), S, torch.empty(2, 0, dtype=torch.long))
    x = torch.randn(4, F).double()
    one, other = (encoder(x, path_batch(torch.tensor([ids]))) for ids in ([1, 2, 3, 1], [4, 5, 6, 4]))
    torch.testing.assert_close(one, other)  # which node it is does not matter
    assert not torch.allclose(encoder(x, path_batch(torch.tensor([[1, 2, 3, 3]])))[3], one[3])


def test_edges_count_alike_unless_they_have_weights():
    layer = GCRN(F, H, K=2).double()
    batch, x = path_batch(torch.tensor([[0, 3, 1]])), torch.randn(3, F).double()
    ones = SymbolGraphEncoder(layer, S, RING, torch.ones(RING.size(1)).double())
    torch.testing.assert_close(SymbolGraphEncoder(layer, S, RING).double()(x, batch), ones(x, batch))
    assert {"edge_index", "edge_weight"} <= ones.state_dict().keys()  # they are saved and moved with the weights


@pytest.mark.parametrize(("edges", "node"), [([[0, S], [1, 0]], S), ([[0, -1], [1, 0]], -1)])
def test_edges_between_symbols_that_are_none(edges, node):
    with pytest.raises(ValueError, match=f"edge_index refers to node {node} of {S}"):
        SymbolGraphEncoder(GCRN(F, H, K=2), S, torch.tensor(edges))
