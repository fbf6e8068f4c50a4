import pytest
import torch
from small_models import make_batches, make_model

from gnnseq.training import Callback, Checkpoint, History, Measurements, Progress, fit
from gnnseq.training.callbacks import Callbacks


def train(count, callbacks, **how):
    model = make_model("bag")
    return fit(model, make_batches("bag", count), torch.optim.SGD(model.parameters(), 0.1), callbacks=callbacks, **how)


class Noted(Callback):
    def __init__(self):
        self.told = []

    def begin(self, steps):
        self.told.append(("begin", steps))

    def step(self, history):
        self.told.append(history.steps)

    def end(self, history):
        self.told.append(("end", history.steps))


def test_a_callback_is_told_of_begin_steps_and_end():
    noted = Noted()
    train(3, [noted])
    assert noted.told == [("begin", 0), 1, 2, 3, ("end", 3)]


def test_the_end_is_told_also_after_an_error():
    noted, later = Noted(), Noted()

    def fails(history):
        raise RuntimeError("stop here")

    with pytest.raises(RuntimeError, match="stop here"):
        train(3, [noted, fails, later])
    assert noted.told == [("begin", 0), 1, ("end", 1)]
    assert later.told == [("begin", 0), ("end", 1)]


def test_one_stops_training_and_the_others_are_told_all_the_same():
    noted = Noted()
    history = train(5, [lambda history: history.steps == 2, noted])
    assert history.stopped == "stopped by a callback at step 2"
    assert noted.told == [("begin", 0), 1, 2, ("end", 2)]


def test_measurements():
    measured = Measurements(2, lambda history: [history.steps, history.seconds > 0])
    train(5, [measured])
    assert measured.values == [[2, True], [4, True]]


def test_callbacks_that_are_added_to_a_checkpoint_begin_anew(tmp_path):
    path, first = tmp_path / "checkpoint.pt", Measurements(1, lambda history: history.steps)
    train(2, [first], checkpoint=Checkpoint(path))
    one, two = (Measurements(1, lambda history: history.steps) for _ in range(2))
    train(4, [one, two], checkpoint=Checkpoint(path))
    assert (one.values, two.values) == ([1, 2, 3, 4], [3, 4])


def test_some_are_for_the_first_process_alone():
    noted, bar = Noted(), Progress("training")
    others = Callbacks([bar, noted], first=False)
    with others.told(History()):
        others.step(History())
    assert not hasattr(bar, "_bar")
    assert noted.told == [("begin", 0), 0, ("end", 0)]


def test_a_bar_goes_on_and_is_closed(capsys, tmp_path):
    path, bar = tmp_path / "checkpoint.pt", Progress("training", total=5)
    train(2, [bar], checkpoint=Checkpoint(path))
    train(5, [bar], checkpoint=Checkpoint(path))
    assert bar._bar.disable  # the output is no terminal
    assert capsys.readouterr().err == ""


def test_bad_input():
    with pytest.raises(ValueError, match="every is 0, expected at least 1 step"):
        Measurements(0, lambda history: None)
