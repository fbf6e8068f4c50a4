"""The published models against their equations, step by step."""

import pytest
import torch
from torch_geometric.data import Data

from gnnseq.layers import GCRN, GraphGRU, GraphRNN
from gnnseq.ops import SparseOperator, gcn_operator
from gnnseq.studies.audit.baselines import SamePeriod, WindowMean
from gnnseq.studies.audit.models import TGCN, ColaGNN, Flat, GraphPolynomial, LaggedForecaster, PlainForecaster

N, L, B = 4, 6, 3
EDGES = torch.tensor([[0, 1, 1, 2, 2, 3], [1, 0, 2, 1, 3, 2]])


def batch(seed=0):
    return Data(x=torch.randn(B, N, L, 1, generator=torch.Generator().manual_seed(seed)))


def test_t_gcn_is_its_equations():
    model, data = TGCN(gcn_operator(EDGES, N), 2, width=5), batch()
    A = gcn_operator(EDGES, N) @ torch.eye(N)
    x, h = data.x[..., 0], torch.zeros(B, N, 5)
    for step in range(L):
        value = x[:, :, step, None]
        r, u = (A @ torch.cat([value, h], -1) @ model.gates.weight.t() + model.gates.bias).sigmoid().split(5, -1)
        c = (A @ torch.cat([value, r * h], -1) @ model.candidate.weight.t() + model.candidate.bias).tanh()
        h = u * h + (1 - u) * c
    torch.testing.assert_close(model(data), h @ model.head.weight.t() + model.head.bias)


def test_cola_gnn_is_its_equations():
    model = ColaGNN(gcn_operator(EDGES, N) @ torch.eye(N), L, 2, width=6).eval()
    data = batch()
    for b in range(B):
        x = data.x[b, :, :, 0]
        h = torch.stack([model.rnn(row.view(1, L, 1))[0][0, -1] for row in x])
        a = torch.empty(N, N)
        for i in range(N):
            for j in range(N):
                pair = torch.nn.functional.elu(model.source(h[i]) + model.target.weight @ h[j])
                a[i, j] = model.score(pair)
        a = a / a.norm(dim=0)
        gate = (a @ model.gate.weight.t() + model.gate.bias).sigmoid()
        mixed = gate * model.graph + (1 - gate) * a
        s = []
        for row in x:
            whole = model.whole.weight[:, 0] @ row + model.whole.bias
            half = [
                model.every_other.weight[:, 0] @ row[start : start + 2 * (L // 2 - 1) + 1 : 2] + model.every_other.bias
                for start in range(L - 2 * (L // 2 - 1))
            ]
            s.append(torch.stack([whole, *half], dim=1).flatten().relu())
        s = (mixed @ (torch.stack(s) @ model.first.weight.t() + model.first.bias)).relu()
        s = (mixed @ (s @ model.second.weight.t() + model.second.bias)).relu()
        expected = torch.cat([s, h], -1) @ model.head.weight.t() + model.head.bias
        torch.testing.assert_close(model(data)[b], expected)


def test_the_polynomial_is_its_sum():
    A = torch.zeros(N, N).index_put(tuple(EDGES), torch.ones(6)) + torch.eye(N)
    edges = A.nonzero().t()
    model, data = GraphPolynomial(SparseOperator(edges, A[tuple(edges)], N), 2, 2), batch()
    x = data.x[..., 0]
    powers = [torch.eye(N), A, A @ A]
    total = sum(model.weight[hop, p] * (x[..., L - 2 + p] @ powers[hop].t()) for hop in range(3) for p in range(2))
    torch.testing.assert_close(model(data)[..., 0], total.tanh())


def test_a_carried_state_goes_from_window_to_window():
    layer = GCRN(L, 5, 1)
    model, data = LaggedForecaster(layer, None, carried=True), batch()
    state, expected = None, []
    for window in data.x[..., 0]:
        h, state = layer(window, torch.empty(2, 0, dtype=torch.long), state=state)
        expected.append(model.head(h.relu()))
    torch.testing.assert_close(model(data), torch.stack(expected))
    alone = LaggedForecaster(layer, None, carried=False)
    alone.head = model.head
    torch.testing.assert_close(alone(data)[0], expected[0])
    assert not torch.allclose(alone(data)[1], expected[1])


@pytest.mark.parametrize(("kind", "peer"), [(GraphRNN, torch.nn.RNN), (GraphGRU, torch.nn.GRU)])
def test_a_plain_forecaster_of_one_term_is_torch_s_layer_on_every_node(kind, peer):
    rnn = peer(1, 5, batch_first=True)
    model = PlainForecaster(kind.from_torch(rnn), None, 2)
    data = batch()
    last = rnn(data.x.reshape(B * N, L, 1))[0][:, -1].view(B, N, 5)
    torch.testing.assert_close(model(data), model.head(last))
    torch.testing.assert_close(Flat(model)(data), model.head(last).flatten(1))


def test_same_period_and_window_mean():
    data = Data(x=torch.arange(24.0).view(1, 1, 24, 1))
    assert SamePeriod((1, 3, 10), 10)(data).tolist() == [[[14.0, 16.0, 23.0]]]
    with pytest.raises(ValueError, match="leads reach 11, expected at most the period of 10"):
        SamePeriod((11,), 10)
    found = WindowMean(2)(Data(x=torch.tensor([1.0, 2.0, 6.0]).view(1, 1, 3, 1)))
    torch.testing.assert_close(found, torch.tensor([[[3.0, 11 / 3]]]))
