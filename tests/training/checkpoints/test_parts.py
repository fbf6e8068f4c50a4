import torch
from torch import nn

from gnnseq.training.callbacks import Callbacks
from gnnseq.training.checkpoints.parts import Parts


def parts(lr=0.1, scheduled=False):
    model = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step) if scheduled else None
    return Parts(model, optimizer, scheduler, Callbacks([], first=True), {"max_norm": 1.0})


def test_other_settings_are_refused_unless_they_are_accepted():
    saved = parts().state()["settings"]
    assert parts().refuses(saved, False) is None
    assert "lr" in parts(lr=0.2).refuses(saved, False)
    assert parts(lr=0.2).refuses(saved, True) is None
    assert "scheduler" in parts(scheduled=True).refuses(saved, True)


def test_what_was_saved_comes_back():
    one, other = parts(scheduled=True), parts(scheduled=True)
    one.optimizer.step()
    one.scheduler.step()
    one.position = 7
    other.restore(one.state())
    assert other.position == 7
    assert other.scheduler.last_epoch == one.scheduler.last_epoch == 1
