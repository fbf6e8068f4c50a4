"""Gates and cells of the N-ary Tree-LSTM on full trees, forward and back, in place.

Gates stand in the order g, i, o, f, one f for each child; leaves have none.
"""

import torch
from torch import Tensor

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


class Gates:
    """Computes the gates of inner nodes.

    Args:
        w_x: weight of the features ``[4H, F]``.
        weight: of the children's outputs ``[(3 + A) H, A H]``.
        bias: ``[4H]``, or None.
    """

    def __init__(self, w_x: Tensor, weight: Tensor, bias: Tensor | None) -> None:
        self.H = w_x.size(0) // 4
        self.w_x, self.weight, self.bias = w_x.t(), weight.t(), bias
        self.forget = weight.size(0) // self.H - 3
        self.biases = None if bias is None else torch.cat([bias[: 3 * self.H], bias[3 * self.H :].repeat(self.forget)])

    def write(self, gates: Tensor, x: Tensor | None, h: Tensor) -> None:
        """Writes gates ``[m, (3 + A) H]``.

        Args:
            gates: the output.
            x: features ``[m, F]``; None where all are zero.
            h: the children's outputs ``[m, A H]``.
        """
        if x is None:
            _affine(h, self.weight, self.biases, gates)
        else:
            own, others = gates[:, : 4 * self.H], gates[:, 4 * self.H :].unflatten(1, (self.forget - 1, self.H))
            _affine(x, self.w_x, self.bias, own)
            others.copy_(own[:, 3 * self.H :].unsqueeze(1))
            gates.addmm_(h, self.weight)
        activate(gates, self.H)


def _affine(x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor) -> None:
    if bias is None:
        torch.mm(x, weight, out=out)
    else:
        torch.addmm(bias, x, weight, out=out)


def activate(gates: Tensor, H: int) -> None:
    """Applies tanh to g and the sigmoid to all other gates."""
    gates[:, :H].tanh_()
    gates[:, H:].sigmoid_()


def cells(gates: Tensor, children: Tensor, out: Tensor) -> None:
    """Writes cell states ``[m, H]`` from gates and the children's cell states ``[m, A, H]``."""
    g, i, _, *forget = gates.split(out.size(1), dim=1)
    torch.mul(i, g, out=out)
    for place, f in enumerate(forget):
        out.addcmul_(f, children[:, place])


def cells_backward(
    dh: Tensor, dc: Tensor, tanh_c: Tensor, gates: Tensor, grads: Tensor, children: Tensor | None = None
) -> Tensor:
    """Writes the gradients of the gates before their activation; ``dh`` and ``dc`` are overwritten.

    Args:
        dh: gradient of the outputs ``[m, H]``.
        dc: gradient of the cell states from the parents ``[m, H]``.
        tanh_c: tanh of the cell states ``[m, H]``.
        gates: ``[m, (3 + A) H]``, or ``[m, 3H]`` of leaves.
        grads: the output, of the shape of ``gates``.
        children: cell states of the children ``[m, A, H]``; None for leaves.

    Returns:
        The gradient of the cell states.
    """
    H = dh.size(1)
    g, i, o, *_ = gates.split(H, dim=1)
    to_g, to_i, to_o, *_ = grads.split(H, dim=1)
    torch.mul(dh, tanh_c, out=to_o)
    dc += torch.ops.aten.tanh_backward(dh.mul_(o), tanh_c)
    torch.mul(dc, g, out=to_i)
    if children is not None:
        torch.mul(children, dc.unsqueeze(1), out=grads[:, 3 * H :].unflatten(1, children.shape[1:]))
    _sigmoid_backward(grads[:, H:], gates[:, H:], grad_input=grads[:, H:])
    _tanh_backward(torch.mul(dc, i, out=to_g), g, grad_input=to_g)
    return dc


def fold(grads: Tensor, H: int) -> Tensor:
    """Adds the gradients of all forget gates, which read the same features, into those of the first ``[m, 4H]``."""
    first, *others = grads[:, 3 * H :].split(H, dim=1)
    for other in others:
        first += other
    return grads[:, : 4 * H]


def is_zero(x: Tensor) -> bool:
    """Whether all features are zero, as those of inner nodes over words; the first row decides most other cases."""
    if not x.numel() or bool(x[0].any()):
        return False
    low, high = x.aminmax()
    return bool((low == 0) & (high == 0))
