from dataclasses import replace

import numpy as np
import pytest
import torch

from gnnseq.experiments import Settings, Trial
from gnnseq.studies.text.families import BATCHES, CAUSAL_FAMILIES
from gnnseq.studies.text.task import BookTask, carried_loss, run_text

TEXT = "the wolf and the seven little kids. " * 30 + "once upon a time there was a king. " * 30
TASK = BookTask.of(TEXT, 10)
SETTINGS = Settings(budget=2_500, steps=4, batch_size=3, max_norm=5.0, stop_at=None, test_samples=TASK.held_out_windows,
                    validate_every=2)  # fmt: skip
every_family = pytest.mark.parametrize("family", CAUSAL_FAMILIES, ids=lambda family: family.name)


@every_family
def test_every_family_is_a_trial_whose_training_goes_on_bit_by_bit(family, tmp_path):
    trial = Trial(TASK, family, settings=SETTINGS)
    whole = run_text(trial)
    record = run_text(trial, tmp_path)
    same = ("key", "score", "loss", "looks", "carried", "weights")
    assert [record[name] for name in same] == [whole[name] for name in same]
    assert record["curve"] == whole["curve"]
    assert (record["carried"] is None) == (family.view == "dilated" or family.name in ("path-conv", "transformer"))
    assert [step for step, *_ in record["looks"]] == [2, 4]
    assert record["looks"][-1][1:] == pytest.approx([record["score"], record["loss"]])
    assert record["test_samples"] == 10 * TASK.held_out_windows


@pytest.mark.parametrize("view", BATCHES)
def test_the_held_out_text_is_read_once_in_order(view):
    batches = list(TASK.batches(view, 0, "test", 7, 1_000))
    symbols = torch.cat([batch.x for batch in batches])
    assert TASK.parts.vocabulary.decode(symbols) == TEXT[-len(TASK.parts.held_out) :][: len(symbols)]
    assert len(symbols) == 10 * TASK.held_out_windows == 210
    assert list(TASK.batches(view, 0, "validation", 7, 1_000, first=3)) == []
    assert torch.equal(next(TASK.batches(view, 0, "validation", 7, 1)).y, batches[0].y)


def test_training_windows_follow_the_seed_and_hold_no_held_out_text():
    def training(seed, first, count):
        return [batch.x.tolist() for batch in TASK.batches("path", seed, "train", 5, count, first)]

    assert training(0, 2, 3) == training(0, 0, 5)[2:]
    assert training(1, 0, 5) != training(0, 0, 5)
    assert len(TASK.parts.train) + len(TASK.parts.held_out) == len(TEXT)


def test_the_text_and_the_window_decide_the_task():
    assert BookTask.of(str(TEXT), 10) == TASK
    assert len({TASK, BookTask.of(TEXT, 11), BookTask.of(TEXT + "x", 10)}) == 3
    keys = {Trial(task, CAUSAL_FAMILIES[0], settings=SETTINGS).key for task in (TASK, replace(TASK, digest="x"))}
    assert len(keys) == 2
    assert TEXT[:20] not in str(Trial(TASK, CAUSAL_FAMILIES[0], settings=SETTINGS).description)
    assert TASK.chance == pytest.approx(np.mean([symbol == " " for symbol in TEXT[-len(TASK.parts.held_out) :]]))


def test_states_are_counted_layer_by_layer():
    sizes = {family.name: family.state_size(TASK, 7) for family in CAUSAL_FAMILIES}
    recurrent = {"rnn": 14, "gru": 14, "lstm": 28, "min-gru": 14, "linear-attention": 2 * 7 * 7}
    others = dict.fromkeys(["transformer", "tcn", "path-conv", "dilated-conv"], 7)
    assert sizes == recurrent | others | {"gcrn": 2 * 7 * TASK.num_symbols}


def test_the_carried_loss_of_one_stream_is_that_of_the_whole_text():
    model = CAUSAL_FAMILIES[0].build(TASK, 6, 4)
    whole = torch.from_numpy(TASK.parts.held_out.astype("int64"))
    x, y = whole[:-1], whole[1:]
    steps = len(x) // 10 * 10
    expected = torch.nn.functional.cross_entropy(model(BATCHES["path"](x[:steps].unsqueeze(0))), y[:steps]).item()
    assert carried_loss(model, TASK, BATCHES["path"], streams=1) == pytest.approx(expected, rel=1e-5)
