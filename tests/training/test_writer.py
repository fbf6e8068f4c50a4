import pytest
import torch
from small_models import make_batches, make_model

from gnnseq.training import Callback, Checkpoint, History, TensorBoard, fit


def curves(folder):
    """All curves and texts of a folder, as TensorBoard reads them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    tags = events.Tags()
    found = {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in tags["scalars"]}
    texts = {tag: [e.tensor_proto.string_val[0].decode() for e in events.Tensors(tag)] for tag in tags["tensors"]}
    return found, texts


def train(count, **how):
    model = make_model("bag")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return fit(model, make_batches("bag", count), optimizer, **how)


def test_every_curve_and_texts(tmp_path):
    pytest.importorskip("tensorboard")
    with TensorBoard(tmp_path, every=2) as writer:
        history = train(6, callbacks=[writer])
        writer.text("sample", "once upon\na *time*", 6)
    found, texts = curves(tmp_path)
    assert set(found) == {"loss", "accuracy", "grad_norm", "learning_rate"}
    for name, points in found.items():
        assert [step for step, _ in points] == [2, 4, 6]
        assert [value for _, value in points] == pytest.approx(getattr(history, name)[1::2])
    (sample,) = texts.values()
    assert sample == ["    once upon\n    a *time*"]


def test_points_of_a_training_that_was_killed_are_replaced(tmp_path):
    pytest.importorskip("tensorboard")
    path, folder = tmp_path / "checkpoint.pt", tmp_path / "events"

    def stop(history):
        if history.steps == 5:
            raise RuntimeError("killed")

    with TensorBoard(folder) as writer, pytest.raises(RuntimeError, match="killed"):
        train(7, callbacks=[writer, stop], checkpoint=Checkpoint(path, every=3))
    with TensorBoard(folder) as writer:
        history = train(7, callbacks=[writer], checkpoint=Checkpoint(path, every=3))
    found, _ = curves(folder)
    assert [step for step, _ in found["loss"]] == list(range(1, 8))
    assert [value for _, value in found["loss"]] == pytest.approx(history.loss)


def test_any_callback_is_told():
    class Mine(Callback):
        def __init__(self):
            self.told = []

        def begin(self, steps):
            self.told.append(steps)

        def step(self, history: History):
            self.told.append(history.loss[-1])

    mine = Mine()
    history = train(3, callbacks=[mine])
    assert mine.told == [0, *history.loss]


def test_bad_input(tmp_path):
    with pytest.raises(ValueError, match="every is 0"):
        TensorBoard(tmp_path, every=0)
