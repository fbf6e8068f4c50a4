"""One cell on levels and on paths; `test_recurrent` has the layers made of them."""

import pytest
import torch
from torch.nn.utils import prune, weight_norm

from gnnseq.layers.cells import GRUCell, LSTMCell, RNNCell
from gnnseq.ops.schedule import Schedule

F, H = 3, 4
KINDS = {"RNN": RNNCell, "GRU": GRUCell, "LSTM": LSTMCell}
every_cell = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
TREE = torch.tensor([[0, 1, 2, 3], [3, 3, 4, 4]])  # 0 and 1 under 3; 2 and 3 under the root 4
PATHS = torch.tensor([[0, 1, 3], [1, 2, 4]])  # three nodes and two


def cell(kind, bias=True):
    return kind(F, H, bias).double()


def features(n=5):
    return torch.randn(n, F, dtype=torch.float64)


def torch_cell(own):
    """torch's cell with the same weights."""
    other = {RNNCell: torch.nn.RNNCell, GRUCell: torch.nn.GRUCell, LSTMCell: torch.nn.LSTMCell}[type(own)]
    made = other(F, H, dtype=torch.float64)
    with torch.no_grad():
        made.weight_ih.copy_(own.weight_ih)
        made.weight_hh.copy_(own.weight_hh)
        made.bias_ih.copy_(own.bias)
        made.bias_hh.zero_()
        if isinstance(own, GRUCell):
            made.bias_hh[2 * H :] = own.bias_hn
    return made


@every_cell
def test_a_leaf_is_a_step_of_torch_s_cell_from_zero(kind):
    own, x = cell(kind), features()
    out, _ = own(x, Schedule.from_edge_index(torch.empty(2, 0, dtype=torch.long), 5))
    expected = torch_cell(own)(x)
    torch.testing.assert_close(out, expected[0] if isinstance(expected, tuple) else expected)


@pytest.mark.parametrize("kind", [RNNCell, GRUCell])
def test_a_parent_reads_the_sum_of_its_children(kind):
    own, x = cell(kind), features()
    out, (root,) = own(x, Schedule.from_edge_index(TREE, 5))
    step = torch_cell(own)
    torch.testing.assert_close(out[3], step(x[3:4], out[0:1] + out[1:2])[0])
    torch.testing.assert_close(out[4], step(x[4:], out[2:3] + out[3:4])[0])
    assert torch.equal(root[0], out[4])


@every_cell
@pytest.mark.parametrize("bias", [True, False])
def test_the_fused_kernel_is_the_level_by_level_one(kind, bias):
    own, x, schedule = cell(kind, bias), features(), Schedule.from_edge_index(PATHS, 5)
    initial = tuple(torch.randn(2, H, dtype=torch.float64) for _ in range(own.states))
    fused, levels = own(x, schedule, initial), own.by_level(x, schedule, initial)
    torch.testing.assert_close(fused[0], levels[0])
    torch.testing.assert_close(fused[1], levels[1])


@every_cell
def test_states_of_every_node(kind):
    own, x, schedule = cell(kind), features(), Schedule.from_edge_index(TREE, 5)
    states = own.node_states(x, schedule)
    out, last = own(x, schedule)
    assert [state.shape for state in states] == [(5, H)] * own.states
    assert torch.equal(states[0], out)
    assert all(torch.equal(state[4:], final) for state, final in zip(states, last, strict=True))


def test_the_lstm_s_gates_are_those_of_the_child_sum():
    own, x = cell(LSTMCell), features()
    h, c = own.node_states(x, Schedule.from_edge_index(TREE, 5))
    w = (own.weight_ih @ x[4] + own.bias).split(H)
    u = own.weight_hh.split(H)
    i, g, o = ((w[k] + u[k] @ (h[2] + h[3])) for k in (0, 2, 3))
    forget = [(w[1] + u[1] @ h[k]).sigmoid() for k in (2, 3)]
    expected = i.sigmoid() * g.tanh() + forget[0] * c[2] + forget[1] * c[3]
    torch.testing.assert_close(c[4], expected)
    torch.testing.assert_close(h[4], o.sigmoid() * expected.tanh())


@every_cell
def test_weights_are_drawn_as_torch_does(kind):
    own = kind(F, 400)
    for weight in own.state_dict().values():
        assert float(weight.abs().max()) <= 400**-0.5
        assert float(weight.std()) == pytest.approx(400**-0.5 / 3**0.5, rel=0.15)
    before = {name: value.clone() for name, value in own.named_parameters()}
    own.reset_parameters()
    assert all(not torch.equal(value, before[name]) for name, value in own.named_parameters())


@every_cell
def test_without_a_bias(kind):
    own = kind(F, H, bias=False)
    assert {name for name, _ in own.named_parameters()} == {"weight_ih", "weight_hh"}
    assert repr(own) == f"{kind.__name__}(3, 4, bias=False)"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [0.0, 2e4, 1e20, -1e30, 1e38])
@pytest.mark.parametrize("gate", range(4))
def test_padding_is_exact_for_every_finite_bias(dtype, size, gate):
    """The path that ends first keeps its cell through the padding, whatever the gates are biased to."""
    torch.manual_seed(0)
    own, x = LSTMCell(F, H).to(dtype), torch.randn(9, F, dtype=dtype)
    schedule = Schedule(torch.tensor([[0, 2, 3, 4, 5, 6, 7], [1, 3, 4, 5, 6, 7, 8]]), 9)  # two nodes and seven
    with torch.no_grad():
        own.bias[gate * H : (gate + 1) * H] = size
    own.bias.requires_grad_()
    results = []
    for out, (h, c) in (own(x, schedule), own.by_level(x, schedule)):
        grads = torch.autograd.grad(h.sum() + c.sum() + out.sum(), list(own.parameters()))
        results.append([out, h, c, *grads])
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-5)


def test_autocast_has_one_dtype_on_paths_and_trees():
    initial = torch.zeros(1, H)
    for kind in KINDS.values():
        own, x = kind(F, H), torch.randn(5, F)
        with torch.autocast("cpu", torch.bfloat16):
            for edges in (torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]]), TREE):
                for state in (None, (initial,) * own.states):
                    out, last = own(x, Schedule(edges, 5), state)
                    assert {out.dtype, *(part.dtype for part in last)} == {torch.bfloat16}


@every_cell
@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
@pytest.mark.parametrize("change", [weight_norm, prune.identity])
def test_weights_that_a_hook_makes_are_those_of_now(kind, change):
    own, x, schedule = cell(kind), features(), Schedule(TREE, 5)
    change(own, "weight_hh")
    own(x, schedule)
    source = own.weight_hh_v if change is weight_norm else own.weight_hh_orig
    with torch.no_grad():
        source.neg_()
    states = own.node_states(x, schedule)
    for fused in (True, False):
        assert torch.equal(own(x, schedule, fused=fused)[0], states[0])
