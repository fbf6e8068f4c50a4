"""A trained model outside of gnnseq: exported programs that need torch alone, and ONNX where it is installed."""

import subprocess
import sys

import pytest
import torch
from dags import undirected_edges
from torch import nn
from torch.export import Dim
from torch.testing import assert_close

from gnnseq.layers import GCRN

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


def test_onnx(forecaster, tmp_path):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    x = torch.randn(3, 5, 4, 1)
    torch.onnx.export(forecaster, (x,), tmp_path / "model.onnx", dynamo=True)
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    (out,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    assert_close(torch.from_numpy(out), forecaster(x).detach(), atol=1e-5, rtol=1e-4)
