"""`torch.onnx.export` of every layer that has a program, run by onnxruntime; skipped where they are missing."""

import copy

import pytest
import torch
from layer_cases import ALL, Flat, Readout, exported, flat, on_schedule
from torch import nn
from torch.export import Dim
from torch.testing import assert_close

pytest.importorskip("onnxscript")
runtime = pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore")  # of the exporter's own


class Output(nn.Module):
    """A layer's output alone; of the graphs of a schedule where one is given."""

    def __init__(self, layer, *ready):
        super().__init__()
        self.layer, self.ready = layer, ready

    def forward(self, x, *arguments):
        return flat(self.layer(x, *self.ready, *arguments))[0]


def of_sizes(case, sizes):
    """Two steps, which are enough, on graphs of these sizes; features, and what follows."""
    case = copy.copy(case)
    case.steps = case.steps and 2
    case.sizes = [4] * len(sizes) if isinstance(case, Flat) else sizes
    graphs = case.graphs()
    x = case.features(sum(graphs.sizes)).detach().float()
    if isinstance(case, Readout):
        sizes = torch.tensor(graphs.sizes)
        return x, graphs, (torch.cat([sizes.new_zeros(1), sizes.cumsum(0)]),)
    return x, graphs, (graphs.edge_index, *(value.float() for value in graphs.arguments.values()))


def session_of(module, given, path, **how):
    torch.onnx.export(module, given, path, dynamo=True, verbose=False, **how)
    return runtime.InferenceSession(path)


def run(session, given):
    (out,) = session.run(None, {i.name: value.numpy() for i, value in zip(session.get_inputs(), given, strict=True)})
    return torch.from_numpy(out)


@pytest.mark.parametrize("case", [p for p in ALL if exported(p.values[0]) == "one schedule"])
def test_the_graphs_of_one_schedule(case, tmp_path):
    torch.manual_seed(3)
    x, graphs, _ = of_sizes(case, [4, 2, 3])
    schedule, *values = on_schedule(case, graphs, len(x))
    module = Output(case.make().eval(), schedule)
    session = session_of(module, (x, *values), tmp_path / "layer.onnx")
    x = torch.randn_like(x)
    assert_close(run(session, (x, *values)), module(x, *values).detach(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("case", [p for p in ALL if exported(p.values[0]) == "any size"])
def test_graphs_of_any_size(case, tmp_path):
    torch.manual_seed(3)
    module = Output(case.make().eval())
    x, _, rest = of_sizes(case, [4, 2, 3])
    open_sizes = [{value.dim() - 1 if value.dtype == torch.long else 0: Dim.AUTO} for value in (x, *rest)]
    how = {"dynamic_shapes": (open_sizes[0], tuple(open_sizes[1:]))}
    session = session_of(module, (x, *rest), tmp_path / "layer.onnx", **how)
    for sizes in ([6, 2, 9], [3, 1]):
        x, _, rest = of_sizes(case, sizes)
        assert_close(run(session, (x, *rest)), module(x, *rest).detach(), atol=1e-5, rtol=1e-4)
