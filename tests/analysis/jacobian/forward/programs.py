"""Functions of features followed forward, against the dense Jacobian."""

import torch
from torch.testing import assert_close

from gnnseq.analysis.jacobian.forward.blocks import Blocks, Pairs
from gnnseq.analysis.jacobian.forward.program import Program
from gnnseq.analysis.jacobian.forward.rules import rule_of
from gnnseq.analysis.jacobian.rows import fast_rows


def program_of(function, x):
    """The steps of a function from rows to rows."""
    x = x.clone().requires_grad_()
    with fast_rows():
        out = function(x)
    return Program.of(x, out, rule_of)


def followed(function, x):
    """Blocks of the Jacobian [O, N, F, C] in one way forward, one seed for each row of x."""
    program = program_of(function, x)
    rows, width = x.numel() // x.size(-1), x.size(-1)
    features = Blocks(Pairs(torch.arange(rows) * (rows + 1), rows), torch.eye(width).to(x).repeat(rows, 1, 1))
    found = program.run(features, 2**30)[0]
    out = function(x)
    whole = x.new_zeros(out.numel() // out.size(-1) * rows, width, out.size(-1))
    whole[found.pairs.key] = found.value
    return whole.view(-1, rows, width, out.size(-1))


def check(function, x):
    """That the way forward gives the dense Jacobian, and zeros where it has them."""
    out = function(x)
    expected = torch.autograd.functional.jacobian(function, x)
    expected = expected.reshape(-1, out.size(-1), x.numel() // x.size(-1), x.size(-1)).permute(0, 2, 3, 1)
    found = followed(function, x)
    assert_close(found, expected, rtol=1e-12, atol=1e-14)
    assert torch.equal(found == 0, expected == 0)
