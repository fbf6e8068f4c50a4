"""Every layer behind one call: ``encoder(x, batch) -> [N, H]``."""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnseq.layers.checks import check_sizes
from gnnseq.layers.GCRN import GCRN
from gnnseq.layers.signals.stack import BidirectionalSignals
from gnnseq.models.batches import Resettable, edge_arguments, names_taken, node_graphs
from gnnseq.ops.transforms import uncompiled


class _LayerEncoder(Resettable):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.takes = names_taken(layer)


class EdgeEncoder(_LayerEncoder):
    """Any layer that is called as ``layer(x, edge_index)``: `RNN`, `GRU`, `LSTM`, `GCN`, a PyG convolution.

    ``edge_weight``, ``edge_attr``, ``edge_type``, ``edge_hop``, ``batch`` and ``lambda_max`` of the batch are passed on
    where the layer's forward has an argument of that name.

    Args:
        layer: the layer; of a pair ``(out, state)`` the output is taken.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``

    Raises:
        ValueError: in use, if the batch has ``edge_weight`` or ``edge_attr`` and the layer does not take it.
    """

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs the layer on the batch's edges."""
        given = edge_arguments(self.takes, self.layer, batch)
        out: Tensor | tuple[Tensor, Any] = self.layer(x, batch.edge_index, **given)
        return out if isinstance(out, Tensor) else out[0]


class SlotEncoder(_LayerEncoder):
    """A layer whose children have places, called as ``layer(x, edge_index, edge_slot)``: `NaryTreeLSTM`.

    Args:
        layer: the layer.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``

    Raises:
        ValueError: in use, for a batch without ``edge_slot``, or with weights or attributes of edges that the layer
            does not take.
    """

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs the layer on the batch's edges and places."""
        if "edge_slot" not in batch:
            raise ValueError("batch has no edge_slot, expected one place per edge, as graphs.balanced_tree_batch gives")
        given = edge_arguments(self.takes, self.layer, batch)
        out: Tensor = self.layer(x, batch.edge_index, batch.edge_slot, **given)[0]
        return out


class SignalEncoder(_LayerEncoder):
    """A GCRN over signals on a graph; every node's output at the end of its sequence is its encoding.

    Edge weights are used if the batch has them, and ``batch.lengths`` if sequences end at different steps.

    Args:
        layer: a `GCRN` or another layer with its call.

    Shapes:
        - **x:** ``[N, T, F]``
        - **output:** ``[N, H]``

    Raises:
        ValueError: in use, as `EdgeEncoder`.
    """

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Runs the layer over the T steps."""
        given = edge_arguments(self.takes, self.layer, batch)
        if batch.batch is not None:  # a stack takes it without naming it
            given["batch"] = batch.batch
        if "lengths" not in batch:
            return self._run(x, batch, given)[:, -1]
        lengths = batch.lengths.reshape(-1)
        if any(isinstance(layer, BidirectionalSignals) for layer in self.layer.modules()):
            given["lengths"] = lengths  # against the time, a sequence begins at its own end
        last = lengths[node_graphs(batch)] - 1
        return self._run(x, batch, given)[torch.arange(len(x), device=x.device), last]

    def _run(self, x: Tensor, batch: Batch, given: dict[str, Any]) -> Tensor:
        out: Tensor = self.layer(x, batch.edge_index, **given)[0]
        return out


class RoundsEncoder(Resettable):
    """A GCRN on the nodes of a constant graph, with the same features as input in every round.

    With K Chebyshev terms each round reaches K - 1 hops, so R rounds reach R (K - 1).

    Args:
        layer: a `GCRN`.
        rounds: number of rounds R.

    Shapes:
        - **x:** ``[N, F]``
        - **output:** ``[N, H]``

    Raises:
        ValueError: if ``rounds`` is under 1; in use, for a batch with ``edge_attr``, which no GCRN takes.
    """

    def __init__(self, layer: GCRN, rounds: int) -> None:
        super().__init__()
        check_sizes(rounds=rounds)
        self.layer = layer
        self.rounds = rounds
        self.takes = names_taken(layer.operator)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Filters the input once and steps R times; in a graph break under `torch.compile`."""
        if torch.compiler.is_dynamo_compiling():
            return cast(Tensor, uncompiled(self.forward, x, batch))
        given = edge_arguments(self.takes, self.layer, batch)
        operator = self.layer.operator(batch.edge_index, x.size(0), **given)
        inputs = self.layer.project(operator, x.unsqueeze(1))
        states = self.layer.zeros(x.unsqueeze(1))
        for _ in range(self.rounds):
            states = self.layer.step(inputs, operator, states)
        return states[0].squeeze(1)
