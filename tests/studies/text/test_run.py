import math
from dataclasses import replace

import pytest
import torch

from gnnseq.experiments import Settings, Trial, find_named
from gnnseq.models.generate import generate
from gnnseq.studies.text.families import CAUSAL_FAMILIES
from gnnseq.studies.text.run import TextRun, bits
from gnnseq.studies.text.task import BookTask, carried_loss
from gnnseq.training import CheckpointError

TEXT = "the wolf and the seven little kids. " * 30 + "once upon a time there was a king. " * 30
TINY = Settings(width=6, embedding=4, batch_size=3, max_norm=5.0)


def run_of(text=TEXT, family="lstm", learning_rate=2e-3, **settings):
    task = BookTask.of(text, 10)
    trial = Trial(task, find_named(family, CAUSAL_FAMILIES, "family"), 0, learning_rate, replace(TINY, **settings))
    return TextRun(trial)


every_family = pytest.mark.parametrize("family", [family.name for family in CAUSAL_FAMILIES])


@every_family
def test_every_family_learns_and_writes(family):
    run = run_of(family=family, width=12, batch_size=8, learning_rate=1e-2)
    before = run.evaluate()
    assert run.train(30).steps == 30
    assert run.evaluate().loss < before.loss - 0.3
    prompt = run.vocabulary.encode("the king").unsqueeze(0)
    assert len(run.vocabulary.decode(generate(run.model, prompt, 40, run.to_batch)[0])) == 40


@every_family
def test_the_reach_of_a_family_is_enough(family):
    run = run_of(family=family)
    reach = run.model.reach
    assert (reach is None) == run.model.carries_state
    if family == "transformer":  # it was trained on windows of 10, and positions count from the start of one
        assert reach == 9
        return
    if reach is None:
        return
    ids = torch.randint(len(run.vocabulary), (1, reach + 40))
    whole = run.model(run.to_batch(ids))[-1]
    torch.testing.assert_close(run.model(run.to_batch(ids[:, -reach - 1 :]))[-1], whole)
    assert not torch.equal(run.model(run.to_batch(ids[:, -reach // 2 :]))[-1], whole)


@every_family
def test_a_run_that_stopped_goes_on_bit_by_bit(family, tmp_path):
    def trained(name, steps):
        run = run_of(family=family)
        checkpoint = run.checkpoint(tmp_path / name, every=2)
        assert run.train(steps, [lambda history: note(run)], checkpoint).steps == run.curve.steps == steps
        return run

    whole = trained("whole.pt", 7)
    trained("second.pt", 4)
    torch.manual_seed(99)
    again = trained("second.pt", 7)
    assert again.curve == whole.curve
    assert len(again.curve.held_out) == len(again.curve.samples) == 7
    one, two = (torch.load(tmp_path / name, weights_only=True) for name in ("whole.pt", "second.pt"))
    one["history"]["seconds"] = two["history"]["seconds"]
    assert_same(one, two)
    assert one["step"] == 7


def note(run):
    run.curve.held_out.append([run.curve.steps, run.curve.loss[-1], run.curve.accuracy[-1]])
    run.curve.samples.append([run.curve.steps, "a"])


def assert_same(one, two):
    """Equal bit by bit, however deep."""
    assert type(one) is type(two)
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, two)
    elif isinstance(one, dict):
        assert one.keys() == two.keys()
        for key in one:
            assert_same(one[key], two[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(two)
        for left, right in zip(one, two, strict=True):
            assert_same(left, right)
    else:
        assert one == two


def test_the_last_tenth_is_held_out():
    text = "ab" * 450 + "xyz?" * 25
    run = run_of(text)
    x, y = run.task.dataset(0, "train")[:200]
    assert set(run.vocabulary.decode(torch.cat([x, y]).flatten())) == {"a", "b"}
    assert run.vocabulary.decode(run.held_out_ids.tolist()) == "xyz?" * 25
    assert run.evaluate().count == 90  # 9 windows of 10 with a symbol behind them


def test_held_out_loss_with_the_state_carried():
    run = run_of()
    run.train(3)
    whole = torch.from_numpy(run.held_out_ids.astype("int64"))
    x, y = whole[:-1], whole[1:]
    steps = len(x) // 10 * 10
    logits = run.model(run.to_batch(x[:steps].unsqueeze(0)))
    expected = torch.nn.functional.cross_entropy(logits, y[:steps]).item()
    assert carried_loss(run.model, run.task, run.to_batch, streams=1) == pytest.approx(expected, rel=1e-5)


def test_bits():
    assert bits(math.log(8)) == pytest.approx(3)


def test_checkpoints_of_other_runs_are_refused(tmp_path):
    def trained(text=TEXT, **settings):
        run = run_of(text, **settings)
        run.train(2, checkpoint=run.checkpoint(tmp_path / "checkpoint.pt", every=2))

    path = tmp_path / "checkpoint.pt"
    trained()
    with pytest.raises(CheckpointError, match="other settings: text is '"):
        trained(TEXT + "the")
    with pytest.raises(CheckpointError, match="other settings: width is 6, not 7"):
        trained(width=7)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(CheckpointError, match="is no checkpoint of a training, or is damaged"):
        trained()


def test_the_best_checkpoint_is_that_of_the_lowest_held_out_loss(tmp_path):
    run = run_of()
    losses = iter([3.0, 1.0, 2.0])
    measure = lambda history: run.curve.held_out.append([history.steps, next(losses), 0.5])  # noqa: E731
    run.train(3, [measure], run.checkpoint(tmp_path / "checkpoint.pt", every=1))
    assert torch.load(tmp_path / "checkpoint.best.pt", weights_only=True)["step"] == 2


def test_what_no_run_could_use():
    with pytest.raises(ValueError, match=r"family is 'lsmt', expected one of rnn, gru, lstm.*did you mean 'lstm'"):
        run_of(family="lsmt")
    with pytest.raises(ValueError, match="text has 7 characters, expected at least 11 to train on and as many"):
        run_of("the end")


@pytest.mark.parametrize(("size", "train", "held_out"), [(22, 11, 11), (60, 49, 11), (109, 98, 11), (120, 108, 12)])
def test_a_small_text_is_held_out_by_a_window_at_least(size, train, held_out):
    text = "abcdefghij" * 12
    run = run_of(text[:size])
    assert (len(run.train_ids), len(run.held_out_ids)) == (train, held_out)
    assert run.vocabulary.decode([*run.train_ids.tolist(), *run.held_out_ids.tolist()]) == text[:size]
    run.train(1)
    assert run.evaluate().count == 10
    assert math.isfinite(carried_loss(run.model, run.task, run.to_batch))  # one stream, of 16 asked for


def test_a_text_without_two_windows_is_refused():
    with pytest.raises(ValueError, match="text has 21 characters, expected at least 11 to train on and as many to"):
        run_of("abc" * 7)
