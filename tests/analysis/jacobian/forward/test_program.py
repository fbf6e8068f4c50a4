import pytest
import torch
from analysis.jacobian.forward.programs import check, program_of
from torch import nn

from gnnseq.analysis.jacobian.forward.blocks import Blocks, Pairs
from gnnseq.analysis.jacobian.forward.plan import UnknownOperation
from gnnseq.analysis.jacobian.forward.program import Program, TooLarge
from gnnseq.analysis.jacobian.forward.rules import rule_of


def features(rows, width):
    return Blocks(Pairs(torch.arange(rows) * (rows + 1), rows), torch.eye(width).repeat(rows, 1, 1))


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrences(kind):
    layer = kind(3, 4, batch_first=True, num_layers=2, bidirectional=True).double()
    check(lambda x: layer(x.view(2, 5, 3))[0].reshape(10, 8), torch.randn(10, 3).double())


def test_places_are_dropped_after_the_last_step_that_reads_them():
    program = program_of(lambda x: x.tanh() @ torch.ones(3, 3) + x, torch.randn(4, 3))
    held = {0}
    for step, drops in zip(program.steps, program.drops, strict=True):
        assert held.issuperset(step.reads)
        held = (held | {step.writes}) - set(drops)
    assert held == {program.result}


def test_bytes_are_counted_and_bounded():
    program = program_of(lambda x: (x @ torch.ones(3, 8)) @ torch.ones(8, 2), torch.randn(4, 3))
    blocks, used = program.run(features(4, 3), 10_000)
    assert blocks.value.shape == (4, 3, 2)
    assert used.made == 4 * 3 * (8 + 2) * 4
    assert used.peak == 4 * 3 * (8 + 3) * 4
    assert program.widest == 32
    with pytest.raises(TooLarge):
        program.run(features(4, 3), used.peak - 1)


def test_features_are_left_as_they_are():
    program = program_of(lambda x: x.tanh().sin(), torch.randn(4, 3))
    given = features(4, 3)
    program.run(given, 10_000)
    assert torch.equal(given.value, features(4, 3).value)


def test_an_output_without_features_is_refused():
    x = torch.randn(4, 3, requires_grad=True)
    with pytest.raises(UnknownOperation, match="does not depend on the features"):
        Program.of(x, torch.ones(4, 3), rule_of)


def test_a_rule_that_finds_something_else_makes_the_operation_unknown():
    def rules(node):
        return lambda plan, node, operands: node._saved_by_another_torch

    x = torch.randn(4, 3, requires_grad=True)
    with pytest.raises(UnknownOperation, match="TanhBackward0"):
        Program.of(x, x.tanh(), rules)
