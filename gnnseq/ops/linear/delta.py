"""The delta rule along paths, in chunks of products of matrices in place of a loop over steps."""

import torch
from torch import Tensor

_CHUNK = 64


def delta_rule(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    r"""What queries read of :math:`S_t = (I - \beta_t k_t k_t^\top) S_{t-1} + \beta_t k_t v_t^\top`.

    With updates :math:`u_t = \beta_t (v_t - S_{t-1}^\top k_t)`, the state is :math:`S_t = S_0 + \sum_{i \le t} k_i
    u_i^\top`. Within a chunk of 64 steps all updates solve one triangular system (Yang et al. 2024,
    https://arxiv.org/abs/2406.06484, section 3), for rows of K, V, U and Q:

    .. math::
        (I + \mathrm{tril}(\beta K K^\top, -1))\, U &= \beta (V - K S_0) \\
        S_t^\top q_t &= (Q S_0 + \mathrm{tril}(Q K^\top)\, U)_t, \qquad S_T = S_0 + K^\top U

    Args:
        q: queries ``[..., T, d]``.
        k: keys ``[..., T, d]``.
        v: values ``[..., T, e]``.
        beta: ``[..., T, 1]``; where it and the key are 0, the state stays.
        state: the first state ``[..., d, e]``.

    Returns:
        The reads ``[..., T, e]`` and the last state ``[..., d, e]``.
    """
    reads = []
    for q_c, k_c, v_c, beta_c in zip(*(part.split(_CHUNK, dim=-2) for part in (q, k, v, beta)), strict=True):
        wanted = beta_c * (v_c - k_c @ state)
        system = (beta_c * k_c) @ k_c.mT  # of which the triangle below the diagonal is read
        u = torch.linalg.solve_triangular(system, wanted, upper=False, unitriangular=True)
        lost = ~u.detach().isfinite().cumprod(-2).bool()  # from a NaN on; in the product it would reach earlier steps
        read = q_c @ state + (q_c @ k_c.mT).tril() @ u.masked_fill(lost, 0.0)
        reads.append(read.masked_fill(lost, torch.nan))
        state = state + k_c.mT @ u
    return torch.cat(reads, dim=-2), state
