"""Linear recurrences along the edges of directed acyclic graphs."""

from inspect import signature
from typing import Any

import torch
from torch import Tensor

from gnnseq.ops.by_hand import is_mapped_gradient
from gnnseq.ops.edges import refuse_sparse
from gnnseq.ops.linear.operator import linear_operator
from gnnseq.ops.scan import Children, scan
from gnnseq.ops.schedule import Schedule, refuse_trace
from gnnseq.ops.transforms import is_recorded, uncompiled


def linear_scan(
    edge_index: Any,
    b: Tensor,
    *,
    edge_gate: Tensor | None = None,
    source_gate: Tensor | None = None,
    target_gate: Tensor | None = None,
) -> Tensor:
    r"""The linear recurrence along the edges of any batch of directed acyclic graphs.

    .. math:: h_v = b_v + \sum_{u \to v} a_{uv} \odot h_u, \quad \text{that is} \quad h = (I - W)^{-1} b,
        \quad W_{vu} = a_{uv}

    On a path this is :math:`h_t = a_t \odot h_{t-1} + b_t`, the recurrence of MinGRU (https://arxiv.org/abs/2410.01201)
    and of diagonal state space models. Connected components that are trees, in either direction, run along their heavy
    paths in at most log2 N stages, each a parallel scan over segments of paths; other components go level by level, and
    so does the whole graph where that costs less, as on shallow graphs. The choice depends on depth and width, never on
    values. Nothing is divided, so gates may be zero or negative.

    The gradient is the recurrence of the graph with every edge turned round, so all derivatives take as few steps. On
    deep graphs the gates of up to a whole path are multiplied. Such a product may overflow where no state does, but not
    where all gates have a magnitude of at most 1.

    Args:
        edge_index: edges ``[2, E]`` from the node that is read to the node that reads it, a sparse matrix or a
            `Schedule`, which keeps the plan for the next call.
        b: inputs ``[N, ...]``, float or complex.
        edge_gate: a of each edge ``[E, ...]``, in the order of the edges, which a sparse matrix does not keep.
        source_gate: a of all edges that leave a node ``[N, ...]``.
        target_gate: a of all edges that enter a node ``[N, ...]``. Exactly one of the three gates is given.

    Shapes:
        h ``[N, ...]``, as b.

    Raises:
        TypeError: for b or a gate that is no tensor.
        ValueError: for none or several gates, a sparse matrix beside ``edge_gate``, another shape, dtype or device than
            that of b, a dtype that is neither float nor complex, and for what a `Schedule` refuses, such as a cycle.
        ValueError: under `torch.jit.trace` unless edge_index is a `Schedule` whose ``prepare()`` was called.
    """
    gates = {"edge_gate": edge_gate, "source_gate": source_gate, "target_gate": target_gate}
    given = {name: gate for name, gate in gates.items() if gate is not None}
    if len(given) != 1:
        names = ", ".join(given) or "none"
        raise ValueError(f"{names} given, expected one of edge_gate, source_gate and target_gate")
    [(name, gate)] = given.items()
    if name == "edge_gate":
        refuse_sparse(edge_index, name)
    _check_input(b)
    if torch.compiler.is_dynamo_compiling() and not (isinstance(edge_index, Schedule) and edge_index.ready):
        return uncompiled(_run, edge_index, b, name, gate)  # type: ignore[no-any-return]
    return _run(edge_index, b, name, gate)


def _run(edge_index: Any, b: Tensor, name: str, gate: Tensor) -> Tensor:
    recorded = is_recorded()
    if recorded and not (isinstance(edge_index, Schedule) and edge_index.ready):
        raise ValueError(refuse_trace("edge_index"))
    schedule = edge_index if recorded else Schedule.from_edge_index(edge_index, b.size(0))
    _check_gate(name, gate, b, schedule)
    edges = schedule.edge_index
    if name != "edge_gate":
        gate = gate.index_select(0, edges[0 if name == "source_gate" else 1])
    channels = b.shape[1:].numel()
    gate, flat = gate.reshape(edges.size(1), channels), b.reshape(b.size(0), channels)
    if torch.compiler.is_dynamo_compiling():
        out: Tensor = linear_operator(gate, flat, edges, id(schedule), False)
        return out.view(b.shape)
    return (plain_linear_scan if recorded else _solve)(gate, flat, schedule).view(b.shape)


def _check_input(b: Tensor) -> None:
    if not isinstance(b, Tensor):
        raise TypeError(f"b is a {type(b).__name__}, expected a tensor [N, ...]")
    if b.dim() == 0:
        raise ValueError("b has shape [], expected [N, ...]")
    if not (b.is_floating_point() or b.is_complex()):
        raise ValueError(f"b has dtype {b.dtype}, expected float or complex")


def _check_gate(name: str, gate: Tensor, b: Tensor, schedule: Schedule) -> None:
    if not isinstance(gate, Tensor):
        raise TypeError(f"{name} is a {type(gate).__name__}, expected a tensor of {b.dtype}")
    if gate.dtype != b.dtype or gate.device != b.device:
        raise ValueError(f"{name} is {gate.dtype} on {gate.device}, expected {b.dtype} on {b.device}, as b")
    if schedule.device != b.device:
        raise ValueError(f"edge_index is on {schedule.device}, expected {b.device} as b: use edge_index.to(b.device)")
    per, rows = ("edge", schedule.edge_index.size(1)) if name == "edge_gate" else ("node", b.size(0))
    expected = [rows, *b.shape[1:]]
    if not is_recorded() and list(gate.shape) != expected:
        raise ValueError(f"{name} has shape {list(gate.shape)}, expected {expected}, one row per {per}, channels as b")


def plain_linear_scan(gate: Tensor, b: Tensor, schedule: Schedule) -> Tensor:
    """The recurrence level by level, in operations that autograd knows, with a gate for each edge ``[E, H]``."""
    gates = gate.index_select(0, schedule.edge_order).split([len(level.child) for level in schedule.arrays.levels])

    def step(b_l: Tensor, children: Children | None, level: int) -> tuple[Tensor]:
        return (b_l if children is None else b_l + children.sum(gates[level] * children.states[0]),)

    return scan(schedule, step, b)[0]


def _solve(gate: Tensor, b: Tensor, schedule: Schedule) -> Tensor:
    out: Tensor = _LinearScan.apply(gate, b, schedule)  # type: ignore[no-untyped-call]
    return out


class _LinearScan(torch.autograd.Function):
    """All derivatives are recurrences themselves, on the same graph or on the reversed one."""

    @staticmethod
    def forward(gate: Tensor, b: Tensor, schedule: Schedule) -> Tensor:
        return torch.empty_like(b) if b.is_meta else schedule.linear_plan.solve(gate, b)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Schedule], output: Tensor) -> None:
        gate, _, ctx.schedule = inputs
        ctx.save_for_backward(gate, output)
        ctx.save_for_forward(gate, output)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, None]:
        gate, h = ctx.saved_tensors
        solve = plain_linear_scan if is_mapped_gradient(grad) else _solve
        d = solve(gate.conj(), grad, ctx.schedule.reversed())
        if not ctx.needs_input_grad[0]:
            return None, d, None
        source, target = ctx.schedule.edge_index
        return d.index_select(0, target) * h.index_select(0, source).conj(), d, None

    @staticmethod
    def jvp(ctx: Any, gate_t: Tensor | None, b_t: Tensor | None, schedule_t: None) -> Tensor:
        gate, h = ctx.saved_tensors
        change = torch.zeros_like(h) if b_t is None else b_t
        if gate_t is not None:
            source, target = ctx.schedule.edge_index
            change = change.index_add(0, target, gate_t * h.index_select(0, source))
        return _solve(gate, change, ctx.schedule)

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, int | None, None], gate: Tensor, b: Tensor, schedule: Schedule
    ) -> tuple[Tensor, int]:
        """The mapped dimension becomes more channels."""
        parts = [
            x.unsqueeze(1).expand(-1, info.batch_size, -1) if dim is None else x.movedim(dim, 1)
            for x, dim in zip((gate, b), in_dims, strict=False)
        ]
        out = _solve(parts[0].flatten(1), parts[1].flatten(1), schedule)
        return out.view(parts[1].shape), 1


# torch asks for it at every call, which otherwise takes longer than a small recurrence
_LinearScan.forward.__signature__ = signature(_LinearScan.forward)  # type: ignore[attr-defined]
