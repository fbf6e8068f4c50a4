"""The references agree with torch, with PyG, with each other, and with equations by hand."""

import math

import pytest
import reference
import torch
from torch.func import functional_call
from torch_geometric.nn import ChebConv, GCNConv

T, F, H = 5, 3, 4
PATH = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])
JOIN = torch.tensor([[0, 1], [2, 2]])  # node 2 has the children 0 and 1
DAG = torch.tensor([[0, 0, 1, 2, 2, 3, 6], [1, 2, 3, 3, 4, 5, 5]])  # node 7 is isolated
NO_EDGES = torch.empty(2, 0, dtype=torch.long)
RING = torch.tensor([[0, 1, 2, 3, 4, 0], [1, 2, 3, 4, 0, 2]])
GRAPH = torch.cat([RING, RING.flip(0)], dim=1)  # 5 nodes, undirected


@pytest.fixture(autouse=True)
def _float64():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def leaves(*shapes):
    """Random leaves that want gradients."""
    return [torch.randn(shape, requires_grad=True) for shape in shapes]


def assert_same(left, right, inputs):
    """Compare outputs, and the gradients of one random sum of them."""
    torch.testing.assert_close(left, right, rtol=1e-12, atol=1e-12)
    weights = [torch.randn_like(value) for value in left]
    gradients = [
        torch.autograd.grad(
            sum((value * weight).sum() for value, weight in zip(side, weights, strict=True)),
            inputs,
            retain_graph=True,  # the sides may share a part
            materialize_grads=True,
        )
        for side in (left, right)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-11, atol=1e-12)
    assert any(gradient.abs().max() > 0 for gradient in gradients[0])


def random_dag_weights(gates, nodes=8):
    return leaves((nodes, F), (gates * H, F), (gates * H, H), (gates * H,))


def lstm_module(weight_ih, weight_hh, bias):
    """Run torch.nn.LSTM (batch first) as a function of one bias and of a state `[B, H]`."""
    module = torch.nn.LSTM(weight_ih.shape[1], weight_hh.shape[1], batch_first=True)
    parameters = dict(zip(("weight_ih_l0", "weight_hh_l0"), (weight_ih, weight_hh), strict=True))
    parameters |= {"bias_ih_l0": bias, "bias_hh_l0": torch.zeros_like(bias)}

    def run(x, h, c):
        out, (h, c) = functional_call(module, parameters, (x, (h[None], c[None])))
        return out, h[0], c[0]

    return run


# DAGs


def test_topological_order_puts_children_first():
    order = reference.topological_order(DAG.flip(0), 8)
    assert sorted(order) == list(range(8))
    assert all(order.index(child) < order.index(parent) for parent, child in DAG.t().tolist())


def test_cycle_is_an_error():
    with pytest.raises(ValueError, match="cycle"):
        reference.topological_order(torch.tensor([[0, 1, 2], [1, 2, 1]]), 3)


def test_rnn_on_a_path_is_torch():
    module = torch.nn.RNN(F, H)
    x, h0 = leaves((T, F), (T, H))
    weights = (module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0 + module.bias_hh_l0)
    left = reference.rnn(x, PATH, *weights, h0)
    assert_same([left], [module(x, h0[:1])[0]], [x, h0, *module.parameters()])
    torch.testing.assert_close(reference.rnn(x, PATH, *weights), module(x)[0])


def test_gru_on_a_path_is_torch():
    module = torch.nn.GRU(F, H)
    x, h0 = leaves((T, F), (T, H))
    bias = torch.cat([(module.bias_ih_l0 + module.bias_hh_l0)[: 2 * H], module.bias_ih_l0[2 * H :]])
    weights = (module.weight_ih_l0, module.weight_hh_l0, bias, module.bias_hh_l0[2 * H :])
    left = reference.gru(x, PATH, *weights, h0)
    assert_same([left], [module(x, h0[:1])[0]], [x, h0, *module.parameters()])
    torch.testing.assert_close(reference.gru(x, PATH, *weights), module(x)[0])


def test_lstm_on_a_path_is_torch():
    module = torch.nn.LSTM(F, H)
    x, h0, c0 = leaves((T, F), (T, H), (T, H))
    weights = (module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0 + module.bias_hh_l0)
    h, c = reference.lstm(x, PATH, *weights, (h0, c0))
    out, (_, c_n) = module(x, (h0[:1], c0[:1]))
    assert_same([h, c[-1:]], [out, c_n], [x, h0, c0, *module.parameters()])
    torch.testing.assert_close(reference.lstm(x, PATH, *weights)[0], module(x)[0])


CELLS = {
    "rnn": lambda x, edges, weights: [reference.rnn(x, edges, *weights)],
    "gru": lambda x, edges, weights: [reference.gru(x, edges, *weights, torch.linspace(-1, 1, H))],
    "lstm": lambda x, edges, weights: list(reference.lstm(x, edges, *weights)),
}
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


@pytest.mark.parametrize("name", CELLS)
def test_order_of_edges_and_numbers_of_nodes_do_not_matter(name):
    x, *weights = random_dag_weights(GATES[name])
    number = torch.randperm(8)  # node v is now node number[v]
    edges = number[DAG][:, torch.randperm(DAG.shape[1])]
    left = CELLS[name](x[number.argsort()], edges, weights)
    right = CELLS[name](x, DAG, weights)
    assert_same([value[number] for value in left], right, [x, *weights])


def test_rnn_and_gru_join_children_by_their_sum():
    x, *weights = random_dag_weights(1, nodes=3)
    h = reference.rnn(x, JOIN, *weights)
    right = reference.rnn(x[2:], NO_EDGES, *weights, h0=h[:1] + h[1:2])
    assert_same([h[2:]], [right], [x, *weights])
    x, *weights = random_dag_weights(3, nodes=3)
    (bias_hn,) = leaves((H,))
    h = reference.gru(x, JOIN, *weights, bias_hn)
    right = reference.gru(x[2:], NO_EDGES, *weights, bias_hn, h0=h[:1] + h[1:2])
    assert_same([h[2:]], [right], [x, *weights, bias_hn])


def joined(x, children, w, iou, forget, bias):
    """Compute a parent of two children by one torch LSTM step with 2H units.

    Both halves have the parent's gates i and o, half k forgets child k, and the second half adds
    no input (g = 0): so the sum of the halves' cells is the parent's.
    """
    (h_a, c_a), (h_b, c_b) = children
    zero = torch.zeros_like(iou[1])
    i, g, o = iou
    w_i, w_f, w_g, w_o = w.chunk(4)
    b_i, b_f, b_g, b_o = bias.chunk(4)
    weight_ih = torch.cat([w_i, w_i, w_f, w_f, w_g, torch.zeros_like(w_g), w_o, w_o])
    weight_hh = torch.cat([i, i, forget, g, zero, o, o])
    b = torch.cat([b_i, b_i, b_f, b_f, b_g, torch.zeros_like(b_g), b_o, b_o])
    h, c = torch.cat([h_a, h_b])[None], torch.cat([c_a, c_b])[None]
    _, cell = torch.lstm_cell(x[None], (h, c), weight_ih, weight_hh, b, torch.zeros_like(b))
    cell = cell[0, :H] + cell[0, H:]
    gate = torch.sigmoid(w_o @ x + o @ h[0] + b_o)
    return gate * torch.tanh(cell), cell


def test_child_sum_forgets_each_child_by_itself():
    x, w, u, b = random_dag_weights(4, nodes=3)
    h, c = reference.lstm(x, JOIN, w, u, b)
    u_i, u_f, u_g, u_o = u.chunk(4)
    iou = [torch.cat([block, block], dim=1) for block in (u_i, u_g, u_o)]
    children = [(h[k], c[k]) for k in range(2)]
    right = joined(x[2], children, w, iou, torch.block_diag(u_f, u_f), b)
    assert_same([h[2], c[2]], list(right), [x, w, u, b])


@pytest.mark.parametrize("slots", [[0, 1], [1, 0]])
def test_nary_forget_gates_read_every_child(slots):
    x, w, iou, forget, b = leaves((3, F), (4 * H, F), (2, 3 * H, H), (2, 2, H, H), (4 * H,))
    h, c = reference.nary_tree_lstm(x, JOIN, torch.tensor(slots), w, iou, forget, b)
    children = [(h[slots.index(k)], c[slots.index(k)]) for k in range(2)]
    blocks = torch.cat([iou[0], iou[1]], dim=1).chunk(3)
    reads = torch.cat([torch.cat([forget[k, 0], forget[k, 1]], dim=1) for k in range(2)])
    right = joined(x[2], children, w, blocks, reads, b)
    assert_same([h[2], c[2]], list(right), [x, w, iou, forget, b])


@pytest.mark.parametrize(("arity", "slot"), [(1, 0), (3, 0), (3, 2)])
def test_nary_on_a_path_is_lstm(arity, slot):
    x, w, iou, forget, b = leaves((T, F), (4 * H, F), (arity, 3 * H, H), (arity, arity, H, H), (4 * H,))
    i, g, o = iou[slot].chunk(3)
    u = torch.cat([i, forget[slot, slot], g, o])
    left = reference.nary_tree_lstm(x, PATH, torch.full((4,), slot), w, iou, forget, b)
    assert_same(list(left), list(reference.lstm(x, PATH, w, u, b)), [x, w, iou, forget, b])


# Filters


def test_adjacency_sums_parallel_edges_and_flows_along():
    (weight,) = leaves((3,))
    A = reference.adjacency(torch.tensor([[0, 0, 1], [1, 1, 2]]), 3, weight)
    expected = [[0, 0, 0], [(weight[0] + weight[1]).item(), 0, 0], [0, weight[2].item(), 0]]
    assert A.tolist() == expected
    assert torch.autograd.grad(A[1, 0], weight)[0].tolist() == [1, 1, 0]


@pytest.mark.parametrize("normalization", ["sym", "rw", None])
@pytest.mark.parametrize("K", [1, 2, 3, 6])
@pytest.mark.parametrize("num_nodes", [5, 6])  # with an isolated node
def test_filter_is_cheb_conv(normalization, K, num_nodes):
    (weights,) = [torch.rand(RING.shape[1]) + 0.5]
    weights = weights.repeat(2).requires_grad_()
    (x,) = leaves((num_nodes, F))
    conv = ChebConv(F, H, K, normalization=normalization)
    torch.nn.init.normal_(conv.bias)
    A = reference.adjacency(GRAPH, num_nodes, weights)
    L = reference.scaled_laplacian(reference.laplacian(A, normalization), 3.0)
    weight = torch.stack([lin.weight.t() for lin in conv.lins])
    left = reference.cheb_filter(L, x, weight) + conv.bias
    right = conv(x, GRAPH, weights, lambda_max=torch.tensor(3.0))
    assert_same([left], [right], [x, weights, *conv.parameters()])


def test_rw_is_the_transpose_of_the_averaging_laplacian():
    A = reference.adjacency(GRAPH, 5)
    average = torch.eye(5) - A / A.sum(dim=1, keepdim=True)
    torch.testing.assert_close(reference.laplacian(A, "rw"), average.t())


def test_laplacian_ignores_self_loops():
    A = reference.adjacency(GRAPH, 5)
    for normalization in ("sym", "rw", None):
        left = reference.laplacian(A + torch.eye(5), normalization)
        assert torch.equal(left, reference.laplacian(A, normalization))


@pytest.mark.parametrize("edges", [GRAPH, DAG, torch.tensor([[0, 1, 1, 2], [1, 1, 2, 0]])])
def test_gcn_is_gcn_conv(edges):
    conv = GCNConv(F, H)
    torch.nn.init.normal_(conv.bias)
    weights = (torch.rand(edges.shape[1]) + 0.5).requires_grad_()
    (x,) = leaves((8, F))
    A = reference.adjacency(edges, 8, weights)
    left = reference.gcn(x, A, conv.lin.weight.t(), conv.bias)
    assert_same([left], [conv(x, edges, weights)], [x, weights, *conv.parameters()])


# Time on graphs


def ring_operator():
    return reference.scaled_laplacian(reference.laplacian(reference.adjacency(GRAPH, 5)), 1.9)


def on_flattened_graph(L, weight):
    """Write a filter `[K, in, out]` as one matrix `[N*out, N*in]`; T_k from the eigenvalues."""
    values, vectors = torch.linalg.eigh(L)
    angles = torch.arccos(values.clamp(-1, 1))
    terms = [vectors @ torch.diag(torch.cos(k * angles)) @ vectors.t() for k in range(len(weight))]
    return sum(torch.kron(term, w_k.t().contiguous()) for term, w_k in zip(terms, weight, strict=True))


def flattened(L, gates, weight_x, weight_h, bias):
    """Weights of a torch recurrence with N*F inputs and N*H units that is the graph recurrence."""
    w = [on_flattened_graph(L, block) for block in weight_x.chunk(gates, dim=2)]
    u = [on_flattened_graph(L, block) for block in weight_h.chunk(gates, dim=2)]
    b = [block.repeat(len(L)) for block in bias.chunk(gates)]
    return torch.cat(w), torch.cat(u), torch.cat(b)


def graph_leaves(gates, K, N=5):
    return leaves((N, T, F), (K, F, gates * H), (K, H, gates * H), (gates * H,), (N, H))


def flat_input(x):
    return x.transpose(0, 1).reshape(1, x.shape[1], -1)  # [1, T, N*F]


def unflat(out, N=5):
    return out.view(T, N, H).transpose(0, 1)  # [N, T, H]


@pytest.mark.parametrize("K", [1, 2, 3, 5])
def test_gcrn_is_torch_on_the_flattened_graph(K):
    L = ring_operator()
    x, w, u, b, h0 = graph_leaves(4, K)
    (c0,) = leaves((5, H))
    out, (h, c) = reference.gcrn(x, L, w, u, b, state=(h0, c0))
    run = lstm_module(*flattened(L, 4, w, u, b))
    right, h_n, c_n = run(flat_input(x), h0.view(1, -1), c0.view(1, -1))
    assert_same([out, h, c], [unflat(right), h_n.view(5, H), c_n.view(5, H)], [x, w, u, b, h0, c0])


@pytest.mark.parametrize("K", [1, 2, 4])
def test_gcrn_gru_is_torch_on_the_flattened_graph(K):
    L = ring_operator()
    x, w, u, b, h0 = graph_leaves(3, K)
    (b_n,) = leaves((H,))
    out, h = reference.gcrn_gru(x, L, w, u, b, b_n, h0)
    weight_ih, weight_hh, bias = flattened(L, 3, w, u, b)
    hidden_bias = torch.cat([torch.zeros(2 * 5 * H), b_n.repeat(5)])
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    parameters = dict(zip(names, (weight_ih, weight_hh, bias, hidden_bias), strict=True))
    module = torch.nn.GRU(5 * F, 5 * H, batch_first=True)
    right, _ = functional_call(module, parameters, (flat_input(x), h0.view(1, 1, -1)))
    assert_same([out, h], [unflat(right), unflat(right)[:, -1]], [x, w, u, b, b_n, h0])


@pytest.mark.parametrize("K", [1, 2, 4])
def test_gcrn_rnn_is_torch_on_the_flattened_graph(K):
    L = ring_operator()
    x, w, u, b, h0 = graph_leaves(1, K)
    out, h = reference.gcrn_rnn(x, L, w, u, b, h0)
    weight_ih, weight_hh, bias = flattened(L, 1, w, u, b)
    parameters = {"weight_ih_l0": weight_ih, "weight_hh_l0": weight_hh, "bias_ih_l0": bias}
    parameters["bias_hh_l0"] = torch.zeros_like(bias)
    module = torch.nn.RNN(5 * F, 5 * H, batch_first=True)
    right, _ = functional_call(module, parameters, (flat_input(x), h0.view(1, 1, -1)))
    assert_same([out, h], [unflat(right), unflat(right)[:, -1]], [x, w, u, b, h0])


def test_gcrn_of_one_coefficient_is_lstm_with_nodes_as_batch():
    x, w, u, b, h0 = graph_leaves(4, 1)
    (c0,) = leaves((5, H))
    out, (h, c) = reference.gcrn(x, ring_operator(), w, u, b, state=(h0, c0))
    right = lstm_module(w[0].t(), u[0].t(), b)(x, h0, c0)
    assert_same([out, h, c], list(right), [x, w, u, b, h0, c0])


@pytest.mark.parametrize("K", [2, 3, 6])
def test_gcrn_without_edges_is_lstm_with_alternating_weights(K):
    x, w, u, b, h0 = graph_leaves(4, K)
    (c0,) = leaves((5, H))
    L = reference.scaled_laplacian(reference.laplacian(reference.adjacency(NO_EDGES, 5)))
    out, (h, c) = reference.gcrn(x, L, w, u, b, state=(h0, c0))
    signs = torch.tensor([1.0, 0, -1, 0] * 2)[:K, None, None]
    right = lstm_module((signs * w).sum(0).t(), (signs * u).sum(0).t(), b)(x, h0, c0)
    assert_same([out, h, c], list(right), [x, w, u, b, h0, c0])


def test_peepholes_look_at_the_old_cell_and_the_output_at_the_new():
    x, w, u, b, h0 = graph_leaves(4, 1, N=1)
    c0, peephole = leaves((1, H), (3, H))
    _, (h, c) = reference.gcrn(x[:, :1], torch.zeros(1, 1), w, u, b, peephole, (h0, c0))

    def lstm_with_shifted_bias(new_cell):
        shift = [peephole[0] * c0[0], peephole[1] * c0[0], 0 * c0[0], peephole[2] * new_cell]
        run = lstm_module(w[0].t(), u[0].t(), b + torch.cat(shift))
        return run(x[:, :1], h0, c0)[1:]

    _, new_cell = lstm_with_shifted_bias(torch.zeros(H))  # its output gate does not matter to c
    right = lstm_with_shifted_bias(new_cell[0])
    assert_same([h, c], list(right), [x, w, u, b, peephole, h0, c0])


def test_operator_may_change_at_every_step():
    x, w, u, b, _ = graph_leaves(4, 3)
    (peephole,) = leaves((3, H))
    L = [ring_operator() * scale for scale in (1.0, 0.5, 0.0, -0.5, 0.2)]
    out, state = reference.gcrn(x, L, w, u, b, peephole)
    carried, parts = (torch.zeros(5, H), torch.zeros(5, H)), []
    for t in range(T):
        part, carried = reference.gcrn(x[:, t : t + 1], L[t], w, u, b, peephole, carried)
        parts.append(part)
    assert_same([out, *state], [torch.cat(parts, dim=1), *carried], [x, w, u, b, peephole])
    constant, _ = reference.gcrn(x, L[0], w, u, b, peephole)
    assert not torch.allclose(out, constant)


def model_1_leaves(K=3, C=2, nodes=1):
    weights = leaves((K, F, C), (C,), (4 * H, nodes * C), (4 * H, H), (3, H), (4 * H,))
    conv = ChebConv(F, C, K)
    names = [f"lins.{k}.weight" for k in range(K)] + ["bias"]
    values = [weights[0][k].t() for k in range(K)] + [weights[1]]
    parameters = dict(zip(names, values, strict=True))

    def cnn(x, edges):
        scale = torch.tensor(1.9)
        features = [functional_call(conv, parameters, (x[:, t], edges), {"lambda_max": scale}) for t in range(T)]
        return torch.tanh(torch.stack(features, dim=1))

    return weights, cnn


def test_model_1_per_node_is_cheb_conv_then_torch():
    (x, h0, c0), (weights, cnn) = leaves((5, T, F), (5, H), (5, H)), model_1_leaves()
    cnn_weight, cnn_bias, w, u, _, b = weights
    out, (h, c) = reference.graph_cnn_lstm(
        x, ring_operator(), cnn_weight, cnn_bias, w, u, None, b, (h0, c0), torch.tanh
    )
    right = lstm_module(w, u, b)(cnn(x, GRAPH), h0, c0)
    assert_same([out, h, c], list(right), [x, h0, c0, cnn_weight, cnn_bias, w, u, b])


def test_model_1_flattened_is_cheb_conv_then_torch_per_graph():
    (x, h0, c0), (weights, cnn) = leaves((10, T, F), (2, H), (2, H)), model_1_leaves(nodes=5)
    cnn_weight, cnn_bias, w, u, _, b = weights
    L = torch.block_diag(ring_operator(), ring_operator())
    out, (h, c) = reference.graph_cnn_lstm_flat(
        x, L, 2, cnn_weight, cnn_bias, w, u, None, b, state=(h0, c0), activation=torch.tanh
    )
    features = cnn(x, torch.cat([GRAPH, GRAPH + 5], dim=1))
    vectors = features.view(2, 5, T, -1).transpose(1, 2).flatten(2)  # [2, T, 5*C]
    right = lstm_module(w, u, b)(vectors, h0, c0)
    assert_same([out, h, c], list(right), [x, h0, c0, cnn_weight, cnn_bias, w, u, b])


def test_model_1_peepholes_are_those_of_model_2():
    x, w, u, b, h0 = graph_leaves(4, 1)
    c0, peephole = leaves((5, H), (3, H))
    L, cnn = ring_operator(), (torch.eye(F)[None], torch.zeros(F))
    rest = (w[0].t(), u[0].t(), peephole, b)
    out, state = reference.graph_cnn_lstm(x, L, *cnn, *rest, (h0, c0), lambda value: value)
    right, last = reference.gcrn(x, L, w, u, b, peephole, (h0, c0))
    assert_same([out, *state], [right, *last], [x, w, u, b, h0, c0, peephole])
    one_graph, _ = reference.graph_cnn_lstm_flat(x[:1], L[:1, :1], 1, *cnn, *rest, activation=torch.tanh)
    one_node, _ = reference.graph_cnn_lstm(x[:1], L[:1, :1], *cnn, *rest, activation=torch.tanh)
    assert_same([one_graph], [one_node], [x, w, u, b, peephole])


# The vanilla RNN's gradients


@pytest.mark.parametrize("length", [1, 2, 7])
def test_closed_form_gradients_are_autograd(length):
    shapes = {"W_hx": (H, F), "W_hh": (H, H), "W_ph": (6, H), "b_h": (H,), "b_p": (6,)}
    weights = dict(zip(shapes, leaves(*shapes.values()), strict=True))
    x = torch.randn(length, F)
    module = torch.nn.RNN(F, H)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    values = (weights["W_hx"], weights["W_hh"], weights["b_h"], torch.zeros(H))
    out, _ = functional_call(module, dict(zip(names, values, strict=True)), (x,))
    logits = weights["W_ph"] @ out[-1] + weights["b_p"]
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(2))
    expected = torch.autograd.grad(loss, list(weights.values()))
    gradients = reference.rnn_gradients(x, 2, **weights)
    for name, gradient in zip(weights, expected, strict=True):
        torch.testing.assert_close(gradients[name], gradient, rtol=1e-12, atol=1e-12)


def test_closed_form_gradients_of_one_unit_by_hand():
    w, u, b, bias_p, x = 0.7, -0.4, 0.1, torch.tensor([0.3, -0.2]), [1.0, -2.0]
    h_1 = math.tanh(w * x[0] + b)
    h_2 = math.tanh(w * x[1] + u * h_1 + b)
    p = [0.5 * h_2 + 0.3, -1.5 * h_2 - 0.2]
    e_0 = math.exp(p[0]) / (math.exp(p[0]) + math.exp(p[1])) - 1
    back = 0.5 * e_0 + 1.5 * e_0  # W_ph^T e, with e = (e_0, -e_0)
    matrices = [torch.tensor([[w]]), torch.tensor([[u]]), torch.tensor([[0.5], [-1.5]])]
    found = reference.rnn_gradients(torch.tensor(x)[:, None], 0, *matrices, torch.tensor([b]), bias_p)
    assert found["W_hh"].item() == pytest.approx((1 - h_2**2) * back * h_1, rel=1e-12)
    first = (1 - h_1**2) * u * (1 - h_2**2) * back
    assert found["b_h"].item() == pytest.approx((1 - h_2**2) * back + first, rel=1e-12)
    assert found["W_ph"].flatten().tolist() == pytest.approx([e_0 * h_2, -e_0 * h_2], rel=1e-12)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_transformer_layer_is_torch_s(norm_first, causal):
    module = torch.nn.TransformerEncoderLayer(H, 2, 7, dropout=0.0, batch_first=True, norm_first=norm_first)
    for weight in module.parameters():
        torch.nn.init.normal_(weight)
    (x,) = leaves((T, H))
    attention = module.self_attn
    weights = [attention.in_proj_weight, attention.in_proj_bias]
    for part in (attention.out_proj, module.linear1, module.linear2, module.norm1, module.norm2):
        weights += [part.weight, part.bias]
    reads = [list(range(t + 1 if causal else T)) for t in range(T)]
    mask = torch.ones(T, T, dtype=torch.bool).triu(1) if causal else None
    expected = module(x.unsqueeze(0), src_mask=mask)
    assert_same([reference.transformer_layer(x, reads, weights, 2, norm_first)], [expected[0]], [x, *weights])


def test_nodes_that_attention_reads():
    edges = torch.tensor([[0, 1, 3], [1, 2, 3]])
    assert reference.read_by(edges, [3, 1], "edges") == [[0], [0, 1], [1, 2], [3]]
    assert reference.read_by(edges, [3, 1], "ancestors") == [[0], [0, 1], [0, 1, 2], [3]]
    assert reference.read_by(edges, [3, 1], "graph") == [[0, 1, 2]] * 3 + [[3]]


def test_sinusoids_by_hand():
    expected = [math.sin(3), math.cos(3), math.sin(3 / 100), math.cos(3 / 100)]
    assert reference.sinusoids(3, 4).tolist() == pytest.approx(expected, rel=1e-12)


def test_float32_stays_float32():
    torch.set_default_dtype(torch.float32)
    x, w, u, b, h0 = graph_leaves(4, 3)
    A = reference.adjacency(GRAPH, 5, dtype=torch.float32)
    L = reference.scaled_laplacian(reference.laplacian(A), 1.9)
    torch.set_default_dtype(torch.float64)  # a constant of the default dtype would show
    (out, state) = reference.gcrn(x, L, w, u, b, state=(h0, h0))
    sequence = reference.lstm(x[:, 0], DAG[:, :4], w[0].t(), u[0].t(), b)
    gcn = reference.gcn(x[:, 0], A, w[0], b)
    gradients = reference.rnn_gradients(x[0], 1, w[0, :, :H].t(), u[0, :, :H], u[0].t(), b[:H], b)
    for value in (out, *state, *sequence, gcn, *gradients.values()):
        assert value.dtype == torch.float32
