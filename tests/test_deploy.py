"""A trained model outside of gnnseq: exported programs that need torch alone, and ONNX where it is installed."""

import subprocess
import sys

import pytest
import torch
from dags import undirected_edges
from torch import nn
from torch.export import Dim
from torch.testing import assert_close

from gnnseq.graphs import balanced_tree_batch, path_batch
from gnnseq.layers import GCRN, GRU, LSTM, RNN, ChildSumTreeLSTM, NaryTreeLSTM
from gnnseq.models import EdgeEncoder, SequenceClassifier
from gnnseq.ops import Schedule
from gnnseq.training import fit

RUN = """
import sys
sys.modules["gnnseq"] = None  # an import of it would fail
import torch
x, expected = torch.load("data.pt")
torch.testing.assert_close(torch.export.load("model.pt2").module()(x), expected)
"""


class Forecaster(nn.Module):
    def __init__(self, edges, num_nodes):
        super().__init__()
        self.gcrn, self.head = GCRN(1, 4, K=2), nn.Linear(4, 1)
        self.operator = self.gcrn.operator(edges, num_nodes)

    def forward(self, x):
        return self.head(self.gcrn(x, self.operator)[0][:, :, -1])


@pytest.fixture
def forecaster():
    """After one step of training."""
    torch.manual_seed(0)
    model = Forecaster(undirected_edges([5]), 5)
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    model(torch.randn(3, 5, 4, 1)).square().mean().backward()
    optimizer.step()
    return model.eval()


def test_a_program_runs_without_gnnseq(forecaster, tmp_path):
    program = torch.export.export(forecaster, (torch.randn(3, 5, 4, 1),), dynamic_shapes=({0: Dim.AUTO},))
    torch.export.save(program, tmp_path / "model.pt2")
    x = torch.randn(7, 5, 4, 1)
    torch.save((x, forecaster(x).detach()), tmp_path / "data.pt")
    subprocess.run([sys.executable, "-c", RUN], cwd=tmp_path, check=True)


def run_by_onnx(module, sample, x, path, **how):
    """What onnxruntime makes of other features by a program that was recorded with a sample."""
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    torch.onnx.export(module, (sample,), path, dynamo=True, verbose=False, **how)
    session = runtime.InferenceSession(path)
    (out,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    return torch.from_numpy(out)


def assert_same(out, expected):
    assert_close(out, expected.detach(), atol=1e-5, rtol=1e-4)


@pytest.mark.filterwarnings("ignore")  # of the exporter's own
def test_onnx_of_a_forecaster_with_its_graph(forecaster, tmp_path):
    x = torch.randn(7, 5, 4, 1)
    out = run_by_onnx(forecaster, x[:3], x, tmp_path / "model.onnx", dynamic_shapes=({0: Dim.AUTO},))
    assert_same(out, forecaster(x))


class OnPaths(nn.Module):
    """A trained classifier of symbols on padded tensors, by torch's own recurrence."""

    def __init__(self, classifier):
        super().__init__()
        self.embedding, self.head = classifier.embedding, classifier.head
        self.recurrence = classifier.encoder.layer.to_torch()

    def forward(self, symbols):
        return self.head(self.recurrence(self.embedding(symbols))[0][:, -1])


@pytest.mark.filterwarnings("ignore")  # of the exporter's own
@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
def test_onnx_of_a_trained_classifier_of_sequences(kind, tmp_path):
    torch.manual_seed(0)
    digits = torch.randint(0, 4, (9, 6))
    batch = path_batch(digits, y=digits[:, 0])
    classifier = SequenceClassifier(nn.Embedding(4, 8), EdgeEncoder(kind(8, 16)), None, nn.Linear(16, 4))
    fit(classifier, [batch] * 5, torch.optim.Adam(classifier.parameters(), 0.01))
    module = OnPaths(classifier.eval()).eval()
    assert_same(module(digits), classifier(batch))
    out = run_by_onnx(module, digits[:3], digits, tmp_path / "model.onnx", dynamic_shapes=({0: Dim.AUTO},))
    assert_same(out, classifier(batch))


class OnTrees(nn.Module):
    def __init__(self, layer, schedule, *places):
        super().__init__()
        self.layer, self.schedule, self.places = layer, schedule, places

    def forward(self, x):
        return self.layer(x, self.schedule, *self.places)[0]


@pytest.mark.filterwarnings("ignore")  # of the exporter's own
@pytest.mark.parametrize("layer", [ChildSumTreeLSTM, NaryTreeLSTM])
def test_onnx_of_a_tree_lstm_with_a_ready_schedule(layer, tmp_path):
    torch.manual_seed(0)
    trees = balanced_tree_batch(torch.randn(2, 3, 4))
    schedule = Schedule(trees.edge_index, trees.num_nodes)
    schedule.prepare()
    module = OnTrees(layer(4, 6), schedule, *([trees.edge_slot] if layer is NaryTreeLSTM else [])).eval()
    x = torch.randn_like(trees.x)
    assert_same(run_by_onnx(module, trees.x, x, tmp_path / "model.onnx"), module(x))
