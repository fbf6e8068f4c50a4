"""RNN, GRU and LSTM along the edges of any directed acyclic graph."""

from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from gnnseq.layers.cells import Cell, DAGNNCell, GRUCell, LSTMCell, RNNCell, schedule_of
from gnnseq.layers.interop import load_torch, store_torch
from gnnseq.layers.stacked import StackedRecurrence
from gnnseq.ops.transforms import uncompiled


class Recurrent(StackedRecurrence):
    """Layers and directions of a recurrence that torch has too; the base of `RNN`, `GRU` and `LSTM`."""

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
        super().__init__(in_channels, out_channels, num_layers, bias, dropout, bidirectional)

    @property
    def _cells(self) -> list[Cell]:  # type: ignore[override]
        return cast(list[Cell], list(self.cells))

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


class RNN(Recurrent):
    r"""The vanilla (Elman) RNN along the edges of any directed acyclic graph.

    .. math:: h_v = \tanh(W_{ih} x_v + W_{hh} \sum_{u \to v} h_u + b)

    On a batch of paths it equals `torch.nn.RNN` on the padded tensor, and runs its kernel. It has
    :math:`nd + n^2 + n` weights for d inputs and n outputs.

    Args:
        in_channels: features of a node, F.
        out_channels: features of a state, H, in each direction.
        num_layers: layers; each takes the outputs of the one below.
        bias: whether there is a bias.
        dropout: probability of zeroing an output between layers, in training.
        bidirectional: whether a second recurrence runs against the edges.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]`` from source to target (child to parent), or a `Schedule`
        - **state:** ``[num_layers * directions, G, H]``, one entry per graph, input of the nodes without incoming edges
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


class DAGNN(GRU):
    r"""The GRU of the DAG neural network (Thost and Chen 2021, https://arxiv.org/abs/2101.07965), with attention.

    .. math:: \tilde h_v = \sum_{u \to v} \mathrm{softmax}_u\big(w_1^\top x_v + w_2^\top h_u\big)\, h_u

    in place of the sum over the children, and the rest as in `GRU`. The paper's first term is the same for all children
    of a node, so the softmax does not depend on it, and :math:`w_1` is left out. A node with one child reads the
    child, so on paths this is the GRU, and runs torch's kernel. It has :math:`3nd + 3n^2 + 5n` weights. Arguments and
    shapes are those of `RNN`. `from_torch` draws w, and `to_torch` omits it.
    """

    cell_type = DAGNNCell


class LSTM(Recurrent):
    r"""The LSTM along the edges of any directed acyclic graph: the child-sum Tree-LSTM.

    .. math::
        i, g, o &= \sigma, \tanh, \sigma(W_{i,g,o} x_v + U_{i,g,o} \textstyle\sum_{u \to v} h_u + b_{i,g,o}) \\
        f_u &= \sigma(W_f x_v + U_f h_u + b_f) \\
        c_v &= i \odot g + \textstyle\sum_{u \to v} f_u \odot c_u, \qquad h_v = o \odot \tanh(c_v)

    (Tai et al. 2015, https://arxiv.org/abs/1503.00075). On paths every node has at most one child, and this is
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
