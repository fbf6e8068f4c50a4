import pytest
import torch
from analysis.jacobian.forward.programs import check, program_of

from gnnseq.analysis.jacobian.forward.plan import UnknownOperation

MOVES = {
    "view": lambda x: x.view(2, 3, 4).tanh().view(6, 4),
    "transpose": lambda x: x.view(2, 3, 4).transpose(0, 1).tanh(),
    "permute": lambda x: x.view(1, 2, 3, 4).permute(2, 0, 1, 3).sin(),
    "select": lambda x: x.view(2, 3, 4)[1],
    "select a step": lambda x: x.view(2, 3, 4)[:, 1],
    "slice": lambda x: x[1:5:2],
    "slice of channels": lambda x: x[:, 1:3].exp(),
    "split": lambda x: torch.cat([part * (n + 1) for n, part in enumerate(x.split(4))]),
    "split of channels": lambda x: x.chunk(2, dim=-1)[0] * x.chunk(2, dim=-1)[1],
    "unbind": lambda x: x.view(2, 3, 4).unbind(1)[2].tanh() + x.view(2, 3, 4).unbind(1)[0],
    "stack": lambda x: torch.stack([x.tanh(), x, x.sin()]),
    "stack of several dimensions": lambda x: torch.stack([x.view(2, 3, 4).tanh(), x.view(2, 3, 4)], dim=1),
    "stack of steps": lambda x: torch.stack([x.tanh(), x], dim=1),
    "cat of rows": lambda x: torch.cat([x.tanh(), x[2:]]),
    "cat of channels": lambda x: torch.cat([x.tanh(), x, x.sin()], dim=-1),
    "cat with a constant": lambda x: torch.cat([torch.ones(6, 2).double(), x], dim=-1) * 2,
    "stack with a constant": lambda x: torch.stack([torch.ones(6, 4).double(), x.tanh()]),
    "pad channels": lambda x: torch.nn.functional.pad(x, (1, 2)),
    "pad rows": lambda x: torch.nn.functional.pad(x, (0, 0, 2, 1)),
    "flip": lambda x: x.flip(0),
    "roll": lambda x: x.roll(2, 0),
    "index copy": lambda x: torch.zeros(8, 4).double().index_copy(0, torch.tensor([7, 1, 0, 4, 3, 2]), x.tanh()),
    "unsqueeze": lambda x: x.unsqueeze(1).tanh().squeeze(1),
    "clone": lambda x: x.transpose(0, 1).contiguous().transpose(0, 1).view(6, 4),
    "recurrence": lambda x: torch.stack([(x[n] + x[n - 1].tanh()).unsqueeze(0) for n in range(6)]),
}
REFUSED = {"clone", "recurrence"}  # rows are taken apart, or have no channels, on the way


@pytest.mark.parametrize("name", sorted(MOVES.keys() - REFUSED))
def test_the_way_forward_is_the_dense_jacobian(name):
    check(MOVES[name], torch.randn(6, 4).double())


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.reshape(3, 8),
        lambda x: x.reshape(12, 2),
        lambda x: x.view(6, 4, 1),
        lambda x: x.t(),
        lambda x: x.flip(1),
        lambda x: x.roll(1, 1),
        lambda x: x[:, ::2],
        lambda x: x.reshape(-1).view(6, 4),
        *(MOVES[name] for name in REFUSED),
    ],
)
def test_rows_that_are_taken_apart_are_refused(function):
    with pytest.raises(UnknownOperation):
        program_of(function, torch.randn(6, 4).double())
