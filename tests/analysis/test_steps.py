import pytest
import torch
from torch import nn
from torch_geometric.nn import GATConv, GraphConv

from gnnseq.analysis.steps import watching
from gnnseq.graphs import balanced_tree_batch, path_batch
from gnnseq.layers import GCN, GCRN, GRU, LSTM, RNN, GraphGRU, NaryTreeLSTM

F, H, T = 3, 4, 5
EDGES = path_batch(torch.zeros(2, T, dtype=torch.long)).edge_index
X = torch.randn(2 * T, F, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def watched(module, *arguments):
    """What a call of a module gives, and the steps that were seen."""
    seen = {}
    with watching("layer", module, seen):
        out = module(*arguments)
    return out, seen


def shares(out, steps):
    """The gradient of each step's own copy of the weight."""
    return torch.autograd.grad(out.square().sum(), [weight for _, (weight,) in steps], materialize_grads=True)


def gradient(module, name, out):
    return torch.autograd.grad(out.square().sum(), module.get_parameter(name))[0]


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
def test_shares_of_the_steps_of_a_recurrence_add_up_to_its_gradient(kind):
    layer = kind(F, H).double()
    cell, seen = layer.cells[0], {}
    with watching("", layer, seen), watching("cells.0", cell, seen):
        assert not layer.fused
        out, _ = layer(X, EDGES)
    assert layer.fused
    assert list(seen) == ["cells.0"]
    assert len(seen["cells.0"]) == T
    for step, (state, _) in enumerate(seen["cells.0"]):
        torch.testing.assert_close(state, out[[step, T + step]])
    own = shares(out, seen["cells.0"])
    torch.testing.assert_close(sum(own), gradient(layer, "cells.0.weight_hh", layer(X, EDGES)[0]))
    assert [bool(share.any()) for share in own] == [False] + [True] * (T - 1)  # nothing comes before the first symbol


@pytest.mark.parametrize("kind", [GCRN, GraphGRU])
def test_shares_of_the_steps_of_a_recurrence_on_a_graph(kind):
    layer = kind(F, H, K=2).double()
    edges = torch.cat([EDGES, EDGES.flip(0)], dim=1)
    signals = torch.randn(2 * T, 3, F, dtype=torch.float64)
    (out, _), seen = watched(layer, signals, edges)
    assert [state.shape for state, _ in seen["layer"]] == [(2 * T, 1, H)] * 3
    whole = gradient(layer, "weight_h", layer(signals, edges)[0])
    torch.testing.assert_close(sum(shares(out, seen["layer"])), whole)


def test_shares_of_the_levels_of_a_tree():
    layer = NaryTreeLSTM(F, H, arity=2).double()
    tree = balanced_tree_batch(torch.zeros(1, 4, dtype=torch.long), empty=1)
    arguments = torch.randn(7, F, dtype=torch.float64), tree.edge_index, tree.edge_slot
    seen = {}
    with watching("layer.cells.0", layer.cells[0], seen):
        out, _ = layer(*arguments)
    assert [len(state) for state, _ in seen["layer.cells.0"]] == [4, 2, 1]
    torch.testing.assert_close(out, layer(*arguments)[0])
    assert [bool(share.any()) for share in shares(out, seen["layer.cells.0"])] == [False, True, True]


def test_states_of_a_gcn_are_what_enters_the_activations_and_what_leaves():
    layer = GCN(F, H, num_layers=2).double()
    out, seen = watched(layer, X, EDGES)
    (first, weights), (last, _) = seen["layer"]
    assert last is out
    assert weights[0] is layer.weights[0]
    torch.testing.assert_close(GCN.forward(layer, X, EDGES), out)
    single = GCN(F, H, num_layers=1).double()
    single.load_state_dict({name: value for name, value in layer.state_dict().items() if name.endswith("0")})
    torch.testing.assert_close(first, single(X, EDGES))


def test_convolutions_of_pyg_are_one_stack_in_the_order_of_their_calls():
    convs, seen = [GraphConv(F, H).double(), GATConv(H, H).double()], {}
    with watching("a", convs[0], seen), watching("b", convs[1], seen):
        first = convs[0](X, EDGES)
        last = convs[1](first, EDGES)
    assert list(seen) == ["convolutions"]
    (one, _), (other, _) = seen["convolutions"]
    assert one is first
    assert other is last
    assert [len(weights) for _, weights in seen["convolutions"]] == [3, len(list(convs[1].parameters()))]


def test_other_modules_are_left_alone():
    linear = nn.Linear(F, H).double()
    before = dict(linear.__dict__)
    _, seen = watched(linear, X)
    assert seen == {}
    assert linear.__dict__ == before


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        (RNN(F, H).double().cells[0], None),
        (GCRN(F, H, K=1).double(), (X, EDGES)),
        (GCN(F, H, 2).double(), (X, EDGES)),
        (GraphConv(F, H).double(), (X, EDGES)),
    ],
    ids=["cell", "GCRN", "GCN", "convolution"],
)
def test_a_module_is_as_it_was_after_an_error(module, arguments):
    own, hooks = set(module.__dict__), len(module._forward_hooks)
    weights = dict(module.named_parameters())
    with pytest.raises(KeyError), watching("layer", module, {}):
        raise KeyError
    assert set(module.__dict__) == own
    assert len(module._forward_hooks) == hooks
    assert all(weights[name] is weight for name, weight in module.named_parameters())
