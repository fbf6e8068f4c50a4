"""Accuracy by place, and that affine solutions drift where saturated ones do not."""

from dataclasses import replace

import pytest
import torch

from gnnseq.experiments import AutomatonTask, Store
from gnnseq.layers import LSTM, MinGRU
from gnnseq.studies.compute.constructions import toggle, track
from gnnseq.studies.compute.drift import UNTIL_RIGHT, by_place, run_drift

PARITY = AutomatonTask("parity")


def test_weights_that_are_written_down_do_not_drift():
    for model in (toggle(MinGRU(1, 1, signed=True)), track(LSTM(1, 1), PARITY.automaton)):
        assert by_place(model, PARITY, "path", (10, 300, 2_000), words=2) == {
            "10": [20, 20], "300": [580, 580], "2000": [3_400, 3_400],
        }  # fmt: skip


def test_a_gate_that_is_not_quite_one_loses_the_state():
    model = toggle(MinGRU(1, 1, signed=True))
    with torch.no_grad():
        model.encoder.layer.cells[0].weight_ih[0] *= 0.05  # gates of 0.96
    found = {place: right / total for place, (right, total) in by_place(model, PARITY, "path", (5, 2_000)).items()}
    assert found["5"] > 0.95
    assert found["2000"] < 0.9


def test_the_records(tmp_path):
    store, settings = Store(tmp_path / "drift.jsonl"), replace(UNTIL_RIGHT, steps=2, budget=2_000, test_samples=10)
    records = run_drift(store, 1, (8, 20), [settings], progress=False)
    assert [r["family"]["name"] for r in records] == ["min-gru-signed", "lstm"]
    assert [{place: total for place, (_, total) in r["by_place"].items()} for r in records] == [
        {"8": 160, "20": 240}
    ] * 2
    with pytest.raises(ValueError, match=r"lengths is \[0\], expected positive lengths"):
        run_drift(store, 1, (0,))
