"""Slow references, written from the papers: loops over nodes, time, gates and orders.

Nothing here is fast and nothing is shared with the layers, so that agreement means something.
Every function is differentiable by autograd and works in the dtype of its arguments.

Gates lie in torch's order along the first dimension of a weight: i, f, g, o (LSTM) and r, z, n
(GRU). Graph filters store `[K, in, out]`, with the gates along the last dimension. An edge runs
from a child, which gives information, to its parent, which receives it.
"""

import torch
from torch import Tensor, relu, sigmoid, tanh

# Recurrences along the edges of a DAG


def children_of(edge_index, num_nodes):
    """List [(child, edge position), ...] for every node, in the order of the edges."""
    children = [[] for _ in range(num_nodes)]
    for edge, (source, target) in enumerate(edge_index.t().tolist()):
        children[target].append((source, edge))
    return children


def topological_order(edge_index, num_nodes):
    """List the nodes so that children precede parents, whatever their numbers (Kahn)."""
    waiting_for = [len(children) for children in children_of(edge_index, num_nodes)]
    parents = children_of(edge_index.flip(0), num_nodes)
    order = [v for v in range(num_nodes) if waiting_for[v] == 0]
    for v in order:  # grows while it is read
        for parent, _ in parents[v]:
            waiting_for[parent] -= 1
            if waiting_for[parent] == 0:
                order.append(parent)
    if len(order) < num_nodes:
        raise ValueError("edge_index has a cycle")
    return order


def along_dag(edge_index, num_nodes, step, initial=None):
    """Collect `step(node, results of its children, positions of their edges)` of every node.

    A node without children gets its entry of `initial`, where given, as one virtual child.
    """
    children = children_of(edge_index, num_nodes)
    results = {}
    for v in topological_order(edge_index, num_nodes):
        below = [results[child] for child, _ in children[v]]
        if not below and initial is not None:
            below = [initial[v]]
        results[v] = step(v, below, [edge for _, edge in children[v]])
    return [results[v] for v in range(num_nodes)]


def rnn(x, edge_index, weight_ih, weight_hh, bias, h0=None):
    """Apply h = tanh(W x + U h~ + b), h~ the sum of the children's h; h0 and h are `[N, H]`."""
    zero = x.new_zeros(weight_hh.shape[1])

    def step(v, states, _):
        return tanh(weight_ih @ x[v] + weight_hh @ sum(states, zero) + bias)

    return torch.stack(along_dag(edge_index, len(x), step, h0))


def gru(x, edge_index, weight_ih, weight_hh, bias, bias_hn, h0=None):
    """Apply torch.nn.GRU's equations with h~, the sum of the children's h, in place of h'."""
    zero = x.new_zeros(weight_hh.shape[1])
    w_r, w_z, w_n = weight_ih.chunk(3)
    u_r, u_z, u_n = weight_hh.chunk(3)
    b_r, b_z, b_n = bias.chunk(3)

    def step(v, states, _):
        h = sum(states, zero)
        r = sigmoid(w_r @ x[v] + u_r @ h + b_r)
        z = sigmoid(w_z @ x[v] + u_z @ h + b_z)
        n = tanh(w_n @ x[v] + b_n + r * (u_n @ h + bias_hn))
        return (1 - z) * n + z * h

    return torch.stack(along_dag(edge_index, len(x), step, h0))


def lstm(x, edge_index, weight_ih, weight_hh, bias, state=None, relations=None):
    """Child-sum Tree-LSTM (arXiv:1503.00075, eq. 2-8) on any DAG; gives h and c, both `[N, H]`.

    `relations` `[E, H]` are added to the child's h at each edge, as all gates read it.
    `state` is (h0, c0), both `[N, H]`; a node without children sees its row as one virtual child.
    """
    zero = x.new_zeros(weight_hh.shape[1])
    w_i, w_f, w_g, w_o = weight_ih.chunk(4)
    u_i, u_f, u_g, u_o = weight_hh.chunk(4)
    b_i, b_f, b_g, b_o = bias.chunk(4)

    def step(v, states, edges):
        if relations is not None:
            states = [(h + relations[edge], c) for (h, c), edge in zip(states, edges, strict=True)]
        h_sum = sum([h for h, _ in states], zero)
        i = sigmoid(w_i @ x[v] + u_i @ h_sum + b_i)
        g = tanh(w_g @ x[v] + u_g @ h_sum + b_g)
        o = sigmoid(w_o @ x[v] + u_o @ h_sum + b_o)
        c = i * g
        for h_k, c_k in states:
            c = c + sigmoid(w_f @ x[v] + u_f @ h_k + b_f) * c_k
        return o * tanh(c), c

    initial = None if state is None else list(zip(*state, strict=True))
    h, c = zip(*along_dag(edge_index, len(x), step, initial), strict=True)
    return torch.stack(h), torch.stack(c)


def nary_tree_lstm(x, edge_index, edge_slot, weight_ih, weight_iou, weight_f, bias):
    """N-ary Tree-LSTM (arXiv:1503.00075, eq. 9-14); gives h and c, both `[N, H]`.

    weight_ih `[4H, F]` and bias `[4H]` in the order i, f, g, o; weight_iou `[arity, 3H, H]` in the
    order i, g, o; weight_f `[arity, arity, H, H]`: first the child k whose cell the gate scales,
    then the child l that the gate reads. A missing child has h = c = 0.
    """
    arity, slots = len(weight_iou), edge_slot.tolist()
    zero = x.new_zeros(weight_iou.shape[2])
    w_i, w_f, w_g, w_o = weight_ih.chunk(4)
    u_i, u_g, u_o = weight_iou.chunk(3, dim=1)
    b_i, b_f, b_g, b_o = bias.chunk(4)

    def step(v, states, edges):
        h, c = [zero] * arity, [zero] * arity
        for (h_k, c_k), edge in zip(states, edges, strict=True):
            h[slots[edge]], c[slots[edge]] = h_k, c_k
        i = sigmoid(w_i @ x[v] + sum(u_i[k] @ h[k] for k in range(arity)) + b_i)
        g = tanh(w_g @ x[v] + sum(u_g[k] @ h[k] for k in range(arity)) + b_g)
        o = sigmoid(w_o @ x[v] + sum(u_o[k] @ h[k] for k in range(arity)) + b_o)
        cell = i * g
        for k in range(arity):
            read = sum(weight_f[k, j] @ h[j] for j in range(arity))
            cell = cell + sigmoid(w_f @ x[v] + read + b_f) * c[k]
        return o * tanh(cell), cell

    h, c = zip(*along_dag(edge_index, len(x), step), strict=True)
    return torch.stack(h), torch.stack(c)


# Filters on a graph, as dense matrices


def adjacency(edge_index, num_nodes, edge_weight=None, dtype=torch.float64):
    """A[target, source] = the summed weight of the edges source -> target, so A @ x flows along."""
    if edge_weight is None:
        edge_weight = torch.ones(edge_index.shape[1], dtype=dtype)
    zero = edge_weight.new_zeros(())
    entries = {}
    for edge, (source, target) in enumerate(edge_index.t().tolist()):
        entries[target, source] = entries.get((target, source), zero) + edge_weight[edge]
    nodes = range(num_nodes)
    return torch.stack([torch.stack([entries.get((v, u), zero) for u in nodes]) for v in nodes])


def inverse_power(degree, power):
    """Diagonal matrix of degree^-power, with 0 where the degree is 0."""
    zero = degree.new_zeros(())
    return torch.diag(torch.stack([d**-power if d != 0 else zero for d in degree]))


def laplacian(A, normalization="sym"):
    """Laplacian of an undirected graph, without its self-loops.

    "sym": I - D^-1/2 A D^-1/2; None: D - A; "rw": I - A D^-1. The last is what PyG's ChebConv
    multiplies by: the edge u -> v has the entry [v, u] = -w / deg(u), deg(u) the sum of the
    weights that leave u. That is the transpose of I - D^-1 A: it spreads mass, where the
    transpose averages over neighbours. The diagonal of an isolated node is 1, and 0 under None.
    """
    A = A - torch.diag(A.diagonal())
    identity = torch.eye(len(A), dtype=A.dtype)
    degree = A.sum(dim=0)  # column u: all edges that leave u
    if normalization is None:
        return torch.diag(degree) - A
    if normalization == "rw":
        return identity - A @ inverse_power(degree, 1)
    return identity - inverse_power(degree, 0.5) @ A @ inverse_power(degree, 0.5)


def scaled_laplacian(L, lambda_max=2.0):
    """L~ = 2 L / lambda_max - I."""
    return 2 * L / lambda_max - torch.eye(len(L), dtype=L.dtype)


def chebyshev(L, x, K):
    """List [T_0(L~) x, ..., T_{K-1}(L~) x], from the matrices T_k = 2 L~ T_{k-1} - T_{k-2}."""
    matrices = [torch.eye(len(L), dtype=L.dtype), L]
    for k in range(2, K):
        matrices.append(2 * L @ matrices[k - 1] - matrices[k - 2])
    return [matrices[k] @ x for k in range(K)]


def cheb_filter(L, x, weight):
    """W *_G x = sum_k T_k(L~) x W_k, with L~ `[N, N]`, x `[N, F]` and weight `[K, F, O]`.

    Of a pair of matrices, such as those of `random_walks`: x, then the terms of each from k = 1 on.
    """
    if isinstance(L, tuple):
        hops = 1 + len(weight) // 2
        terms = [x, *chebyshev(L[0], x, hops)[1:], *chebyshev(L[1], x, hops)[1:]]
    else:
        terms = chebyshev(L, x, len(weight))
    return sum(term @ weight_k for term, weight_k in zip(terms, weight, strict=True))


def random_walks(A):
    """(D_O^-1 W)^T and (D_I^-1 W^T)^T of arXiv:1707.01926 with W = A^T, as the authors' code takes them."""
    W = A.t()
    return (inverse_power(W.sum(dim=1), 1) @ W).t(), (inverse_power(W.sum(dim=0), 1) @ W.t()).t()


def gcn(x, A, weight, bias):
    """D^-1/2 (A + I) D^-1/2 x W + b (arXiv:1609.02907), D the sums of the weights that arrive.

    As in PyG, a node that has a self-loop keeps it as it is and gets no second one.
    """
    A = A + torch.diag((A.diagonal() == 0).to(A.dtype))
    D = inverse_power(A.sum(dim=1), 0.5)  # row v: all edges that arrive at v
    return D @ A @ D @ x @ weight + bias


# Recurrences over time on graphs (arXiv:1612.07659). L is L~: `[N, N]`, or a list of one per step.


def steps(x, L):
    """List (x_t, L_t) for x `[N, T, F]` and one operator, or T of them."""
    operators = [L] * x.shape[1] if isinstance(L, Tensor) else L
    return list(zip(x.unbind(1), operators, strict=True))


def peephole_cell(gates, c, peephole):
    """(h, c) from the sums i, f, g, o of W x + U h + b; peephole `[3, H]` (i, f, o) or None."""
    w_i, w_f, w_o = c.new_zeros(3, 1) if peephole is None else peephole
    i = sigmoid(gates[0] + w_i * c)
    f = sigmoid(gates[1] + w_f * c)
    c = f * c + i * tanh(gates[2])
    o = sigmoid(gates[3] + w_o * c)  # looks at the new c
    return o * tanh(c), c


def gcrn(x, L, weight_x, weight_h, bias, peephole=None, state=None):
    """Model 2: a peephole LSTM whose products are graph filters.

    x `[N, T, F]`, weight_x `[K, F, 4H]`, weight_h `[K, H, 4H]`, bias `[4H]`, peephole `[3, H]`
    (i, f, o); gives out `[N, T, H]` and the last (h, c), both `[N, H]`.
    """
    w, u, b = weight_x.chunk(4, dim=2), weight_h.chunk(4, dim=2), bias.chunk(4)
    h, c = x.new_zeros(2, len(x), weight_h.shape[1]) if state is None else state
    out = []
    for x_t, L_t in steps(x, L):
        gates = [cheb_filter(L_t, x_t, w[k]) + cheb_filter(L_t, h, u[k]) + b[k] for k in range(4)]
        h, c = peephole_cell(gates, c, peephole)
        out.append(h)
    return torch.stack(out, dim=1), (h, c)


def gcrn_gru(x, L, weight_x, weight_h, bias, bias_n, h0=None):
    """torch.nn.GRU with graph filters: n = tanh(W_n *_G x + b_n + r * (U_n *_G h + bias_n)).

    weight_x `[K, F, 3H]`, weight_h `[K, H, 3H]`, bias `[3H]`, bias_n `[H]`; gives out
    `[N, T, H]` and the last h `[N, H]`.
    """
    w_r, w_z, w_n = weight_x.chunk(3, dim=2)
    u_r, u_z, u_n = weight_h.chunk(3, dim=2)
    b_r, b_z, b_n = bias.chunk(3)
    h = x.new_zeros(len(x), weight_h.shape[1]) if h0 is None else h0
    out = []
    for x_t, L_t in steps(x, L):
        r = sigmoid(cheb_filter(L_t, x_t, w_r) + cheb_filter(L_t, h, u_r) + b_r)
        z = sigmoid(cheb_filter(L_t, x_t, w_z) + cheb_filter(L_t, h, u_z) + b_z)
        n = tanh(cheb_filter(L_t, x_t, w_n) + b_n + r * (cheb_filter(L_t, h, u_n) + bias_n))
        h = (1 - z) * n + z * h
        out.append(h)
    return torch.stack(out, dim=1), h


def gcrn_rnn(x, L, weight_x, weight_h, bias, h0=None):
    """Apply h = tanh(W *_G x + U *_G h' + b); weights `[K, F, H]` and `[K, H, H]`, bias `[H]`."""
    h = x.new_zeros(len(x), weight_h.shape[1]) if h0 is None else h0
    out = []
    for x_t, L_t in steps(x, L):
        h = tanh(cheb_filter(L_t, x_t, weight_x) + cheb_filter(L_t, h, weight_h) + bias)
        out.append(h)
    return torch.stack(out, dim=1), h


def peephole_lstm(x, weight_ih, weight_hh, peephole, bias, state=None):
    """Run over x `[B, T, F]`; gives out `[B, T, H]` and the last (h, c), both `[B, H]`."""
    w, u, b = weight_ih.chunk(4), weight_hh.chunk(4), bias.chunk(4)
    h, c = x.new_zeros(2, len(x), weight_hh.shape[1]) if state is None else state
    out = []
    for x_t in x.unbind(1):
        gates = [x_t @ w[k].t() + h @ u[k].t() + b[k] for k in range(4)]
        h, c = peephole_cell(gates, c, peephole)
        out.append(h)
    return torch.stack(out, dim=1), (h, c)


def graph_cnn(x, L, weight, bias, activation):
    """One filter per time step, activation(W *_G x_t + b): `[N, T, F]` to `[N, T, C]`."""
    filtered = torch.stack([cheb_filter(L_t, x_t, weight) for x_t, L_t in steps(x, L)], dim=1)
    return activation(filtered + bias)


def graph_cnn_lstm(x, L, cnn_weight, cnn_bias, weight_ih, weight_hh, peephole, bias, state=None, activation=relu):
    """Model 1 with one state per node: a peephole LSTM over each node's filtered input.

    cnn_weight `[K, F, C]`, cnn_bias `[C]`, weight_ih `[4H, C]`, weight_hh `[4H, H]`, peephole
    `[3, H]` or None, bias `[4H]`; gives out `[N, T, H]` and the last (h, c), both `[N, H]`.
    """
    features = graph_cnn(x, L, cnn_weight, cnn_bias, activation)
    return peephole_lstm(features, weight_ih, weight_hh, peephole, bias, state)


def graph_cnn_lstm_flat(x, L, num_graphs, cnn_weight, cnn_bias, *rest, state=None, activation=relu):
    """Model 1 with one state per graph: each of the G graphs of n nodes becomes one vector.

    x `[G*n, T, F]` and L~ `[G*n, G*n]`, graph after graph; `rest` is weight_ih, weight_hh,
    peephole, bias as above, but weight_ih is `[4H, n*C]`: a graph's vector holds node 0's
    channels first. Gives out `[G, T, H]` and the last (h, c), both `[G, H]`.
    """
    graphs = graph_cnn(x, L, cnn_weight, cnn_bias, activation).chunk(num_graphs)  # G of [n, T, C]
    vectors = torch.stack([torch.cat(list(graph), dim=1) for graph in graphs])  # [G, T, n*C]
    return peephole_lstm(vectors, *rest, state)


# The vanilla RNN's gradients in closed form


def rnn_gradients(x, y, W_hx, W_hh, W_ph, b_h, b_p):
    r"""Gradients of the cross-entropy at the last step, without backpropagation: name -> gradient.

    The network, all vectors columns and h_0 = 0, reads x `[T, F]` and should answer class y:

        h_t = tanh(W_hx x_t + W_hh h_{t-1} + b_h),  p = W_ph h_T + b_p,  L = -log softmax(p)_y

    With e = softmax(p) - onehot(y), D_t = diag(1 - h_t^2), and sums over k = 1 ... T:

        dL/dW_ph = e h_T^T                  dL/db_p = e
        dL/dW_hh = sum_k d_k h_{k-1}^T      dL/dW_hx = sum_k d_k x_k^T      dL/db_h = sum_k d_k
        d_k = D_k J_k^T W_ph^T e            J_k = dh_T/dh_k = (D_T W_hh) ... (D_{k+1} W_hh)

    Every result has the shape of its parameter, as autograd's. Where the derivative of a scalar
    by a column vector is written as a row vector, the same results appear transposed: dL/dW_ph
    as h_T e^T, that is h (yhat - y)^T, and dL/dW_hh as sum_k h_{k-1} d_k^T.
    """
    h = [torch.zeros_like(b_h)]
    for x_t in x:
        h.append(tanh(W_hx @ x_t + W_hh @ h[-1] + b_h))
    T = len(x)
    D = [torch.diag(1 - h_t**2) for h_t in h]
    e = torch.softmax(W_ph @ h[T] + b_p, dim=0) - torch.eye(len(b_p), dtype=x.dtype)[y]
    d = [torch.zeros_like(b_h)]
    for k in range(1, T + 1):
        J = torch.eye(len(b_h), dtype=x.dtype)
        for j in range(T, k, -1):
            J = J @ D[j] @ W_hh
        d.append(D[k] @ J.t() @ W_ph.t() @ e)
    return {
        "W_hx": sum(torch.outer(d[k], x[k - 1]) for k in range(1, T + 1)),
        "W_hh": sum(torch.outer(d[k], h[k - 1]) for k in range(1, T + 1)),
        "W_ph": torch.outer(e, h[T]),
        "b_h": sum(d),
        "b_p": e,
    }


# Linear recurrences along the edges of a DAG


def linear_recurrence(a, b, edge_index):
    """Apply h_v = b_v + sum of a_uv * h_u over the edges u -> v, node by node; a `[E, H]`, b `[N, H]`."""

    def step(v, states, edges):
        return sum([a[e] * h for e, h in zip(edges, states, strict=True)], b[v])

    return torch.stack(along_dag(edge_index, len(b), step))


def min_gru(x, edge_index, weight, bias, h0=None, signed=False, mean=True):
    """Feng et al. 2024 (arXiv:2410.01201), h = (1 - z) m + z h~, m the mean of the children's h; h0 and h are `[N, H]`.

    weight `[2H, F]` and bias `[2H]` of z and h~. `signed` takes 1 - 2 z in place of 1 - z, and `mean=False` the sum.
    """
    zero = x.new_zeros(len(bias) // 2)
    w_z, w_h = weight.chunk(2)
    b_z, b_h = bias.chunk(2)

    def step(v, states, _):
        z = sigmoid(w_z @ x[v] + b_z)
        read = sum(states, zero) / (len(states) if mean and states else 1)
        return (1 - 2 * z if signed else 1 - z) * read + z * (w_h @ x[v] + b_h)

    return torch.stack(along_dag(edge_index, len(x), step, h0))


def min_lstm(x, edge_index, weight, bias, h0=None, signed=False, mean=True):
    """Feng et al. 2024 (arXiv:2410.01201), h = f m + i h~ with f and i divided by f + i; arguments as `min_gru`.

    weight `[3H, F]` and bias `[3H]` of i, f and h~. `signed` takes 2 f - 1 in place of the divided f.
    """
    zero = x.new_zeros(len(bias) // 3)
    w_i, w_f, w_h = weight.chunk(3)
    b_i, b_f, b_h = bias.chunk(3)

    def step(v, states, _):
        i, f = sigmoid(w_i @ x[v] + b_i), sigmoid(w_f @ x[v] + b_f)
        i, f = i / (f + i), f / (f + i)
        read = sum(states, zero) / (len(states) if mean and states else 1)
        return (2 * f - 1 if signed else f) * read + i * (w_h @ x[v] + b_h)

    return torch.stack(along_dag(edge_index, len(x), step, h0))


def matrix_states(x, edge_index, heads, H, write, s0=None, mean=True):
    """Collect states S `[N, heads, d, d]`, S_v = write(v, head, M), M the mean or sum of the children's S."""
    d = H // heads

    def step(v, states, _):
        total = sum(states, x.new_zeros(heads, d, d))
        M = total / (len(states) if mean and states else 1)
        return torch.stack([write(v, head, M[head]) for head in range(heads)])

    return torch.stack(along_dag(edge_index, len(x), step, s0))


def read_heads(read, gate, weight_out):
    """Apply W_o (norm(read) * silu(gate)); read `[N, heads, d]`, normalised by its root mean square over d."""
    read = read / (read.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()
    return (read.flatten(1) * gate * sigmoid(gate)) @ weight_out.t()


def gated_linear_attention(x, edge_index, heads, weight, bias, weight_out, s0=None, decay="vector", mean=True):
    """Yang et al. 2024 (arXiv:2312.06635): S = a M + k v^T with a over the rows, o = S^T q / sqrt(d).

    weight rows are q, k, v, the output gate and the decay, H each (or one a head for "scalar", none for "none").
    Returns outputs `[N, H]` and states `[N, heads, d, d]`.
    """
    H = len(weight_out)
    d = H // heads
    q, k, v, gate, a = (x @ weight.t() + bias).split([H, H, H, H, len(weight) - 4 * H], dim=1)
    q, k, v = (part.view(len(x), heads, d) for part in (q, k, v))
    a = torch.ones_like(k) if decay == "none" else sigmoid(a).pow(1 / 16).view(len(x), heads, -1).expand(-1, -1, d)

    def write(i, head, M):
        return torch.diag(a[i, head]) @ M + torch.outer(k[i, head], v[i, head])

    S = matrix_states(x, edge_index, heads, H, write, s0, mean)
    read = torch.stack([torch.stack([S[i, h].t() @ q[i, h] for h in range(heads)]) for i in range(len(x))])
    return read_heads(read / d**0.5, gate, weight_out), S


def delta_net(x, edge_index, heads, weight, bias, weight_out, s0=None, signed=False, mean=True):
    """Yang et al. 2024 (arXiv:2406.06484): S = (I - beta k k^T) M + beta k v^T, o = S^T q, q and k of length 1.

    weight rows are q, k, v, the output gate, H each, and beta, one a head. Returns as `gated_linear_attention`.
    """
    H = len(weight_out)
    d = H // heads
    q, k, v, gate, beta = (x @ weight.t() + bias).split([H, H, H, H, heads], dim=1)
    q, k, v = (part.view(len(x), heads, d) for part in (q, k, v))
    q, k = ((y * sigmoid(y)) / (y * sigmoid(y)).norm(dim=-1, keepdim=True) for y in (q, k))
    beta = sigmoid(beta) * (2 if signed else 1)

    def write(i, head, M):
        kk = torch.outer(k[i, head], k[i, head])
        eye = torch.eye(d, dtype=x.dtype)
        return (eye - beta[i, head] * kk) @ M + beta[i, head] * torch.outer(k[i, head], v[i, head])

    S = matrix_states(x, edge_index, heads, H, write, s0, mean)
    read = torch.stack([torch.stack([S[i, h].t() @ q[i, h] for h in range(heads)]) for i in range(len(x))])
    return read_heads(read, gate, weight_out), S


def dagnn(x, edge_index, weight_ih, weight_hh, bias, bias_hn, w_1, w_2, h0=None):
    """Thost and Chen 2021 (arXiv:2101.07965): m = sum of softmax(w_1 x + w_2 h_u) h_u, h = GRU(x, m)."""
    w_r, w_z, w_n = weight_ih.chunk(3)
    u_r, u_z, u_n = weight_hh.chunk(3)
    b_r, b_z, b_n = bias.chunk(3)

    def step(v, states, _):
        m = x.new_zeros(weight_hh.shape[1])
        if states:
            scores = torch.stack([w_1 @ x[v] + w_2 @ h for h in states])
            weights = scores.exp() / scores.exp().sum()
            m = sum((w * h for w, h in zip(weights, states, strict=True)), m)
        r = sigmoid(w_r @ x[v] + u_r @ m + b_r)
        z = sigmoid(w_z @ x[v] + u_z @ m + b_z)
        n = tanh(w_n @ x[v] + b_n + r * (u_n @ m + bias_hn))
        return (1 - z) * n + z * m

    return torch.stack(along_dag(edge_index, len(x), step, h0))


def linear_resolvent(a, b, edge_index, sizes):
    """Solve (I - W) h = b for each graph and channel, W[v, u] the sum of a over the edges u -> v.

    Graphs are `sizes` consecutive nodes; a is `[E, H]`, b `[N, H]`.
    """
    graph = torch.repeat_interleave(torch.tensor(sizes))
    first = torch.tensor(sizes).cumsum(0) - torch.tensor(sizes)
    local = torch.arange(len(b)) - first[graph]
    source, target = edge_index
    W = b.new_zeros(len(sizes), max(sizes), max(sizes), b.shape[1])
    W = W.index_put((graph[target], local[target], local[source]), a, accumulate=True).movedim(-1, 1)
    right = b.new_zeros(len(sizes), max(sizes), b.shape[1]).index_put((graph, local), b).transpose(1, 2)
    h = torch.linalg.solve(torch.eye(max(sizes), dtype=b.dtype) - W, right)
    return h.transpose(1, 2)[graph, local]


# Attention


def layer_norm(x, weight, bias, eps=1e-5):
    """Scale one row `[C]` to mean 0 and variance 1, then by weight and bias."""
    centred = x - x.sum() / len(x)
    return centred / (centred.pow(2).sum() / len(x) + eps).sqrt() * weight + bias


def attention(x, reads, weight, bias, heads):
    """Vaswani et al. 2017 (arXiv:1706.03762), node by node and head by head; node v reads the nodes `reads[v]`.

    weight `[3C, C]` and bias `[3C]` of queries, keys and values. The heads' outputs stand side by side.
    """
    q, k, v = ([w @ row + b for row in x] for w, b in zip(weight.chunk(3), bias.chunk(3), strict=True))
    size = x.shape[1] // heads
    out = []
    for node, read in enumerate(reads):
        parts = []
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            scores = [(q[node][own] * k[u][own]).sum() / size**0.5 for u in read]
            total = sum(score.exp() for score in scores)
            parts.append(sum(score.exp() / total * v[u][own] for score, u in zip(scores, read, strict=True)))
        out.append(torch.cat(parts))
    return torch.stack(out)


def transformer_layer(x, reads, weights, heads, norm_first):
    """One layer of the encoder with ReLU; weights in pairs (weight, bias): qkv, out, linear1, linear2, norm1, norm2."""
    (qkv, out, linear1, linear2, norm1, norm2) = zip(weights[::2], weights[1::2], strict=True)

    def attend(rows):
        return [out[0] @ row + out[1] for row in attention(torch.stack(rows), reads, *qkv, heads)]

    def feed(row):
        return linear2[0] @ relu(linear1[0] @ row + linear1[1]) + linear2[1]

    rows = list(x)
    read = attend([layer_norm(row, *norm1) for row in rows] if norm_first else rows)
    rows = [row + more for row, more in zip(rows, read, strict=True)]
    if norm_first:
        return torch.stack([row + feed(layer_norm(row, *norm2)) for row in rows])
    rows = [layer_norm(row, *norm1) for row in rows]
    return torch.stack([layer_norm(row + feed(row), *norm2) for row in rows])


def read_by(edge_index, sizes, attend):
    """List of the nodes that each node attends to: itself and the sources of its edges, its graph, or its ancestors."""
    n = sum(sizes)
    if attend == "graph":
        ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
        return [list(range(end - size, end)) for end, size in zip(ends, sizes, strict=True) for _ in range(size)]
    own = [{v} | {u for u, t in edge_index.t().tolist() if t == v} for v in range(n)]
    for _ in range(n if attend == "ancestors" else 0):
        own = [set().union(*(own[u] for u in own[v])) for v in range(n)]
    return [sorted(read) for read in own]


def sinusoids(position, channels):
    """The vector `[C]` of one position, channel by channel."""
    values = []
    for channel in range(channels):
        angle = torch.tensor(position / 10000 ** (2 * (channel // 2) / channels), dtype=torch.float64)
        values.append(angle.sin() if channel % 2 == 0 else angle.cos())
    return torch.stack(values)
