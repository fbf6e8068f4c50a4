"""The Transformer against torch's, PyG's and the loop over nodes; the graphs on which its forms coincide."""

import copy
from functools import partial

import networkx as nx
import pytest
import torch
from dags import batch_vector, dag_edges, path_edges, tree_edges, undirected_edges
from gradients import assert_same, gradients
from reference import layer_norm, read_by, transformer_layer
from torch import nn
from torch.testing import assert_close
from torch_geometric.explain.algorithm.utils import clear_masks, set_masks
from torch_geometric.utils import to_torch_coo_tensor

from gnnseq.layers import GraphTransformer, LearnedPositions, SinusoidalPositions

C, HEADS = 6, 2
SIZES = [5, 1, 4]
LENGTHS = {"equal": [4, 4, 4], "unequal": [5, 1, 3], "very unequal": [40, 2, 3, 1, 33]}
PARTS = ("qkv", "out", "linear1", "linear2", "norm1", "norm2")


def torch_encoder(norm_first=False, layers=2, norm=False, dropout=0.0, activation="relu"):
    layer = nn.TransformerEncoderLayer(C, HEADS, 10, dropout, activation, batch_first=True, norm_first=norm_first)
    end = nn.LayerNorm(C) if norm else None
    module = nn.TransformerEncoder(layer, layers, end, enable_nested_tensor=False).double()
    for weight in module.parameters():  # torch begins with equal layers and zero biases
        nn.init.normal_(weight, std=0.5)
    return module


def weights_of(module):
    """torch's weights in the order of ours."""
    names = ("self_attn.in_proj", "self_attn.out_proj", "linear1", "linear2", "norm1", "norm2")
    ends = [("_" if name.endswith("in_proj") else ".") + kind for name in names for kind in ("weight", "bias")]
    full = [name + end for name, end in zip([n for n in names for _ in range(2)], ends, strict=True)]
    found = [layer.get_parameter(name) for layer in module.layers for name in full]
    return found + ([] if module.norm is None else list(module.norm.parameters()))


def own_weights(layer):
    found = [getattr(getattr(block, part), kind) for block in layer.blocks for part in PARTS for kind in WEIGHT]
    return found + ([] if layer.norm is None else list(layer.norm.parameters()))


WEIGHT = ("weight", "bias")


def on_padded(module, x, lengths, causal):
    """torch's module on the padded tensor, its outputs as rows of nodes."""
    steps = max(lengths)
    padding = torch.arange(steps) >= torch.tensor(lengths).unsqueeze(1)
    dense = torch.stack([nn.functional.pad(part, (0, 0, 0, steps - len(part))) for part in x.split(lengths)])
    mask = torch.ones(steps, steps, dtype=torch.bool).triu(1) if causal else None
    return module(dense, mask=mask, src_key_padding_mask=padding if padding.any() else None)[~padding]


def features(n, channels=C):
    return torch.randn(n, channels, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("attend", ["graph", "ancestors"])
@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("norm_first", [False, True])
def test_equals_torch_with_all_gradients(lengths, attend, norm, norm_first):
    module = torch_encoder(norm_first, norm=norm)
    layer = GraphTransformer.from_torch(module, attend)
    x = features(sum(lengths))
    out = layer(x, path_edges(lengths), batch_vector(lengths))
    expected = on_padded(module, x, lengths, attend == "ancestors")
    assert_close(out, expected)
    ours = gradients([out], [x, *own_weights(layer)])
    theirs = gradients([expected], [x, *weights_of(module)])
    assert_close(ours, theirs)
    assert all(grad.abs().max() > 1e-6 for grad in theirs if grad.dim() == 2)
    with torch.no_grad():  # torch's own fast path
        assert_close(layer.eval()(x, path_edges(lengths), batch_vector(lengths)), out)
        assert_close(on_padded(module.eval(), x, lengths, attend == "ancestors"), out)


@pytest.mark.parametrize("attend", ["graph", "ancestors"])
def test_drops_what_torch_drops(attend):
    module = torch_encoder(dropout=0.4)
    layer = GraphTransformer.from_torch(module, attend)
    x, lengths = features(12), [12]  # with several, torch's tensors lie in another order in memory
    torch.manual_seed(3)
    out = layer(x, path_edges(lengths), batch_vector(lengths))
    torch.manual_seed(3)
    assert_close(out, on_padded(module, x, lengths, attend == "ancestors"))
    assert not torch.allclose(out, layer(x, path_edges(lengths), batch_vector(lengths)))
    kept = on_padded(module.eval(), x, lengths, attend == "ancestors")
    assert_close(layer.eval()(x, path_edges(lengths), batch_vector(lengths)), kept)


def test_attention_weights_along_edges_are_dropped():
    layer = GraphTransformer(C, C, attend="edges", dropout=0.5).double()
    layer.blocks[0]._drop = lambda x: x  # leave the dropout of the attention weights alone
    x, edges = features(10), dag_edges(SIZES, 0.8)
    outs = [layer(x, edges) for _ in range(2)]
    assert not torch.allclose(*outs)
    assert_close(layer.eval()(x, edges), layer(x, edges))


GRAPHS = {
    "paths": (path_edges(SIZES), ("edges", "graph", "ancestors")),
    "trees": (tree_edges(SIZES), ("edges", "graph", "ancestors")),
    "dags": (dag_edges(SIZES, 0.6), ("edges", "graph", "ancestors")),
    "undirected": (undirected_edges(SIZES, 0.6), ("edges", "graph")),
}


@pytest.mark.parametrize(("name", "attend"), [(name, how) for name, (_, hows) in GRAPHS.items() for how in hows])
@pytest.mark.parametrize("norm_first", [False, True])
def test_agrees_with_the_loop_over_nodes(name, attend, norm_first):
    edges = GRAPHS[name][0]
    layer = GraphTransformer(3, C, 2, HEADS, attend=attend, norm_first=norm_first).double()
    for weight in layer.parameters():
        nn.init.normal_(weight, std=0.5)
    x = features(10, 3)
    expected = x @ layer.project.weight.t() + layer.project.bias
    reads = read_by(edges, SIZES, attend)
    weights = own_weights(layer)
    for first in (0, 12):
        expected = transformer_layer(expected, reads, weights[first : first + 12], HEADS, norm_first)
    if layer.norm is not None:
        expected = torch.stack([layer_norm(row, *layer.norm.parameters()) for row in expected])
    out = layer(x, edges, batch_vector(SIZES))
    assert_same([out], [expected], [x, *layer.parameters()])


def same_weights(layer, attend):
    other = GraphTransformer(C, C, 2, HEADS, attend=attend).double()
    other.load_state_dict(layer.state_dict())
    return other


def closure(edges, n):
    graph = nx.DiGraph(edges.t().tolist())
    graph.add_nodes_from(range(n))
    return torch.tensor(list(nx.transitive_closure_dag(graph).edges), dtype=torch.long).view(-1, 2).t()


@pytest.mark.parametrize("name", ["paths", "trees", "dags"])
def test_ancestors_are_the_edges_of_the_transitive_closure(name):
    edges = GRAPHS[name][0]
    layer = GraphTransformer(C, C, 2, HEADS, attend="ancestors").double()
    x = features(10)
    along = same_weights(layer, "edges")
    out, full = layer(x, edges, batch_vector(SIZES)), along(x, closure(edges, 10))
    assert_close(out, full)
    ours, theirs = (gradients([o], [x, *m.parameters()]) for o, m in ((out, layer), (full, along)))
    assert_close(ours, theirs)
    assert_close(layer(x, edges), out)  # the edges tell the graphs


def test_all_pairs_are_the_complete_graph_and_with_its_self_loops_too():
    pairs = torch.block_diag(*(torch.ones(n, n) for n in SIZES)).nonzero().t()
    x = features(10)
    layer = GraphTransformer(C, C, 2, HEADS, attend="graph").double()
    out = layer(x, path_edges(SIZES), batch_vector(SIZES))
    for edges in (pairs, pairs[:, pairs[0] != pairs[1]]):
        along = same_weights(layer, "edges")
        full = along(x, edges)
        assert_close(out, full)
        assert_close(*(gradients([o], [x, *m.parameters()]) for o, m in ((out, layer), (full, along))))


def test_without_batch_all_nodes_are_one_graph():
    layer = GraphTransformer(C, C, 2, HEADS, attend="graph").double()
    x, edges = features(10), path_edges(SIZES)
    assert_close(layer(x, edges), layer(x, edges, torch.zeros(10, dtype=torch.long)))
    assert not torch.allclose(layer(x, edges), layer(x, edges, batch_vector(SIZES)))


@pytest.mark.parametrize("attend", ["edges", "graph", "ancestors"])
def test_a_graph_without_nodes_and_nodes_in_any_order(attend):
    layer = GraphTransformer(3, C, 2, HEADS, attend=attend).double()
    x, edges, batch = features(10, 3), dag_edges(SIZES, 0.6), batch_vector(SIZES)
    out = layer(x, edges, batch)
    assert_close(layer(x, edges, 2 * batch + 1), out)
    order = torch.randperm(10)
    again = layer(x[order], order.argsort()[edges], batch[order])
    assert_close(again, out[order])


def test_edges_in_every_form_of_pyg():
    layer, x, edges = GraphTransformer(3, C, attend="edges").double(), features(10, 3), dag_edges(SIZES, 0.6)
    matrix = to_torch_coo_tensor(edges.flip(0), size=10)
    assert_close(layer(x, matrix), layer(x, edges))


def test_reaches_as_many_hops_as_layers():
    layer = GraphTransformer(3, C, 2, HEADS).double()
    x = features(6, 3)
    (grad,) = torch.autograd.grad(layer(x, path_edges([6]))[5].square().dot(torch.arange(6.0).double()), x)
    assert (grad.abs().sum(1) > 0).tolist() == [False, False, False, True, True, True]


@pytest.mark.parametrize("activation", ["relu", "gelu", nn.SiLU()])
@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("norm", [False, True])
def test_there_and_back(activation, norm_first, norm):
    module = torch_encoder(norm_first, 3, norm, 0.25, activation)
    module.layers[1].linear1.weight.requires_grad_(False)
    module.layers[0].norm2.eps = 1e-3
    module.eval()
    layer = GraphTransformer.from_torch(module)
    assert not layer.training
    back = layer.to_torch()
    assert not back.training
    assert list(back.state_dict()) == list(module.state_dict())
    for name, weight in module.named_parameters():
        assert torch.equal(back.get_parameter(name), weight)
        assert back.get_parameter(name).requires_grad == weight.requires_grad == (name != "layers.1.linear1.weight")
    x = torch.randn(2, 4, C, dtype=torch.float64)
    assert torch.equal(back(x), module(x))
    back.train(), module.train()
    torch.manual_seed(1)
    dropped = back(x)
    torch.manual_seed(1)
    assert torch.equal(dropped, module(x))


def test_one_layer_of_torch():
    module = torch_encoder().layers[0]
    x = features(8)
    out = GraphTransformer.from_torch(module)(x, path_edges([4, 4]), batch_vector([4, 4]))
    assert_close(out, module(x.view(2, 4, C)).flatten(0, 1))


def no_bias():
    return nn.TransformerEncoderLayer(C, HEADS, 8, bias=False, batch_first=True)


def two_kinds():
    module = torch_encoder()
    module.layers[1].norm_first = True
    return module


def other_rates():
    layer = nn.TransformerEncoderLayer(C, HEADS, 8)
    layer.dropout1.p = 0.7
    return layer


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (no_bias, "module has no biases, expected bias=True"),
        (two_kinds, "module has layers with .* and others with another choice, expected one for all"),
        (other_rates, r"module has dropout of \[0.1, 0.7\], expected one for all parts"),
        (lambda: torch_encoder(activation=torch.tanh), "module has activation .*, expected relu, gelu or a torch.nn.M"),
        (lambda: torch_encoder(activation=nn.PReLU()), "module has activation .*without weights"),
        (lambda: nn.TransformerEncoder(no_bias(), 1, enable_nested_tensor=False), "module has no biases"),
    ],
)
def test_modules_that_cannot_be_copied(make, message):
    with pytest.raises(ValueError, match=message):
        GraphTransformer.from_torch(make())


def test_norms_that_cannot_be_copied():
    module = torch_encoder()
    module.norm = nn.RMSNorm(C)
    with pytest.raises(ValueError, match=r"module has norm RMSNorm.*, expected torch.nn.LayerNorm"):
        GraphTransformer.from_torch(module)


def test_other_modules_are_refused_by_name():
    with pytest.raises(TypeError, match=r"module is a LSTM, expected torch.nn.TransformerEncoder or"):
        GraphTransformer.from_torch(nn.LSTM(3, 4))
    with pytest.raises(ValueError, match="the layer has an input projection, expected none"):
        GraphTransformer(3, C).to_torch()
    with pytest.raises(ValueError, match="the layer has positions, expected none"):
        GraphTransformer(C, C, positions=SinusoidalPositions).to_torch()


@pytest.mark.parametrize("positions", [SinusoidalPositions, LearnedPositions])
def test_positions_come_before_the_first_layer(positions):
    layer = GraphTransformer(3, C, 2, HEADS, attend="ancestors", positions=positions).double()
    plain = GraphTransformer(3, C, 2, HEADS, attend="ancestors").double()
    plain.load_state_dict({name: w for name, w in layer.state_dict().items() if "positions" not in name})
    x, edges, batch = features(10, 3), tree_edges(SIZES), batch_vector(SIZES)
    out = layer(x, edges, batch)
    assert not torch.allclose(out, plain(x, edges, batch))
    plain.project = nn.Sequential(layer.project, Placed(layer.positions, edges))
    assert_close(out, plain(x, edges, batch))


@pytest.mark.parametrize("attend", ["edges", "graph", "ancestors"])
@pytest.mark.parametrize("by_number", [False, True])
def test_positions_of_a_batch_are_those_of_its_graphs(attend, by_number):
    positions = partial(SinusoidalPositions, by_number=by_number)
    layer = GraphTransformer(3, C, 2, HEADS, attend=attend, positions=positions).double()
    x, edges, batch = features(10, 3), dag_edges(SIZES, 0.6), batch_vector(SIZES)
    out = layer(x, edges, batch)
    for number, size in enumerate(SIZES):
        nodes = batch == number
        first = int(nodes.nonzero()[0])
        alone = layer(x[nodes], edges[:, nodes[edges[0]]] - first, torch.zeros(size, dtype=torch.long))
        assert_close(out[nodes], alone)


HALF = [torch.float32, torch.float16, torch.bfloat16]


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("weights", HALF)
@pytest.mark.parametrize("given", HALF)
@pytest.mark.parametrize("autocast", HALF[1:])
def test_under_autocast_any_dtypes_go_together(norm_first, weights, given, autocast):
    layer = GraphTransformer(3, C, 2, HEADS, norm_first=norm_first)
    x, edges = torch.randn(10, 3), tree_edges(SIZES)
    expected = layer(x, edges)
    with torch.autocast("cpu", autocast):
        out = layer.to(weights)(x.to(given), edges)
    assert out.dtype == autocast
    assert_close(out.float(), expected, rtol=0.1, atol=0.1)


def test_an_activation_with_weights_is_drawn_anew_and_shared():
    layer = GraphTransformer(C, C, 2, HEADS, activation=nn.PReLU())
    with torch.no_grad():
        layer.blocks[0].activation.weight.fill_(9.0)
    there = layer.to_torch()
    assert sum(w.numel() for w in there.parameters()) == sum(w.numel() for w in layer.parameters())
    assert there.layers[1].activation.weight.item() == 9
    layer.reset_parameters()
    assert layer.blocks[1].activation.weight.item() == 0.25


def test_the_relu_of_torch_by_either_name():
    module = nn.TransformerEncoderLayer(C, HEADS, 10, 0.0, torch.relu, batch_first=True)
    assert isinstance(GraphTransformer.from_torch(module).blocks[0].activation, nn.ReLU)


class Placed(nn.Module):
    def __init__(self, positions, edges):
        super().__init__()
        self.positions, self.edges = positions, edges

    def forward(self, x):
        return self.positions(x, self.edges)


def test_a_path_without_positions_has_no_order():
    layer = GraphTransformer(3, C, 2, HEADS, attend="graph").double()
    placed = GraphTransformer(3, C, 2, HEADS, attend="graph", positions=SinusoidalPositions).double()
    x, edges, order = features(6, 3), path_edges([6]), torch.randperm(6)
    assert_close(layer(x[order], edges), layer(x, edges)[order])
    assert not torch.allclose(placed(x[order], edges), placed(x, edges)[order])


@pytest.mark.parametrize("apply_sigmoid", [False, True])
def test_an_explainer_s_mask_scales_what_edges_carry(apply_sigmoid):
    layer = GraphTransformer(3, C, 2, HEADS).double()
    x, edges = features(4, 3), torch.tensor([[0, 1, 1, 2, 2, 2], [1, 0, 2, 1, 3, 2]])
    plain = layer(x, edges)
    half = torch.full((6,), 1e9 if apply_sigmoid else 1.0, dtype=torch.float64)
    set_masks(layer, half, edges, apply_sigmoid)
    assert_close(layer(x, edges), plain)
    mask = torch.tensor([0.9, 0.1, 0.0, 0.3, 0.8, 0.0], dtype=torch.float64, requires_grad=True)
    set_masks(layer, mask, edges, apply_sigmoid=False)
    masked = layer(x, edges)
    (grad,) = torch.autograd.grad(masked[3, 0], mask, retain_graph=True)
    assert (grad != 0).tolist() == [False, False, True, False, True, False]  # no self-loops; two hops to node 3
    (back,) = torch.autograd.grad(masked[3, 0], x)
    assert (back.abs().sum(1) > 0).tolist() == [False, True, True, True]
    clear_masks(layer)
    assert torch.equal(layer(x, edges), plain)
    set_masks(layer, mask[:2], edges)
    with pytest.raises(ValueError, match=r"the explainer's mask has shape \[2\], expected \[6\]"):
        layer(x, edges)


@pytest.mark.parametrize("attend", ["graph", "ancestors"])
def test_a_mask_over_edges_is_refused_where_attention_does_not_run_along_them(attend):
    layer, x, edges = GraphTransformer(3, C, attend=attend), torch.randn(3, 3), path_edges([3])
    set_masks(layer, torch.zeros(2), edges)
    with pytest.raises(ValueError, match="an edge mask is set, but GraphTransformer applies none"):
        layer(x, edges)


@pytest.mark.parametrize("attend", ["edges", "graph", "ancestors"])
def test_compiled_it_runs_in_a_graph_break(attend):
    layer = GraphTransformer(3, C, 2, HEADS, attend=attend, positions=SinusoidalPositions)
    x, edges = torch.randn(10, 3), dag_edges(SIZES, 0.6)
    compiled = torch.compile(copy.deepcopy(layer), backend="eager")
    for sizes in (SIZES, [4, 6]):
        assert_close(compiled(x, edges, batch_vector([10])), layer(x, edges, batch_vector([10])))
        edges = dag_edges(sizes, 0.6)


def test_drawn_anew_and_shown():
    layer = GraphTransformer(3, C, 2, HEADS, attend="graph", positions=LearnedPositions)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.fill_(7.0)
    layer.reset_parameters()
    assert not any(bool((weight == 7).any()) for weight in layer.parameters())
    shown = repr(layer)
    assert shown.startswith('GraphTransformer(\n  3, 6, attend="graph"')
    assert "heads=2, dropout=0.0, norm_first=True" in shown
    count = sum(w.numel() for w in GraphTransformer(C, C, 1, HEADS, norm_first=False).parameters())
    assert count == 12 * C**2 + 13 * C


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((0, 4), {}, "in_channels is 0, expected at least 1"),
        ((3, 0), {}, "out_channels is 0, expected at least 1"),
        ((3, 4, 0), {}, "num_layers is 0, expected at least 1"),
        ((3, 4, 1, 0), {}, "heads is 0, expected at least 1"),
        ((3, 8, 1, 3), {}, "heads is 3, expected a divisor of out_channels, which is 8"),
        ((3, 4), {"feedforward": 0}, "feedforward is 0, expected at least 1"),
        ((3, 4), {"dropout": 1.0}, "dropout is 1.0, expected 0 <= dropout < 1"),
        ((3, 4), {"attend": "causal"}, 'attend is \'causal\', expected "edges", "graph" or "ancestors"'),
    ],
)
def test_arguments_are_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        GraphTransformer(*arguments, **options)


CYCLE = torch.tensor([[0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("attend", "x", "edges", "batch", "message"),
    [
        ("edges", torch.ones(0, 3), path_edges([1]), None, "x has no nodes, expected at least one"),
        ("ancestors", torch.ones(2, 3), CYCLE, None, "edge_index has a cycle.*: 0 -> 1 -> 0"),
        ("graph", torch.ones(2, 3), CYCLE, torch.tensor([0]), r"batch has shape \[1\], expected \[2\], one per node"),
        ("edges", torch.ones(2, 3), CYCLE, torch.tensor([0]), r"batch has shape \[1\], expected \[2\], one per node"),
        ("graph", torch.ones(2, 3), CYCLE, torch.ones(2), "batch has dtype torch.float32, expected torch.int64"),
        ("graph", torch.ones(2, 3), CYCLE, torch.tensor([0, -1]), "batch has graph -1, expected numbers from 0 on"),
        ("ancestors", torch.ones(2, 3), path_edges([2]), torch.tensor([0, 1]), "batch gives node 0 to graph 0 and"),
        ("edges", torch.ones(2, 3).double(), CYCLE, None, "x has dtype torch.float64, expected torch.float32"),
    ],
)
def test_bad_input(attend, x, edges, batch, message):
    with pytest.raises(ValueError, match=message):
        GraphTransformer(3, 4, attend=attend)(x, edges, batch)


def test_a_list_is_no_batch():
    with pytest.raises(TypeError, match=r"batch is a list, expected a tensor \[2\]"):
        GraphTransformer(3, 4, attend="graph")(torch.ones(2, 3), CYCLE, [0, 0])
