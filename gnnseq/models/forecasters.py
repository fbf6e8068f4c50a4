"""Forecasts of several steps ahead by layers over signals on a graph."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnnseq.layers.checks import check_sizes
from gnnseq.layers.signals.graph_cnn_lstm import FlatGraphCNNLSTM
from gnnseq.ops.operators.sparse import SparseOperator


class Forecaster(nn.Module):
    """Windows in, forecasts out, on a graph that is part of the model: it is moved, copied and saved with it.

    Args:
        horizon: steps ahead H.
        graph: what ``layer.operator(edge_index, N, edge_weight)`` or `gnnseq.ops.diffusion_operator` gives; None for a
            layer without neighbours (K = 1).

    Shapes:
        - **batch.x:** ``[B, N, L, F]``, the value of a node first, then features; NaN where it is missing
        - **batch.y:** what follows ``[B, N, H]``, where the model is trained
        - **output:** ``[B, N, H]``
    """

    def __init__(self, horizon: int, graph: SparseOperator | None = None) -> None:
        super().__init__()
        check_sizes(horizon=horizon)
        if graph is not None and graph.weight.requires_grad:
            raise ValueError("graph has weights that need gradients, expected constant ones: a forecaster keeps a copy")
        self.horizon = horizon
        self.graph = None if graph is None else graph.saved()

    def edges(self, x: Tensor) -> Any:
        """The operator, or no edges."""
        return torch.empty(2, 0, dtype=torch.long, device=x.device) if self.graph is None else self.graph


class DirectForecaster(Forecaster):
    r"""All steps ahead at once: a linear head on the last state, added to the last observed value.

    .. math:: \hat x_{L+k} = x_L + w_k^\top h_L + b_k, \qquad k = 1, \dots, H

    The head is zero before training, so the model predicts the last value (persistence).
    ``DirectForecaster(GCRN(F, 16, K=1), None, H)`` is an LSTM on each node separately.

    Args:
        layer: a `GCRN` or another layer with its call.
        graph: as for `Forecaster`.
        horizon: steps ahead H.

    Shapes:
        As those of `Forecaster`.
    """

    def __init__(self, layer: nn.Module, graph: SparseOperator | None, horizon: int) -> None:
        super().__init__(horizon, graph)
        self.layer = layer
        self.head = _head(layer, horizon)

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        x = windows_of(batch)
        out, _ = self.layer(x, self.edges(x), mask=~x.isnan())
        forecasts: Tensor = last_observed(x[..., 0]).unsqueeze(-1) + self.head(out[..., -1, :])
        return forecasts


class RolloutForecaster(Forecaster):
    r"""One step ahead, again and again: each forecast is the next input (autoregressive roll-out).

    .. math:: \hat x_{t+1} = \hat x_t + w^\top h_t + b, \qquad \hat x_L = x_L

    In training a forecast is replaced by the true value with the probability
    :math:`\epsilon_i = k / (k + \exp(i / k))` at training step i: scheduled sampling (Bengio et al. 2015,
    https://arxiv.org/abs/1506.03099), as in DCRNN. One draw decides for all nodes of a batch, from torch's generator.

    Args:
        layer: a `GCRN` or another layer with its call; its only input is the value (``in_channels`` 1).
        graph: as for `Forecaster`.
        horizon: steps ahead H.
        decay: k, in training steps; ``math.inf`` for teacher forcing at every step, None for none.

    Shapes:
        As those of `Forecaster`; L at least 2, F = 1.

    Raises:
        ValueError: for a decay that is not positive; in use, for windows of other shapes.
    """

    training_steps: Tensor

    def __init__(
        self, layer: nn.Module, graph: SparseOperator | None, horizon: int, decay: float | None = None
    ) -> None:
        super().__init__(horizon, graph)
        if decay is not None and not decay > 0:
            raise ValueError(f"decay is {decay}, expected a positive number of training steps or None")
        self.decay = decay
        self.layer = layer
        self.head = _head(layer, 1)
        self.register_buffer("training_steps", torch.zeros((), dtype=torch.long))

    @property
    def teacher_forcing(self) -> float:
        """The probability that a true value takes the place of a forecast at the present training step."""
        if self.decay is None or math.isinf(self.decay):
            return 0.0 if self.decay is None else 1.0
        return self.decay / (self.decay + math.exp(min(float(self.training_steps) / self.decay, 700.0)))

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        x = windows_of(batch)
        if x.size(-1) != 1 or x.size(2) < 2:
            raise ValueError(f"batch.x has shape {list(x.shape)}, expected [B, N, L, 1] with L >= 2")
        _, state = self.layer(x[:, :, :-1], self.edges(x), mask=~x[:, :, :-1].isnan())
        return self.decode(self.layer, x, state, batch)

    def decode(self, layer: nn.Module, x: Tensor, state: Any, batch: Data) -> Tensor:
        """Forecasts ``[B, N, H]`` step by step from a state, beginning with the last observed value."""
        truth = batch.y if self.training and self.decay is not None else None
        if self.training:
            probability = self.teacher_forcing
            self.training_steps += 1
        value, forecasts = last_observed(x[..., 0]), []
        for k in range(self.horizon):
            out, state = layer(value[..., None, None], self.edges(x), state=state)
            value = value + self.head(out[..., 0, :]).squeeze(-1)
            forecasts.append(value)
            if truth is not None and float(torch.rand(())) < probability:
                true = truth[..., k]
                value = torch.where(true.isnan(), value, true)
        return torch.stack(forecasts, dim=-1)


class Seq2SeqForecaster(RolloutForecaster):
    r"""A seq2seq model: an encoder of the window, and a decoder from its state, as in DCRNN (Li et al. 2018).

    The decoder (https://arxiv.org/abs/1707.01926) takes the last observed value and then its own forecasts, in training
    now and then the true value: see `RolloutForecaster`.

    Args:
        encoder: a `GCRN` or another layer with its call.
        decoder: a layer with ``in_channels`` 1 whose state is like the encoder's.
        graph: as for `Forecaster`.
        horizon: steps ahead H.
        decay: k of scheduled sampling, as for `RolloutForecaster`.

    Shapes:
        As those of `Forecaster`.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        graph: SparseOperator | None,
        horizon: int,
        decay: float | None = None,
    ) -> None:
        super().__init__(decoder, graph, horizon, decay)
        self.encoder = encoder

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        x = windows_of(batch)
        _, state = self.encoder(x, self.edges(x), mask=~x.isnan())
        return self.decode(self.layer, x, state, batch)


def windows_of(batch: Data) -> Tensor:
    """The windows of a batch.

    Raises:
        ValueError: if ``batch.x`` is not ``[B, N, L, F]``.
    """
    x = batch.x
    if not isinstance(x, Tensor) or x.dim() != 4:
        shape = list(x.shape) if isinstance(x, Tensor) else None
        raise ValueError(f"batch.x has shape {shape}, expected [B, N, L, F]: gnnseq.graphs.to_windows makes it")
    return x


def last_observed(values: Tensor) -> Tensor:
    """The last value ``[B, N]`` of windows ``[B, N, L]`` that is not NaN; 0, the mean, where there is none."""
    steps = torch.arange(values.size(-1), device=values.device)
    last = torch.where(values.isnan(), -1, steps).amax(-1, keepdim=True)
    found = values.gather(-1, last.clamp(min=0))
    return torch.where(last < 0, 0.0, found).squeeze(-1)


def _head(layer: nn.Module, outputs: int) -> nn.Linear:
    """A linear map of a layer's states, initialised with zero."""
    if any(isinstance(module, FlatGraphCNNLSTM) for module in layer.modules()):
        raise ValueError("layer has one state for all nodes (FlatGraphCNNLSTM), expected states of every node")
    layers = getattr(layer, "layers", None)
    inner = layers[-1] if isinstance(layers, nn.ModuleList) else layer
    width = getattr(inner, "out_channels", None)
    if not isinstance(width, int):
        raise ValueError(f"layer is a {type(layer).__name__}, expected one with out_channels, such as GCRN")
    head = nn.Linear(width, outputs)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head
