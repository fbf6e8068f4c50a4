import pytest
import torch
from torch import nn

from gnnseq.graphs import path_batch
from gnnseq.layers import RNN
from gnnseq.models import EdgeEncoder, SequenceClassifier, SymbolEmbedding
from gnnseq.studies.rounds import Rounds
from gnnseq.training import CheckpointError
from gnnseq.training.checkpoint_file import write_checkpoint


def make(path=None, key="run", seed=0):
    torch.manual_seed(7)
    head = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3))
    model = SequenceClassifier(SymbolEmbedding(5, 3), EdgeEncoder(RNN(3, 4)), None, head)
    return Rounds(model, torch.optim.Adam(model.parameters(), lr=0.01), key, path, seed)


def batches(number):
    random = torch.Generator().manual_seed(number)
    for _ in range(3):
        yield path_batch(torch.randint(5, (6, 4), generator=random), y=torch.randint(3, (6,), generator=random))


def measure(number, history):
    return {"round": number, "loss": history.loss}


def train(rounds, count):
    return rounds.train(count, batches, measure)


def same_weights(one, other):
    other = other.model.state_dict()
    return all(torch.equal(value, other[name]) for name, value in one.model.state_dict().items())


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_run_that_goes_on_ends_like_one_that_was_not_stopped(tmp_path, stop):
    whole = make()
    train(whole, 4)
    train(make(tmp_path / "run.pt"), stop)
    torch.rand(99)
    again = make(tmp_path / "run.pt")
    assert [entry["round"] for entry in again.measures] == list(range(stop))
    assert train(again, 4) == whole.measures
    assert same_weights(again, whole)


def test_what_is_done_is_not_done_again(tmp_path):
    train(make(tmp_path / "run.pt"), 2)
    again = make(tmp_path / "run.pt")
    before = {name: value.clone() for name, value in again.model.state_dict().items()}
    assert len(train(again, 2)) == 2
    assert all(torch.equal(value, before[name]) for name, value in again.model.state_dict().items())


def test_the_seed_decides_dropout():
    assert train(make(seed=1), 1) != train(make(seed=2), 1)
    assert train(make(seed=1), 1) == train(make(seed=1), 1)


def test_a_stop_within_a_round_leaves_the_last_whole_one(tmp_path):
    def stopped(number):
        yield from batches(number)
        if number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "run.pt").train(3, stopped, measure)
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]
    assert len(make(tmp_path / "run.pt").measures) == 1


def test_rates_are_set_before_each_round():
    rounds, seen = make(), []
    rounds.train(3, batches, measure, before_round=seen.append)
    assert seen == [0, 1, 2]


def test_what_is_not_finite_stops():
    rounds = make()
    nn.init.constant_(rounds.model.head[1].weight, float("nan"))
    assert rounds.outcome == {"status": "done", "stopped": None}
    assert train(rounds, 2) == []
    assert rounds.outcome == {"status": "diverged", "stopped": "round 1: loss is nan at step 1"}
    assert rounds.measures == []


def test_checkpoints_that_do_not_fit(tmp_path):
    train(make(tmp_path / "run.pt"), 1)
    with pytest.raises(CheckpointError, match="is of another run, 'run', expected 'other'"):
        make(tmp_path / "run.pt", key="other")
    small = SequenceClassifier(SymbolEmbedding(5, 3), EdgeEncoder(RNN(3, 2)), None, nn.Linear(2, 3))
    with pytest.raises(CheckpointError, match="is of another architecture"):
        Rounds(small, torch.optim.Adam(small.parameters()), "run", tmp_path / "run.pt")
    write_checkpoint(tmp_path / "run.pt", "training", {"key": "run"})
    with pytest.raises(CheckpointError, match="is no checkpoint of a run in rounds, but of a training"):
        make(tmp_path / "run.pt")
    (tmp_path / "run.pt").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="is no checkpoint of a run in rounds, or is damaged"):
        make(tmp_path / "run.pt")
