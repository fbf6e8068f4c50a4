"""Forecasts that every network has to beat: no training, or a linear regression."""

from collections.abc import Iterable
from typing import Any, Self

import torch
from torch import Tensor
from torch_geometric.data import Data

from gnnseq.layers.checks import check_sizes
from gnnseq.models.forecasters import Forecaster, last_observed, windows_of
from gnnseq.ops.operators.sparse import SparseOperator


class MeanForecast(Forecaster):
    """Zero at every step ahead: the mean of the training part, where values are z-scores.

    Args:
        horizon: steps ahead H.

    Shapes:
        As those of `Forecaster`.
    """

    def __init__(self, horizon: int) -> None:
        super().__init__(horizon)

    def fit(self, batches: Iterable[Data]) -> Self:
        """Does nothing: there is nothing to learn."""
        return self

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        x = windows_of(batch)
        return x.new_zeros(*x.shape[:2], self.horizon)


class PersistenceForecast(MeanForecast):
    """The last observed value at every step ahead; zero where a window has none."""

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        return last_observed(windows_of(batch)[..., 0]).unsqueeze(-1).repeat(1, 1, self.horizon)


class SeasonalForecast(MeanForecast):
    """The value at the same time of the last period: day, week or year.

    Args:
        horizon: steps ahead H.
        period: in steps, such as 288 for a day of five minutes; windows must be at least as long.

    Shapes:
        As those of `Forecaster`; where the value is missing, the forecast is zero.
    """

    def __init__(self, horizon: int, period: int) -> None:
        super().__init__(horizon)
        check_sizes(period=period)
        self.period = period

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        values = windows_of(batch)[..., 0]
        if values.size(-1) < self.period:
            raise ValueError(f"batch.x has {values.size(-1)} steps, expected at least one period of {self.period}")
        ahead = torch.arange(self.horizon, device=values.device) % self.period
        return values[..., ahead - self.period].nan_to_num(0.0)


class Autoregression(MeanForecast):
    r"""Ridge regression of every step ahead on the last p values, of a node and perhaps of its neighbours.

    .. math:: \hat x_{L+k, v} = \sum_{j=0}^{p-1} a_{kj}\, x_{L-j, v} + \sum_{j=0}^{p-1} b_{kj}\, (A x_{L-j})_v

    Missing inputs count as zero, the mean; missing targets do not count. It is solved in float64 from the sums of all
    batches, so no windows are kept.

    Args:
        horizon: steps ahead H.
        lags: p; windows must be at least as long.
        graph: the operator A; None leaves out the second sum.
        per_node: coefficients of each node by itself; otherwise all share them.
        ridge: added to the diagonal of the normal equations.

    Shapes:
        As those of `Forecaster`.
    """

    coefficients: Tensor | None

    def __init__(
        self,
        horizon: int,
        lags: int,
        graph: SparseOperator | None = None,
        per_node: bool = False,
        ridge: float = 1.0,
    ) -> None:
        Forecaster.__init__(self, horizon, graph)
        check_sizes(lags=lags)
        if not ridge >= 0:
            raise ValueError(f"ridge is {ridge}, expected >= 0")
        self.lags, self.per_node, self.ridge = lags, per_node, ridge
        self.register_buffer("coefficients", None)

    def fit(self, batches: Iterable[Data]) -> Self:
        """Solves for the coefficients.

        Raises:
            ValueError: for no batches, or batches without targets ``[B, N, H]``.
        """
        gram, moment = None, None
        for batch in batches:
            inputs, y = self._inputs(batch).double(), batch.y
            if not isinstance(y, Tensor) or y.shape != (*inputs.shape[:2], self.horizon):
                shape = list(y.shape) if isinstance(y, Tensor) else None
                raise ValueError(f"batch.y has shape {shape}, expected {[*inputs.shape[:2], self.horizon]}")
            inputs = inputs.transpose(0, 1) if self.per_node else inputs.flatten(0, 1).unsqueeze(0)  # [N or 1, M, P]
            target = y.double().transpose(0, 1) if self.per_node else y.double().flatten(0, 1).unsqueeze(0)
            counted = (~target.isnan()).to(inputs.dtype).unsqueeze(-1)  # [N or 1, M, H, 1]
            by_step = [(inputs * counted[:, :, k]).transpose(1, 2) @ inputs for k in range(self.horizon)]
            here = torch.stack(by_step, dim=1), target.nan_to_num(0.0).transpose(1, 2) @ inputs
            gram, moment = here if gram is None or moment is None else (gram + here[0], moment + here[1])
        if gram is None or moment is None:
            raise ValueError("batches is empty, expected at least one batch")
        eye = self.ridge * torch.eye(gram.size(-1), dtype=gram.dtype, device=gram.device)
        self.coefficients = torch.linalg.solve(gram + eye, moment.unsqueeze(-1)).squeeze(-1)  # [N or 1, H, P]
        return self

    def forward(self, batch: Data) -> Tensor:
        """Forecasts; see the class for shapes."""
        if self.coefficients is None:
            raise ValueError("coefficients is None, expected fit(batches) before a forecast")
        inputs = self._inputs(batch)
        found = torch.einsum("bnp,nhp->bnh", inputs.double(), self.coefficients.expand(inputs.size(1), -1, -1))
        return found.to(inputs.dtype)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *arguments: Any) -> None:
        given = state_dict.get(f"{prefix}coefficients")
        if given is not None:  # their shape depends on what they were fitted on
            if given.size(1) != self.horizon:
                arguments[-1].append(f"coefficients are of {given.size(1)} steps ahead, expected {self.horizon}")
                return
            self.coefficients = torch.empty_like(given)
        super()._load_from_state_dict(state_dict, prefix, *arguments)

    def _inputs(self, batch: Data) -> Tensor:
        """The lagged values ``[B, N, P]``."""
        values = windows_of(batch)[..., 0]
        if values.size(-1) < self.lags:
            raise ValueError(f"batch.x has {values.size(-1)} steps, expected at least {self.lags} lags")
        values = values[..., -self.lags :].nan_to_num(0.0)
        if self.graph is None:
            return values
        return torch.cat([values, self.graph(values.transpose(0, 1)).transpose(0, 1)], dim=-1)
