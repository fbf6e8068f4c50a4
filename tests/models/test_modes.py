import pytest
from torch import nn

from gnnseq.models.modes import evaluating


def test_evaluating_puts_each_module_back():
    model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(3))
    model[1].eval()
    inside = []

    def fails():
        with evaluating(model):
            inside.extend(module.training for module in model.modules())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert inside == [False] * 3
    assert (model.training, model[0].training, model[1].training) == (True, True, False)


def test_what_is_no_module_is_left_alone():
    with evaluating(len):
        pass
