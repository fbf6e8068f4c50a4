import pytest
import torch
from torch.testing import assert_close

from gnnseq.experiments import SignalTask, find_family
from gnnseq.models import BagEncoder, DeepSetEncoder, NodesAsVector

TASK = SignalTask(7, 200, 3)


def a_batch(count=4):
    return next(TASK.batches("signals", 0, "train", count, 1))


def by_hand(model, batch):
    """One sample after the other, from the weights."""
    found = []
    for graph in batch.to_data_list():
        series = graph.x[:, :, 0].t()  # [L, N]
        if model.lstm is None:
            found.append(model.head.weight @ series.reshape(-1) + model.head.bias)
            continue
        H = model.lstm.hidden_size
        h, c = torch.zeros(H), torch.zeros(H)
        for step in series:
            given = model.lstm.weight_ih_l0 @ step + model.lstm.bias_ih_l0
            i, f, g, o = (given + model.lstm.weight_hh_l0 @ h + model.lstm.bias_hh_l0).split(H)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        found.append(model.head.weight @ h + model.head.bias)
    return torch.cat(found).unsqueeze(1)


@pytest.mark.parametrize("hidden", [None, 5])
def test_all_nodes_as_a_vector_by_hand(hidden):
    torch.manual_seed(0)
    model, batch = NodesAsVector(7, 1, 3, hidden), a_batch()
    assert_close(model(batch), by_hand(model, batch))


@pytest.mark.parametrize("name", ["lstm-vectors", "linear-vectors"])
def test_the_families_read_no_edges(name):
    torch.manual_seed(0)
    model, batch = find_family(name).build(TASK, 6, 16), a_batch()
    before = model(batch)
    batch.edge_index = batch.edge_index[:, :0]
    assert torch.equal(model(batch), before)


def test_a_batch_of_another_shape_is_refused():
    model = NodesAsVector(7, 1, 3)
    other = next(SignalTask(8, 200, 3).batches("signals", 0, "train", 1, 1))
    with pytest.raises(ValueError, match=r"batch.x has shape \[8, 3, 1\], expected \[B \* 7, 3, 1\]"):
        model(other)


def test_the_bag_and_the_set_by_hand():
    torch.manual_seed(0)
    batch = a_batch(2)
    x = batch.x[:, 0]
    bag, whole = BagEncoder(1, 4), DeepSetEncoder(1, 4)
    assert_close(bag(x, batch), (x @ bag.linear.weight.t() + bag.linear.bias).relu())
    hidden = (x @ whole.each.weight.t() + whole.each.bias).relu()
    mean = torch.stack([part.mean(0) for part in hidden.split(7)]).repeat_interleave(7, 0)
    expected = (hidden @ whole.own.weight.t() + whole.own.bias + mean @ whole.all.weight.t()).relu()
    assert_close(whole(x, batch), expected)
