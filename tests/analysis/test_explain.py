import pytest
import torch
from analysis.dense import Recurrence, paths
from torch import nn
from torch_geometric.data import Data

from gnnseq.analysis import explain, explain_task
from gnnseq.layers import GCN, GRU, LSTM, RNN, ChildSumTreeLSTM, chrono_
from gnnseq.models import EdgeEncoder, SequenceClassifier


def classifier(layer):
    return SequenceClassifier(None, EdgeEncoder(layer), None, nn.Linear(8, 4)).double()


def test_too_few_layers_cannot_see():
    batch = paths((10, 12))
    found = explain(classifier(GCN(3, 8, 8)), batch, batch.ptr[:-1])
    assert (found.verdict, found.hops, found.seen, found.strength) == ("cannot see", 11, 0.0, 0.0)
    assert found.sentence == (
        "The model cannot see the answer: the answer is up to 11 hops away, "
        "and 100% of the outputs do not depend on it."
    )


def test_initialisation_decides_whether_an_lstm_sees_enough():
    batch = paths((40,) * 3, both=False)
    plain = explain(classifier(LSTM(3, 8)), batch, batch.ptr[:-1])
    assert plain.verdict == "sees too weakly"
    assert 0 < plain.strength < 1e-3
    layer = LSTM(3, 8)
    chrono_(layer, 40)
    tuned = explain(classifier(layer), batch, batch.ptr[:-1])
    assert tuned.verdict == "can see"
    assert tuned.strength > 1e-2
    assert explain(classifier(layer), batch, batch.ptr[:-1], weak=1e9).verdict == "sees too weakly"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_long_way_is_seen_too_weakly_not_unseen(dtype):
    batch = paths((300,), both=False)
    torch.manual_seed(0)
    found = explain(classifier(LSTM(3, 8)).to(dtype), batch, batch.ptr[:-1])
    assert (found.verdict, found.hops, found.seen) == ("sees too weakly", 299, 1.0)
    assert 0 < found.strength < 1e-40  # below the smallest number of float32


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM, ChildSumTreeLSTM, nn.RNN, nn.GRU, nn.LSTM])
def test_no_recurrence_is_blind_by_underflow(kind):
    batch = paths((150,), both=False, dtype=torch.float32)
    torch.manual_seed(0)
    if kind.__module__.startswith("torch"):
        model = Recurrence(kind, last=True)
    else:
        model = SequenceClassifier(None, EdgeEncoder(kind(3, 4)), None, nn.Linear(4, 2))
    with torch.no_grad():  # slopes so small that their product is zero in float64 too
        for name, weight in model.named_parameters():
            if "hh" in name or "weight_h" in name:
                weight.mul_(1e-6)
            elif "bias" in name:
                weight.sub_(8.0)
    found = explain(model, batch, batch.ptr[:-1])
    assert (found.verdict, found.hops, found.seen) == ("sees too weakly", 149, 1.0)


def test_an_influence_below_any_number_is_seen():
    def fades(data):
        h = torch.zeros_like(data.x[0])
        for x in data.x.unbind():
            h = x + 1e-30 * h
        return h.unsqueeze(0)

    found = explain(fades, paths((25,)), torch.tensor([0]))
    assert (found.verdict, found.seen, found.strength) == ("sees too weakly", 1.0, 0.0)


def test_shut_units_and_zero_weights_do_not_blind():
    batch = paths((5, 4))
    model = classifier(GCN(3, 8, 4))
    nn.init.zeros_(model.head.weight)
    assert explain(model, batch, batch.ptr[:-1]).verdict == "sees too weakly"
    model = classifier(GCN(3, 8, 4))
    for bias in model.encoder.layer.biases:
        nn.init.constant_(bias, -1e3)
    assert explain(model, batch, batch.ptr[:-1]).verdict == "sees too weakly"


def test_no_way_and_node_outputs():
    batch = paths((5,), both=False)
    backwards = explain(LSTM(3, 4).double(), batch, torch.tensor([4]), target=torch.tensor([0]))
    assert (backwards.verdict, backwards.hops) == ("cannot see", None)
    assert "there is no way along the edges" in backwards.sentence
    assert explain(LSTM(3, 4).double(), batch, torch.tensor([3])).hops == 1


def test_strength_is_relative_to_the_average_input():
    batch = paths((4, 6))

    def sums(data):
        weight = torch.arange(1.0, 11.0).double().unsqueeze(1)
        return torch.stack([(weight * data.x)[data.batch == g].sum(0) for g in (0, 1)])

    found = explain(sums, batch, torch.tensor([0, 9]))
    assert found.strength == pytest.approx(((1 * 4 / 10) * (10 * 6 / 45)) ** 0.5)
    assert found.seen == 1.0


class FirstOfPaths:
    """A task whose answer is the first node; its samples are paths of nodes, or one node with a number at each step."""

    def batches(self, view, seed, split, batch_size, num_batches):
        assert (seed, split, num_batches) == (0, "test", 1)
        if view == "path":
            yield paths((7,) * batch_size)
        else:
            symbols = torch.randint(0, 4, (batch_size, 5))
            lonely = Data(x=symbols, edge_index=torch.empty(2, 0, dtype=torch.long))
            lonely.batch = torch.arange(batch_size)
            yield lonely

    def answers(self, view, batch):
        graphs = int(batch.batch[-1]) + 1
        return torch.arange(graphs) * (7 if view == "path" else 5), torch.arange(graphs)


def test_a_task_brings_its_own_batch_and_answers():
    model = classifier(GCN(3, 8, 2))
    found = explain_task(FirstOfPaths(), model, "path", graphs=4)
    assert (found.verdict, found.hops, found.seen) == ("cannot see", 6, 0.0)

    class FirstStep(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(4, 3)

        def forward(self, data):
            return self.embedding(data.x)[:, 0].tanh()

    found = explain_task(FirstOfPaths(), FirstStep(), "steps", graphs=4)
    assert (found.verdict, found.hops, found.seen, found.strength) == ("can see", 0, 1.0, pytest.approx(1.0))


@pytest.mark.parametrize("source", [torch.tensor([0]), torch.tensor([0, 9])])
def test_bad_input(source):
    with pytest.raises(ValueError, match=r"source is \[.*\], expected 2 numbers from 0 to 8"):
        explain(LSTM(3, 4).double(), paths((4, 5), both=False), source)
