"""`torch.export` of every layer: for graphs of any size, for the graphs of one schedule, or refused in a sentence."""

import copy
import io

import layer_cases
import pytest
import torch
from layer_cases import ALL, Flat, Readout, Recurrence, flat, on_schedule
from torch import nn
from torch.export import Dim
from torch.testing import assert_close

from gnnseq.ops import Schedule

pytestmark = pytest.mark.filterwarnings("ignore:No complete tensor found in the group")  # torch's, on saving
OVER_EDGES = [p for p in ALL if isinstance(p.values[0], Recurrence)]
ON_SCHEDULES = [p for p in ALL if layer_cases.exported(p.values[0]) == "one schedule"]
ANY_SIZE = [p for p in ALL if layer_cases.exported(p.values[0]) == "any size"]


class Output(nn.Module):
    """A layer's output alone; of the graphs of a schedule where one is given."""

    def __init__(self, layer, schedule=None):
        super().__init__()
        self.layer, self.schedule = layer, schedule

    def forward(self, x, *arguments):
        given = arguments if self.schedule is None else (self.schedule, *arguments)
        return flat(self.layer(x, *given))[0]


def of_sizes(case, sizes):
    """Two steps, which are enough, on graphs of these sizes."""
    case = copy.copy(case)
    case.steps = case.steps and 2
    case.sizes = [4] * len(sizes) if isinstance(case, Flat) else sizes
    return case


def arguments(case):
    graphs = case.graphs()
    x = case.features(sum(graphs.sizes)).detach()
    if isinstance(case, Readout):
        sizes = torch.tensor(graphs.sizes)
        return x, torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    return x, graphs.edge_index, *graphs.arguments.values()


def exported(module, given):
    """With any number of nodes, edges and graphs."""
    any_size = [{tensor.dim() - 1 if tensor.dtype == torch.long else 0: Dim.AUTO} for tensor in given]
    return torch.export.export(module, given, dynamic_shapes=(any_size[0], tuple(any_size[1:])))


def reloaded(program):
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    return torch.export.load(file).module()


@pytest.mark.parametrize("case", ANY_SIZE)
def test_graphs_of_any_size(case):
    torch.manual_seed(3)
    module = Output(case.make().double().eval())
    program = reloaded(exported(module, arguments(of_sizes(case, [4, 2, 3]))))
    for sizes in ([6, 2, 9], [3, 1]):
        given = arguments(of_sizes(case, sizes))
        assert_close(program(*given), module(*given))


@pytest.mark.parametrize("case", ON_SCHEDULES)
def test_the_graphs_of_one_schedule(case):
    torch.manual_seed(3)
    case = of_sizes(case, [4, 2, 3])
    graphs = case.graphs()
    x = case.features(9).detach()
    schedule, *values = on_schedule(case, graphs, len(x))
    module = Output(case.make().double().eval(), schedule)
    program = reloaded(torch.export.export(module, (x, *values)))
    x = torch.randn_like(x)
    assert_close(program(x, *values), module(x, *values))
    for wrong in (value + 100 for value in values):
        with pytest.raises(RuntimeError, match=r"edge_\w+ is given, expected 0 to \d everywhere"):
            program(x, wrong)


@pytest.mark.parametrize("case", OVER_EDGES)
def test_an_order_of_graphs_is_refused(case):
    given = arguments(of_sizes(case, [4, 2, 3]))
    with pytest.raises(ValueError, match=r"edge_\w+ is read under torch.jit.trace or torch.export, .*expected"):
        exported(Output(case.make().double()), given)


@pytest.mark.parametrize("case", [p for p in ON_SCHEDULES if p.id in {"MinGRU-1", "DeltaNet-0"}])
def test_what_makes_a_schedule_ready_is_told(case):
    x, edges = arguments(of_sizes(case, [4, 2, 3]))
    schedule = Schedule(edges, len(x))
    module = Output(case.make().double(), schedule)
    with pytest.raises(ValueError, match=r"`prepare\(\)` was called \(and on its `reversed\(\)` for two directions\)"):
        torch.export.export(module, (x,))
