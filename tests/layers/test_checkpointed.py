"""Segments that are recomputed give the outputs and gradients of the whole."""

import pytest
import torch
from dags import path_edges, undirected_edges
from gradients import assert_same
from torch.nn import Module

from gnnseq.layers import GCRN, GRU, LSTM, RNN, GraphGRU, MinLSTM, SignalStack
from gnnseq.layers.checkpointed import checkpointed_paths, checkpointed_signals

N, T, F, H = 4, 7, 3, 2


def flat(state):
    return [state] if isinstance(state, torch.Tensor) else [part for entry in state for part in flat(entry)]


def features(*shape):
    return torch.randn(shape, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("length", [1, 3, 7, 20])
@pytest.mark.parametrize("make", [lambda: GCRN(F, H, 2), lambda: SignalStack([GCRN(F, H, 2), GraphGRU(H, H, 2)])])
def test_signals(make, length):
    layer, edges = make().double(), undirected_edges([N], 0.9)
    for shape in ((N, T, F), (2, N, T, F)):
        x = features(*shape)
        out, state = checkpointed_signals(layer, x, edges, length)
        whole, final = layer(x, edges)
        assert_same([out, *flat(state)], [whole, *flat(final)], [x, *layer.parameters()])


@pytest.mark.parametrize("length", [1, 3, 7])
@pytest.mark.parametrize("make", [lambda: RNN(F, H), lambda: GRU(F, H, 2), lambda: LSTM(F, H), lambda: MinLSTM(F, H)])
def test_paths(make, length):
    layer, x, edges = make().double(), features(2 * T, F), path_edges([T, T])
    out, state = checkpointed_paths(layer, x, 2, length)
    whole, final = layer(x, edges)
    assert_same([out, *flat(state)], [whole, *flat(final)], [x, *layer.parameters()])


def test_initial_state_and_further_arguments():
    layer, edges, x = GCRN(F, H, 2).double(), undirected_edges([N], 0.9), features(N, T, F)
    state, weight = (features(N, H), features(N, H)), torch.ones(edges.size(1), dtype=torch.float64)
    left = checkpointed_signals(layer, x, edges, 3, state, edge_weight=weight, lambda_max=1.7)
    right = layer(x, edges, weight, state, lambda_max=1.7)
    assert_same([left[0], *left[1]], [right[0], *right[1]], [x, *state])


class Counting(Module):
    """A layer that notes how many steps it has kept at a time."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.calls = layer, []

    def forward(self, x, edge_index, state=None):
        self.calls.append(x.size(-2))
        return self.layer(x, edge_index, state=state)


def test_segments_are_computed_again_on_the_way_back():
    layer, x = Counting(GCRN(F, H, 2).double()), features(N, T, F)
    out, _ = checkpointed_signals(layer, x, undirected_edges([N], 0.9), 3)
    assert layer.calls == [3, 3, 1]
    out.sum().backward()
    assert layer.calls == [3, 3, 1, 1, 3, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"length": 0}, "length is 0, expected at least 1"),
        ({"x": torch.zeros(N, F)}, r"x has shape \[4, 3\], expected \[N, T, F\]"),
        ({"edge_index": [torch.zeros(2, 0)]}, "edge_index is a list of graphs"),
        ({"lengths": torch.ones(1)}, "lengths is given"),
        ({"mask": torch.ones(1)}, "mask is given"),
    ],
)
def test_refused_signals(change, message):
    good = {"layer": GCRN(F, H, 2), "x": torch.zeros(N, T, F), "edge_index": undirected_edges([N]), "length": 2}
    with pytest.raises(ValueError, match=message):
        checkpointed_signals(**(good | change))


def test_refused_paths():
    with pytest.raises(ValueError, match="one direction"):
        checkpointed_paths(LSTM(F, H, bidirectional=True), torch.zeros(4, F), 2, 1)
    with pytest.raises(ValueError, match="x has no nodes, expected at least one"):
        checkpointed_paths(LSTM(F, H), torch.zeros(0, F), 2, 1)
    with pytest.raises(ValueError, match="x has 5 nodes, expected a multiple of num_paths=2"):
        checkpointed_paths(LSTM(F, H), torch.zeros(5, F), 2, 1)
    with pytest.raises(ValueError, match="num_paths is 0"):
        checkpointed_paths(LSTM(F, H), torch.zeros(5, F), 0, 1)
