import pytest
import torch
from analysis.jacobian.forward.programs import check, program_of
from torch import nn

from gnnseq.analysis.jacobian.forward.plan import UnknownOperation
from gnnseq.ops.operators.sparse import SparseOperator

torch.manual_seed(0)
WEIGHT, BIAS = torch.randn(3, 4).double(), torch.randn(4).double()
EDGES = torch.tensor([[0, 1, 2, 3, 3], [1, 2, 3, 4, 0]])
FACTOR = torch.rand(5, 1).double() + 0.5


def gathered(x, weight=None):
    messages = x[EDGES[0]] if weight is None else x[EDGES[0]] * weight
    return torch.zeros(5, x.size(-1)).double().index_add(0, EDGES[1], messages)


FUNCTIONS = {
    "mm": lambda x: x @ WEIGHT,
    "addmm": lambda x: torch.addmm(BIAS, x, WEIGHT),
    "addmm scaled": lambda x: torch.addmm(BIAS, x, WEIGHT, alpha=2.5),
    "addmm onto features": lambda x: torch.addmm(x @ WEIGHT, x.tanh(), WEIGHT),
    "addmm only onto features": lambda x: torch.addmm(x @ WEIGHT, torch.ones(5, 3).double(), WEIGHT),
    "several dimensions": lambda x: torch.nn.functional.linear(x.view(1, 5, 3), WEIGHT.t(), BIAS),
    "relu": lambda x: x.relu(),
    "gated": lambda x: x.sigmoid() * (x @ WEIGHT[:, :3]).tanh(),
    "square by itself": lambda x: x * x,
    "division": lambda x: x / (1 + x.square()),
    "sum with a factor": lambda x: torch.add(x.tanh(), x, alpha=-3),
    "from one": lambda x: 1 - x.sigmoid(),
    "where": lambda x: torch.where(x > 0, x.exp(), x),
    "gelu": nn.functional.gelu,
    "logsigmoid": nn.functional.logsigmoid,
    "softplus": nn.functional.softplus,
    "one channel": lambda x: x.tanh()[:, :1] * 2,
    "shared sum": lambda x: (x.tanh() + x.sin()).exp() * (x.tanh() + x.sin()),
    "selected twice": lambda x: x[EDGES[0]][torch.tensor([4, 4, 0])],
    "added": gathered,
    "weighted": lambda x: gathered(x.tanh(), FACTOR),
    "weighted by channel": lambda x: gathered(x, torch.arange(1.0, 16.0).view(5, 3).double()),
    "mean": lambda x: gathered(x) / torch.tensor([[1.0], [2], [3], [4], [5]]).double(),
    "scaled by row": lambda x: x * FACTOR,
    "two layers": lambda x: gathered(gathered(x, FACTOR).relu() @ WEIGHT, FACTOR).tanh(),
    "with what is not moved": lambda x: x + gathered(x.tanh(), FACTOR),
    "operator": lambda x: SparseOperator(EDGES, FACTOR.view(-1), 5).apply(x).tanh(),
    "inner dimension": lambda x: torch.stack([x, x.sin()], dim=1)[torch.tensor([2, 2, 0])].tanh(),
    "index select": lambda x: torch.index_select(x, 0, torch.tensor([1, 1, 4])),
    "in place": lambda x: (x @ WEIGHT).add_(BIAS).relu_(),
    "x itself": lambda x: x,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_way_forward_is_the_dense_jacobian(name):
    check(FUNCTIONS[name], torch.randn(5, 3).double())


def test_batch_norm_in_evaluation_only():
    norm = nn.BatchNorm1d(3).double()
    norm(torch.randn(20, 3).double())
    x = torch.randn(5, 3).double()
    with pytest.raises(UnknownOperation, match="NativeBatchNorm"):
        program_of(norm, x)
    check(norm.eval(), x)


class Triple(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 3 * x

    @staticmethod
    def backward(ctx, grad):
        return 3 * grad


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.softmax(-1),
        lambda x: x.cumsum(0),
        lambda x: x - x.mean(0),
        lambda x: x.t() @ torch.ones(5, 2).double(),
        lambda x: x @ x.t(),
        lambda x: x[:, :1] * x,  # one number spread over a row
        lambda x: torch.addmm(x, torch.ones(5, 3).double(), torch.eye(3).double(), beta=2),
        Triple.apply,
        lambda x: torch.ones(5, 3).double().requires_grad_().tanh(),
    ],
)
def test_what_is_not_known_is_refused(function):
    with pytest.raises(UnknownOperation):
        program_of(function, torch.randn(5, 3).double())
