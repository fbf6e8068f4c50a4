"""From nodes to graphs."""

import pytest
import torch
from torch.testing import assert_close

from gnnseq.layers import MaxReadout, MeanReadout, MinReadout, RootReadout, SumReadout

SIZES = [3, 1, 4]
PTR = torch.tensor([0, 3, 4, 8])
READOUTS = [
    (RootReadout, lambda rows: rows[-1]),
    (SumReadout, lambda rows: rows.sum(0)),
    (MeanReadout, lambda rows: rows.mean(0)),
    (MaxReadout, lambda rows: rows.amax(0)),
    (MinReadout, lambda rows: rows.amin(0)),
]


@pytest.mark.parametrize(("readout", "rule"), READOUTS)
def test_each_graph_by_itself(readout, rule):
    x = torch.randn(8, 3, dtype=torch.float64, requires_grad=True)
    out = readout()(x, PTR)
    expected = torch.stack([rule(rows) for rows in x.split(SIZES)])
    assert_close(out, expected)
    assert_close(torch.autograd.grad(out.pow(2).sum(), x), torch.autograd.grad(expected.pow(2).sum(), x))


@pytest.mark.parametrize("readout", [SumReadout, MeanReadout, MaxReadout, MinReadout])
def test_empty_graph_gives_zeros(readout):
    assert readout()(torch.ones(2, 3), torch.tensor([0, 0, 2]))[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize("readout", [pair[0] for pair in READOUTS])
def test_bad_bounds(readout):
    with pytest.raises(ValueError, match="ptr runs from 0 to 2, expected from 0 to 3 rows of x"):
        readout()(torch.ones(3, 1), torch.tensor([0, 2]))
    with pytest.raises(ValueError, match=r"ptr has shape \[0\], expected \[B \+ 1\], bounds of B graphs"):
        readout()(torch.ones(3, 1), torch.empty(0, dtype=torch.long))


@pytest.mark.parametrize("readout", [pair[0] for pair in READOUTS])
def test_a_trace_holds_for_other_graphs(readout):
    traced = torch.jit.trace(readout(), (torch.randn(8, 3), PTR))
    x, ptr = torch.randn(9, 3), torch.tensor([0, 1, 4, 6, 9])
    assert_close(traced(x, ptr), readout()(x, ptr))
    if readout is not RootReadout:
        ptr[2] = 6  # graph 2 is empty, as none was in the trace
        assert_close(traced(x, ptr), readout()(x, ptr))


@pytest.mark.parametrize("readout", [pair[0] for pair in READOUTS])
def test_compiled_and_on_meta(readout):
    torch._dynamo.reset()
    x = torch.randn(8, 3)
    assert_close(torch.compile(readout(), backend="eager")(x, PTR), readout()(x, PTR))
    assert readout()(x.to("meta"), PTR.to("meta")).shape == (3, 3)


def test_root_of_an_empty_graph():
    with pytest.raises(ValueError, match="ptr says that graph 1 has no nodes"):
        RootReadout()(torch.ones(2, 3), torch.tensor([0, 2, 2]))


def test_the_mean_in_float16_of_a_sum_beyond_it():
    x = torch.full((1000, 2), 100.0, dtype=torch.float16)
    assert torch.equal(MeanReadout()(x, torch.tensor([0, 1000])), x[:1])
