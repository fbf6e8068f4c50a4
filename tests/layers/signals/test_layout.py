import pytest
import torch

from gnnseq.layers.signals.layout import SignalLayout

N, T, F, B = 4, 3, 2, 5
SHAPES = {"one step": (N, F), "signals": (N, T, F), "many signals": (B, N, T, F)}
every_layout = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def values(shape):
    return torch.arange(float(torch.tensor(shape).prod())).view(shape)


@every_layout
def test_sizes(shape):
    layout = SignalLayout(torch.zeros(shape), F)
    assert layout.nodes == N
    assert layout.signals == (B if len(shape) == 4 else 1)
    assert layout.steps == (1 if len(shape) == 2 else T)


@every_layout
def test_every_number_comes_to_its_node_signal_and_step_and_back(shape):
    x = values(shape)
    layout = SignalLayout(x, F)
    signals = layout.to_nodes(x)
    assert signals.shape == (N, layout.signals, layout.steps, F)
    for node in range(N):
        for signal in range(layout.signals):
            for step in range(layout.steps):
                place = {2: (node,), 3: (node, step), 4: (signal, node, step)}[len(shape)]
                assert torch.equal(signals[node, signal, step], x[place])
    assert torch.equal(layout.from_nodes(signals), x)


@every_layout
def test_states_go_and_come_back(shape):
    layout = SignalLayout(torch.zeros(shape), F)
    h = values((B, N, 6) if len(shape) == 4 else (N, 6))
    (inside,) = layout.states_to_nodes((h,), 1, 6)
    assert inside.shape == (N, layout.signals, 6)
    assert torch.equal(layout.state_from_nodes(inside), h)
    with pytest.raises(ValueError, match=r"state has shapes .*, expected 2 of"):
        layout.states_to_nodes((h,), 2, 6)


def test_with_other_nodes_the_rest_is_the_same():
    for shape, signals, steps in (((N, F), 1, 1), ((N, T, F), 1, T), ((B, N, T, F), B, T)):
        layout, other = (SignalLayout(torch.zeros(shape), F, nodes=nodes) for nodes in (None, 9))
        assert (layout.nodes, other.nodes) == (N, 9)
        assert (other.signals, other.steps) == (layout.signals, layout.steps) == (signals, steps)


def test_one_graph_serves_all_steps_and_a_list_one_each():
    layout = SignalLayout(torch.zeros(N, T, F), F)
    assert layout.graphs("edges", "weights") == [("edges", "weights")] * T
    assert layout.graphs(["a", "b", "c"], None) == [("a", None), ("b", None), ("c", None)]
    assert layout.graphs(("a", "b", "c"), [1, 2, 3]) == [("a", 1), ("b", 2), ("c", 3)]
    for edges, weights, counts in ((["a"] * 2, None, "2 and 2"), (["a"] * 3, [1], "3 and 1")):
        with pytest.raises(ValueError, match=f"list {counts} graphs, expected one for each of 3 steps"):
            layout.graphs(edges, weights)


@pytest.mark.parametrize("per_feature", [True, False])
def test_missing_values_become_zero_even_where_they_are_nan(per_feature):
    x = torch.full((N, T, F), float("nan"))
    x[0, 0] = 7.0
    mask = ~x.isnan() if per_feature else ~x.isnan().any(-1)
    found = SignalLayout(x, F).masked(x, mask)
    assert found[0, 0].tolist() == [7.0, 7.0]
    assert found.sum() == 14


@pytest.mark.parametrize("mask", [torch.ones(N, T, F), torch.ones(N, T + 1, dtype=torch.bool)])
def test_masks_that_do_not_fit(mask):
    layout = SignalLayout(torch.zeros(N, T, F), F)
    with pytest.raises(ValueError, match=r"mask is torch\..* expected torch.bool of shape \[4, 3, 2\] or \[4, 3\]"):
        layout.masked(torch.zeros(N, T, F), mask)


def test_lengths_say_which_steps_are_active():
    x = torch.zeros(N, T, F)
    batch = torch.tensor([0, 0, 1, 1])
    active = SignalLayout(x, F).active(torch.tensor([1, 3]), batch)
    assert active.squeeze(1).tolist() == [[True, False, False]] * 2 + [[True] * 3] * 2
    assert SignalLayout(x, F).active(torch.tensor([2]), None).tolist() == [[[True, True, False]]]
    many = SignalLayout(torch.zeros(2, N, T, F), F).active(torch.tensor([1, 2]), None)
    assert many.tolist() == [[[True, False, False], [True, True, False]]]


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([1], r"lengths has shape \[1\], expected \[2\], one per sequence"),
        ([1, 4], r"lengths is \[1, 4\], expected 1 to 3"),
        ([0, 3], r"lengths is \[0, 3\], expected 1 to 3"),
    ],
)
def test_lengths_that_do_not_fit(lengths, message):
    with pytest.raises(ValueError, match=message):
        SignalLayout(torch.zeros(N, T, F), F).active(torch.tensor(lengths), torch.tensor([0, 0, 1, 1]))


@pytest.mark.parametrize("shape", [(F,), (N, F + 1), (1, B, N, T, F)])
def test_shapes_that_are_no_layout(shape):
    with pytest.raises(ValueError, match=r"x has shape .* expected \[N, 2\], \[N, T, 2\] or \[B, N, T, 2\]"):
        SignalLayout(torch.zeros(shape), F)


def test_no_steps():
    with pytest.raises(ValueError, match=r"x has shape \[4, 0, 2\], expected at least one step"):
        SignalLayout(torch.zeros(N, 0, F), F)
