"""The GCRN against PyG Temporal's GConvLSTM, stepped in a loop on a block-diagonal batch."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.utils import to_undirected

from benchmarks.peers.load import gconv_lstm
from benchmarks.row import Row, Side, backward, gradients
from gnnseq.layers import GCRN

_GATES = "ifco"


@dataclass(frozen=True)
class Case:
    """S signals over T steps on one graph.

    Attributes:
        nodes: of the graph, N.
        edges: directed edges of the graph, both directions counted; None for a path.
        steps: T.
        signals: S.
        in_channels: F.
        out_channels: H.
        K: Chebyshev terms.
    """

    nodes: int
    edges: int | None
    steps: int
    signals: int
    in_channels: int
    out_channels: int
    K: int

    def edge_index(self) -> Tensor:
        """Random edges, or those of a path, in both directions."""
        if self.edges is None:
            nodes = torch.arange(self.nodes - 1)
            return to_undirected(torch.stack([nodes, nodes + 1]), num_nodes=self.nodes)
        pairs = torch.combinations(torch.arange(self.nodes))
        picked = pairs[torch.randperm(len(pairs))[: self.edges // 2]]
        return to_undirected(picked.t().contiguous(), num_nodes=self.nodes)

    def make(self) -> tuple[Side, Side]:
        """Both sides, with the same weights and signals."""
        cell = gconv_lstm()(self.in_channels, self.out_channels, self.K)
        layer = GCRN.from_gconv_lstm(cell)
        edge_index = self.edge_index()
        x = torch.randn(self.signals, self.nodes, self.steps, self.in_channels)
        grad = torch.randn(self.signals, self.nodes, self.steps, self.out_channels)
        shift = self.nodes * torch.arange(self.signals).view(-1, 1, 1)
        together = (edge_index + shift).transpose(0, 1).reshape(2, -1)
        steps = [x_t.reshape(-1, self.in_channels) for x_t in x.unbind(2)]
        grads = [g_t.reshape(-1, self.out_channels) for g_t in grad.unbind(2)]

        def ours() -> Tensor:
            return backward(layer, layer(x, edge_index)[0], grad)

        def theirs() -> Tensor:
            h = c = None
            outs = []
            for x_t in steps:
                h, c = cell(x_t, together, H=h, C=c)
                outs.append(h)
            cell.zero_grad(set_to_none=True)
            torch.autograd.backward(outs, grads)
            return torch.stack(outs, dim=1)

        def their_results() -> dict[str, Tensor]:
            found = gradients(theirs, dict(cell.named_parameters()))
            return {
                "output": found["output"].view(self.signals, self.nodes, self.steps, -1),
                "weight_x": self._filters(found, "x"),
                "weight_h": self._filters(found, "h"),
                "bias": torch.cat([found[f"b_{gate}"].view(-1) for gate in _GATES]),
                "peephole": torch.cat([found[f"w_c_{gate}"] for gate in "ifo"]),
            }

        named = dict(layer.named_parameters())
        return Side(ours, lambda: gradients(ours, named)), Side(theirs, their_results)

    def _filters(self, found: dict[str, Tensor], kind: str) -> Tensor:
        gates = [
            torch.stack([found[f"conv_{kind}_{gate}.lins.{k}.weight"].t() for k in range(self.K)]) for gate in _GATES
        ]
        return torch.cat(gates, dim=-1)


def rows() -> list[Row]:
    """A network, a path, and one small signal."""
    network = Case(207, 1500, 12, 32, 2, 64, 3)
    path = Case(50, None, 50, 64, 32, 32, 2)
    small = Case(20, 102, 20, 1, 32, 32, 3)
    peer = "PyG Temporal GConvLSTM in a loop"
    return [
        Row(
            "gcrn-network",
            "GCRN, 207 nodes, 1,500 edges, 12 steps, 32 signals, 2 in, 64 out, K = 3",
            peer,
            {1: 4.0, 2: 4.6},
            network.make,
            memory=3.0,
        ),
        Row("gcrn-path", "GCRN on a path of 50 nodes, 50 steps, 64 signals, 32 in, 32 out, K = 2", peer,
            {1: 3.2, 2: 3.7}, path.make),
        Row("gcrn-small", "GCRN, 20 nodes, 102 edges, 20 steps, 1 signal, 32 in, 32 out, K = 3", peer,
            {1: 12.0, 2: 12.0}, small.make),
    ]  # fmt: skip
