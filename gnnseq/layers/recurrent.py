"""RNN, GRU and LSTM along the edges of any directed acyclic graph."""

from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from gnnseq.layers.cells import Cell, GRUCell, LSTMCell, RNNCell, schedule_of
from gnnseq.layers.checks import check_dropout, check_dtype, check_sizes, check_states
from gnnseq.layers.edge_mask import NoEdgeMask
from gnnseq.layers.interop import load_torch, store_torch
from gnnseq.ops.scan import States
from gnnseq.ops.schedule import Schedule, refuse_trace
from gnnseq.ops.transforms import is_recorded, uncompiled


class Recurrent(nn.Module):
    """Layers and directions of one recurrence; the base of `RNN`, `GRU` and `LSTM`.

    Args:
        in_channels: features of a node, F.
        out_channels: features of a state, H, in each direction.
        num_layers: layers, each reading the one below.
        bias: whether gates have a bias.
        dropout: probability of zeroing an output between layers, in training.
        bidirectional: whether a second recurrence runs against the edges (down a tree, back along a path).

    Attributes:
        fused: whether torch's fused kernels may run on paths. Set it to False for what they cannot do: forward-mode
            differentiation outside `torch.func` (inside it the layer leaves them by itself).
    """

    fused: bool = True
    cell_type: type[Cell]
    torch_type: type[nn.RNNBase]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_layers: int = 1,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        check_sizes(in_channels=in_channels, out_channels=out_channels, num_layers=num_layers)
        check_dropout(dropout)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.num_layers = num_layers
        self.bias = bias
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.edge_mask = NoEdgeMask()
        wide = out_channels * self.num_directions
        self.cells = nn.ModuleList(
            self.cell_type(in_channels if layer == 0 else wide, out_channels, bias)
            for layer in range(num_layers)
            for _ in range(self.num_directions)
        )

    @property
    def num_directions(self) -> int:
        """2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def _cells(self) -> list[Cell]:
        return cast(list[Cell], list(self.cells))

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        for cell in self._cells:
            cell.reset_parameters()

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return (
            f"{self.in_channels}, {self.out_channels}, num_layers={self.num_layers}, bidirectional={self.bidirectional}"
        )

    @classmethod
    def from_torch(cls, module: nn.RNNBase) -> Self:
        """A layer with the weights of a torch module of the same kind, which gives the same outputs on paths.

        It has the module's mode (training or evaluation), dtype, device and frozen weights.

        Raises:
            TypeError: for another module.
            ValueError: for a projection, an activation that is not tanh, or one of a GRU's two biases frozen.
        """
        if not isinstance(module, cls.torch_type):
            raise TypeError(f"module is a {type(module).__name__}, expected torch.nn.{cls.torch_type.__name__}")
        if module.proj_size or getattr(module, "nonlinearity", "tanh") != "tanh":
            raise ValueError(f"module is {module}, expected proj_size=0 and tanh")
        sizes = (module.input_size, module.hidden_size, module.num_layers)
        layer = cls(*sizes, module.bias, module.dropout, module.bidirectional)
        layer = layer.to(next(module.parameters()))
        load_torch(layer._cells, layer.num_directions, module)
        return layer.train(module.training)

    def to_torch(self) -> nn.RNNBase:
        """The torch module with the same weights, for padded tensors ``[B, T, F]``; as `from_torch` keeps the mode."""
        module: nn.RNNBase = cast(Any, self.torch_type)(
            self.in_channels,
            self.out_channels,
            self.num_layers,
            bias=self.bias,
            batch_first=True,
            dropout=self.dropout,
            bidirectional=self.bidirectional,
        ).to(self._cells[0].weight_ih)
        store_torch(self._cells, self.num_directions, module)
        return module.train(self.training)

    def _run(self, x: Tensor, edge_index: Any, initial: States | None) -> tuple[Tensor, States]:
        self.edge_mask.refuse(self)
        ready = isinstance(edge_index, Schedule) and edge_index.is_ready(self.fused, self.bidirectional)
        if not ready and (is_recorded() or torch.compiler.is_exporting()):
            raise ValueError(refuse_trace("edge_index"))
        if torch.compiler.is_dynamo_compiling() and not ready:
            out, states = uncompiled(self._run, x, edge_index, initial)
            return out, states
        schedule = schedule_of(edge_index, x, self._cells[0].weight_ih)
        if initial is not None:
            self._check_states(initial, schedule.num_graphs)
        finals: list[States] = []
        for layer in range(self.num_layers):
            outs = []
            for direction in range(self.num_directions):
                number = layer * self.num_directions + direction
                state = None if initial is None else tuple(kind[number] for kind in initial)
                there = schedule if direction == 0 else schedule.reversed()
                cell = self._cells[number]
                out, final = cell(x, there, state, self.fused)
                outs.append(out)
                finals.append(final)
            x = outs[0] if len(outs) == 1 else torch.cat(outs, dim=-1)
            if self.dropout > 0 and layer + 1 < self.num_layers:
                x = nn.functional.dropout(x, self.dropout, self.training)
        if len(finals) == 1:
            return x, tuple(state.unsqueeze(0) for state in finals[0])
        return x, tuple(torch.stack(kind) for kind in zip(*finals, strict=True))

    def _check_states(self, initial: States | Tensor, num_graphs: int) -> None:
        shape, weight = [len(self.cells), num_graphs, self.out_channels], self._cells[0].weight_hh
        if isinstance(initial, Tensor) and initial.dim() != 4:
            raise ValueError(f"state is a tensor {list(initial.shape)}, expected a pair (h, c), each {shape}")
        check_states(tuple(initial), self.cell_type.states, shape, weight.device)
        for state in initial:
            check_dtype(state, weight, "state")


class RNN(Recurrent):
    r"""The vanilla (Elman) RNN along the edges of any directed acyclic graph.

    .. math:: h_v = \tanh(W_{ih} x_v + W_{hh} \sum_{u \to v} h_u + b)

    On a batch of paths it equals `torch.nn.RNN` on the padded tensor, and runs its kernel. It has
    :math:`nd + n^2 + n` weights for d inputs and n outputs.

    Args:
        in_channels: features of a node, F.
        out_channels: features of a state, H, in each direction.
        num_layers: layers, each reading the one below.
        bias: whether there is a bias.
        dropout: probability of zeroing an output between layers, in training.
        bidirectional: whether a second recurrence runs against the edges.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]`` from the node read to the node that reads, or a `Schedule`
        - **state:** ``[num_layers * directions, G, H]``, one entry per graph, read by the nodes without incoming edges
        - **output:** ``[N, directions * H]``, and the state of every graph's root in the shape of ``state``. A graph
          is a weakly connected component, in the order of the components' first nodes; with several roots the state
          is their mean.

    Raises:
        ValueError: for a cycle, a node out of range, shapes that do not fit, or features and states of another dtype
            than the weights (under autocast any of float32, float16 and bfloat16 will do).
    """

    cell_type: type[Cell] = RNNCell
    torch_type: type[nn.RNNBase] = nn.RNN

    def forward(self, x: Tensor, edge_index: Any, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Runs the recurrence; see the class for shapes."""
        out, (h,) = self._run(x, edge_index, None if state is None else (state,))
        return out, h


class GRU(RNN):
    r"""The gated recurrent unit along the edges of any directed acyclic graph.

    .. math::
        \tilde h_v &= \textstyle\sum_{u \to v} h_u \\
        r, z &= \sigma(W_{ir,iz} x_v + W_{hr,hz} \tilde h_v + b_{r,z}) \\
        n &= \tanh(W_{in} x_v + b_n + r \odot (W_{hn} \tilde h_v + b_{hn})) \\
        h_v &= (1 - z) \odot n + z \odot \tilde h_v

    On a batch of paths it equals `torch.nn.GRU`, and runs its kernel. It has :math:`3nd + 3n^2 + 4n` weights (torch
    has two further bias vectors). Arguments and shapes are those of `RNN`.
    """

    cell_type = GRUCell
    torch_type = nn.GRU


class LSTM(Recurrent):
    r"""The LSTM along the edges of any directed acyclic graph: the child-sum Tree-LSTM.

    .. math::
        i, g, o &= \sigma, \tanh, \sigma(W_{i,g,o} x_v + U_{i,g,o} \textstyle\sum_{u \to v} h_u + b_{i,g,o}) \\
        f_u &= \sigma(W_f x_v + U_f h_u + b_f) \\
        c_v &= i \odot g + \textstyle\sum_{u \to v} f_u \odot c_u, \qquad h_v = o \odot \tanh(c_v)

    (Tai et al. 2015, https://arxiv.org/abs/1503.00075). On a batch of paths every node reads one other, and this is
    `torch.nn.LSTM` on the padded tensor; it then runs its kernel. It has :math:`4nd + 4n^2 + 4n` weights for d
    inputs and n outputs (torch keeps a second bias vector, 4n more).

    Arguments and shapes are those of `RNN`, but for the state, which is the pair ``(h, c)``.
    """

    cell_type = LSTMCell
    torch_type = nn.LSTM

    def forward(
        self, x: Tensor, edge_index: Any, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Runs the recurrence; see the class for shapes."""
        out, (h, c) = self._run(x, edge_index, state)
        return out, (h, c)

    def cell_states(
        self, x: Tensor, edge_index: Any, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Output h and cell state c of every node, each ``[N, H]``, of a layer with one layer and direction.

        torch's fused kernels keep cell states to themselves, so this always runs level by level.
        """
        if len(self.cells) != 1:
            raise ValueError(f"{self} has {len(self.cells)} cells, expected one layer in one direction")
        if torch.compiler.is_dynamo_compiling():
            h, c = uncompiled(self.cell_states, x, edge_index, state)
            return h, c
        schedule = schedule_of(edge_index, x, self._cells[0].weight_ih)
        initial = None
        if state is not None:
            self._check_states(state, schedule.num_graphs)
            initial = (state[0][0], state[1][0])
        h, c = self._cells[0].node_states(x, schedule, initial)
        return h, c
