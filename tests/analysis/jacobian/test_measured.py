import pytest
import torch
from analysis.dense import Pooled, Recurrence, Stack, called, dense, paths
from torch import nn
from torch.testing import assert_close
from torch_geometric.nn import GATConv, GCNConv

from gnnseq.analysis import frobenius, l1, spectral
from gnnseq.analysis.calls import ModelCall
from gnnseq.analysis.jacobian.forward.forward_jacobian import Entries, ForwardJacobian
from gnnseq.analysis.jacobian.linear import Linearised
from gnnseq.analysis.jacobian.measured import measured, one_output_each
from gnnseq.analysis.jacobian.products.block_jacobian import BlockJacobian, Sizes


def recorded(model, data):
    return Linearised(ModelCall(model, data))


@pytest.mark.parametrize("norm", [l1, frobenius, spectral])
@pytest.mark.parametrize("sizes", [(7,), (5, 5, 5), (4, 1, 6)])
@pytest.mark.parametrize("chunk_size", [None, 2])
def test_one_output_each_is_the_dense_jacobian(norm, sizes, chunk_size):
    model = Pooled(Stack(lambda i, o: GATConv(i, o), 2)).double()
    data = paths(sizes)
    found = one_output_each(recorded(model, data), norm, chunk_size)
    expected = norm(dense(called(model), data))
    assert_close(found.dense(), expected, rtol=1e-12, atol=1e-15)
    assert torch.equal(found.dense() == 0, expected == 0)
    assert found.separate
    assert_close(torch.block_diag(*found.blocks()), expected, rtol=1e-12, atol=1e-15)


def test_graphs_that_influence_each_other_take_another_way():
    def across(data):
        pooled = torch.stack([part.sum(0) for part in data.x.sin().split([3, 4])])
        return pooled + 0.1 * pooled.flip(0)

    data = paths((3, 4))
    assert one_output_each(recorded(across, data), l1, None) is None
    found = measured(recorded(across, data), data, l1)
    assert not found.separate
    assert_close(found.dense(), l1(dense(across, data)), rtol=1e-12, atol=1e-15)


def test_the_way_follows_the_outputs_and_the_operations(monkeypatch):
    data = paths((6, 4))
    known, unknown = Stack(lambda i, o: GCNConv(i, o)).double(), Stack(lambda i, o: GATConv(i, o)).double()
    assert isinstance(measured(recorded(known, data), data, l1), Entries)
    assert isinstance(measured(recorded(unknown, data), data, l1), Sizes)
    for kind, name in ((ForwardJacobian, "of"), (BlockJacobian, "of")):
        monkeypatch.setattr(kind, name, lambda *args: pytest.fail("an engine was asked"))
    last = Recurrence(nn.LSTM, last=True).double()
    same = paths((5, 5), both=False)
    found = measured(recorded(last, same), same, l1)
    assert_close(found.dense(), l1(dense(last, same)), rtol=1e-12, atol=1e-15)


def test_more_channels_than_inputs_take_another_way():
    def wide(data):
        return torch.stack([part.sum(0).repeat(4) for part in data.x.tanh().split([1, 2])])

    assert one_output_each(recorded(wide, paths((1, 2), channels=1)), l1, None) is None
