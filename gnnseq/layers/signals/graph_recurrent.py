"""A recurrence in time whose products are graph filters; the base of the GCRN and its GRU and RNN forms."""

from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from gnnseq.layers.checks import check_dtype, check_sizes
from gnnseq.layers.interop import load_filters
from gnnseq.layers.signals.layout import SignalLayout, States, within
from gnnseq.layers.signals.spectral_module import Operators, SpectralModule
from gnnseq.ops.operators.sparse import SparseOperator
from gnnseq.ops.scan import scan_steps
from gnnseq.ops.transforms import autocast_dtype


class GraphRecurrent(SpectralModule):
    r"""Chebyshev filters of order K in place of the products of a recurrent cell.

    A gate's input is :math:`\sum_k T_k(\tilde L) x_t W_k + \sum_k T_k(\tilde L) h_{t-1} U_k + b`. A subclass gives the
    number of gates and their equations.

    Args:
        in_channels: features of a node at one step, F.
        out_channels: features of a state, H.
        K: number of Chebyshev terms; a filter reaches K - 1 hops.
        normalization: of the Laplacian: "sym", "rw" or None.
        bias: whether each gate has a bias.
    """

    gates: int
    num_states: int
    torch_type: type[nn.RNNBase]

    def __init__(
        self, in_channels: int, out_channels: int, K: int, normalization: str | None = "sym", bias: bool = True
    ) -> None:
        super().__init__(K, normalization)
        check_sizes(in_channels=in_channels, out_channels=out_channels)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.weight_x = nn.Parameter(torch.empty(K, in_channels, self.gates * out_channels))
        self.weight_h = nn.Parameter(torch.empty(K, out_channels, self.gates * out_channels))
        self.bias = nn.Parameter(torch.empty(self.gates * out_channels)) if bias else None

    @property
    def filter_weight(self) -> Tensor:
        """The weight whose dtype is the layer's."""
        return self.weight_x

    def reset_parameters(self) -> None:
        r"""Draws every weight from :math:`U(-b, b)` with :math:`b = 1/\sqrt{K H}`, torch's rule for the KH inputs."""
        bound = (self.K * self.out_channels) ** -0.5
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return f"{self.in_channels}, {self.out_channels}, K={self.K}, normalization={self.normalization}"

    @classmethod
    def from_torch(cls, module: nn.RNNBase) -> Self:
        """A layer with K = 1 and the weights of a torch module, which gives its outputs with nodes as the batch.

        Raises:
            TypeError: for a module of another kind.
            ValueError: for several layers or directions, a projection, or an activation that is not tanh.
        """
        if not isinstance(module, cls.torch_type):
            raise TypeError(f"module is a {type(module).__name__}, expected torch.nn.{cls.torch_type.__name__}")
        plain = module.num_layers == 1 and not module.bidirectional and not module.proj_size
        if not plain or getattr(module, "nonlinearity", "tanh") != "tanh":
            raise ValueError(f"module is {module}, expected one layer in one direction, proj_size=0 and tanh")
        without: dict[str, Any] = {"peephole": False} if cls.gates == 4 else {}
        layer = cls(module.input_size, module.hidden_size, 1, bias=module.bias, **without)
        layer = layer.to(next(module.parameters()))
        load_filters(layer, module)
        return layer

    def project(self, operator: SparseOperator, x: Tensor) -> Tensor:
        """The input's share of all gates, for signals ``[N, S, ..., F]`` of any number of steps."""
        check_dtype(x, self.weight_x)
        return self.filtered(operator, x, self.weight_x, self.bias)

    def filter_hidden(self, operator: SparseOperator, h: Tensor) -> Tensor:
        """The state's share of all gates ``[N, S, gates * H]``."""
        return self.filtered(operator, h, self.weight_h)

    def step(self, x: Tensor, operator: SparseOperator, states: States) -> States:
        """States after one step from projected inputs ``[N, S, gates * H]``; a subclass's equations."""
        raise NotImplementedError

    def zeros(self, x: Tensor) -> States:
        """The initial states for signals ``[N, S, ...]``."""
        return (x.new_zeros(x.size(0), x.size(1), self.out_channels),) * self.num_states

    def run(
        self, x: Tensor, operators: Operators, states: States | None, active: Tensor | None = None
    ) -> tuple[Tensor, States]:
        """Runs over signals ``[N, S, T, F]``; one Python step per time step, inputs filtered before the loop.

        Args:
            x: S signals on every node over T steps.
            operators: one operator, or one per step.
            states: initial states ``[N, S, H]``; zeros where it is None.
            active: ``[N, S, T]``, False where a sequence has ended: its state stops and its output is zero.
        """
        states = self.zeros(x) if states is None else states
        inputs = self.filtered_steps(operators, x, self.weight_x, self.bias)
        each: Sequence[SparseOperator] = operators if isinstance(operators, Sequence) else [operators] * len(inputs)
        steps = None if active is None else active.unsqueeze(-1).unbind(2)
        outs, states = scan_steps(lambda x_t, old: self.step(*x_t, old), zip(inputs, each, strict=True), states, steps)
        return torch.stack(outs, dim=2), states

    def forward_signals(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Any = None,
        states: States | None = None,
        batch: Tensor | None = None,
        lambda_max: Any = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, States]:
        """What every subclass's ``forward`` does: any layout of signals in, the same layout out."""
        layout = SignalLayout(x, self.in_channels, self.filter_weight)
        initial = None if states is None else layout.states_to_nodes(states, self.num_states, self.out_channels)
        active = None if lengths is None else layout.active(lengths, batch)
        operators = self.operators(layout, edge_index, edge_weight, batch, lambda_max)
        signals = within(layout.to_nodes(x if mask is None else layout.masked(x, mask)), active)
        out, final = self.run(signals, operators, initial, active)
        dtype = autocast_dtype(x)
        return layout.from_nodes(out.to(dtype)), tuple(layout.state_from_nodes(state.to(dtype)) for state in final)
