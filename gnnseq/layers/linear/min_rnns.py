"""Gated recurrences whose gates do not depend on the state, along the edges of directed acyclic graphs."""

from torch import Tensor
from torch.nn.functional import logsigmoid

from gnnseq.layers.linear.cell import LinearCell, LinearRecurrence
from gnnseq.ops.schedule import Schedule


class MinGRUCell(LinearCell):
    r""":math:`h_v = (1 - z_v) \odot m_v + z_v \odot \tilde h_v`, with m the mean or sum of the children's states."""

    gates = 2  # z, then the candidate

    def __init__(
        self, in_channels: int, out_channels: int, bias: bool = True, signed: bool = False, mean: bool = True
    ) -> None:
        super().__init__(in_channels, out_channels, bias, self.gates * out_channels, mean)
        self.signed = signed
        self.reset_parameters()

    def outputs(self, gates: Tensor, schedule: Schedule, initial: Tensor | None) -> tuple[Tensor, Tensor]:
        """The states are the outputs."""
        keep, b = self._gated(gates)
        h = self.solve(schedule, 2 * keep - 1 if self.signed else keep, b, initial)
        return h, self.at_roots(schedule, h)

    def _gated(self, gates: Tensor) -> tuple[Tensor, Tensor]:
        z, candidate = gates.chunk(2, dim=-1)
        z = z.sigmoid()
        return 1 - z, z * candidate


class MinLSTMCell(MinGRUCell):
    r""":math:`h_v = f_v \odot m_v + i_v \odot \tilde h_v`, with f + i = 1."""

    gates = 3  # i, f, then the candidate

    def _gated(self, gates: Tensor) -> tuple[Tensor, Tensor]:
        i, f, candidate = gates.chunk(3, dim=-1)
        keep = (logsigmoid(f) - logsigmoid(i)).sigmoid()  # f / (f + i), where both may be too small for a quotient
        return keep, (1 - keep) * candidate


class MinGRU(LinearRecurrence):
    r"""The minimal gated recurrent unit (Feng et al. 2024, https://arxiv.org/abs/2410.01201) along the edges of a DAG.

    .. math::
        z_v &= \sigma(W_z x_v + b_z), \qquad \tilde h_v = W_h x_v + b_h \\
        h_v &= (1 - z_v) \odot \frac{1}{m_v} \sum_{u \to v} h_u + z_v \odot \tilde h_v

    with :math:`m_v` children of node v. It is linear in the states, so `linear_scan` computes it by parallel scans. On
    a path it is the paper's recurrence (without the logarithmic form, in which :math:`\tilde h` is positive). It has
    :math:`2nd + 2n` weights for d inputs and n outputs.

    Args:
        in_channels: features of a node, F.
        out_channels: features of a state, H, in each direction.
        num_layers: layers, each reading the one below.
        bias: whether gates and candidates have a bias.
        dropout: probability of zeroing an output between layers, in training.
        bidirectional: whether a second recurrence runs against the edges.
        signed: whether the children's gate is :math:`1 - 2 z_v`, in (-1, 1), in place of :math:`1 - z_v`. Without
            negative gates such a recurrence cannot compute parity (Grazzi et al. 2024, https://arxiv.org/abs/2411.12537).
        mean: whether a node takes the mean of its children's states. Their sum (False: no :math:`1 / m_v`) can grow by
            a factor of up to :math:`m_v` at each node, and overflow on deep graphs.

    Shapes:
        - **x:** ``[N, F]``
        - **edge_index:** ``[2, E]`` from source to target (child to parent), or a `Schedule`
        - **state:** ``[num_layers * directions, G, H]``, input of the nodes without incoming edges, as their only child
        - **output:** ``[N, directions * H]``, and the state of every graph's root in the shape of ``state``, as `RNN`

    Raises:
        ValueError: for a cycle, a node out of range, sizes below 1, shapes that do not fit, or features and states of
            another dtype than the weights (under autocast any of float32, float16 and bfloat16 will do).
    """

    cell_type: type[MinGRUCell] = MinGRUCell

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_layers: int = 1,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        signed: bool = False,
        mean: bool = True,
    ) -> None:
        self.signed, self.mean = signed, mean
        super().__init__(in_channels, out_channels, num_layers, bias, dropout, bidirectional, signed=signed, mean=mean)

    def extra_repr(self) -> str:
        """The arguments, as PyG prints them."""
        return f"{super().extra_repr()}, signed={self.signed}, mean={self.mean}"


class MinLSTM(MinGRU):
    r"""The minimal LSTM (Feng et al. 2024, https://arxiv.org/abs/2410.01201) along the edges of a DAG.

    .. math::
        i_v, f_v &= \sigma(W_i x_v + b_i), \sigma(W_f x_v + b_f), \qquad \tilde h_v = W_h x_v + b_h \\
        h_v &= \frac{f_v}{f_v + i_v} \odot \frac{1}{m_v} \sum_{u \to v} h_u + \frac{i_v}{f_v + i_v} \odot \tilde h_v

    Arguments, shapes and what is raised are those of `MinGRU`; ``signed=True`` takes twice the children's gate less 1.
    It has :math:`3nd + 3n` weights for d inputs and n outputs.
    """

    cell_type = MinLSTMCell
