"""Forecasting signals on a graph: does the graph help, and does it have to be the right one?

    python examples/gcrn_signals.py
    python examples/gcrn_signals.py --series speed.csv --adjacency roads.csv --window 12 --steps 600

By default signals spread over a known graph, where a node's next value depends on its neighbours alone. With --series
(a row of names, then one row per step) and --adjacency (one row per node) it reads your own.

Forecasts the next step with the mean, the last value, linear autoregressions with and without neighbours, an LSTM on
every node alone, and a GCRN on the true and on a random graph with the same degrees. Prints a table of test errors
and writes results.json and forecasts.png into the output folder.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import torch
from torch import Tensor, nn
from tqdm import tqdm

from gnnseq.data.signals.series import Signals, read_signals, spreading_signals, windows
from gnnseq.layers import GCRN
from gnnseq.ops import SparseOperator
from gnnseq.plots.studies.signals import plot_forecasts

LAGS = 4


class Forecaster(nn.Module):
    """The last value plus a linear reading of the GCRN's state; with K = 1 an LSTM on every node alone."""

    def __init__(self, hidden: int, K: int) -> None:
        super().__init__()
        self.gcrn = GCRN(1, hidden, K)
        self.head = nn.Linear(hidden, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor, graph: SparseOperator) -> Tensor:
        """Forecasts ``[B, N, L]`` of the next step from every step of ``[B, N, L, 1]``."""
        out, _ = self.gcrn(x, graph)
        return (x + self.head(out)).squeeze(-1)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=Path, help="CSV: names, then one row per step (signals made at random)")
    parser.add_argument("--adjacency", type=Path, help="CSV: one row per node, no header")
    parser.add_argument("--nodes", type=int, default=40, help="nodes of the made signals (40)")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each network, seeds 0, 1, ... (3)")
    parser.add_argument("--steps", type=int, default=100, help="training steps (100)")
    parser.add_argument("--batch-size", type=int, default=16, help="windows in a training batch (16)")
    parser.add_argument("--window", type=int, default=8, help="steps of a window (8)")
    parser.add_argument("--hidden", type=int, default=16, help="features of a state (16)")
    parser.add_argument("--K", type=int, default=3, help="Chebyshev terms; a filter reaches K - 1 hops (3)")
    parser.add_argument("--learning-rate", type=float, default=1e-2, help="of Adam, falling to zero (0.01)")
    parser.add_argument("--output", type=Path, default=Path("runs/signals"), help="folder (runs/signals)")
    return parser.parse_args(arguments)


def check(options: argparse.Namespace) -> None:
    """Raises a ValueError for what no run could use."""
    for name in ("seeds", "steps", "batch_size", "window", "hidden", "K"):
        if getattr(options, name) < 1:
            raise ValueError(f"--{name.replace('_', '-')} is {getattr(options, name)}, expected at least 1")
    if not options.learning_rate > 0:
        raise ValueError(f"--learning-rate is {options.learning_rate}, expected a positive number")
    if (options.series is None) != (options.adjacency is None):
        raise ValueError("--series and --adjacency go together, one is missing")


def error(forecast: Tensor, signals: Signals) -> float:
    """Mean squared error of forecasts ``[T_test, N]`` over the test part."""
    return float((forecast - signals.values[signals.test :]).pow(2).mean())


def autoregression(signals: Signals, neighbours: bool) -> Tensor:
    """Ridge regression on the last four values, the same for all nodes; with neighbours, also on their mean."""
    z = signals.values.double()
    degree = signals.adjacency.double().sum(1).clamp(min=1e-9)
    features = [z, z @ (signals.adjacency.double() / degree.unsqueeze(1)).t()] if neighbours else [z]

    def lags(start: int, stop: int) -> Tensor:
        return torch.stack([f[start - k : stop - k] for f in features for k in range(1, LAGS + 1)], dim=-1)

    x, y = lags(LAGS, signals.test).flatten(0, 1), z[LAGS : signals.test].flatten()
    weight = torch.linalg.solve(x.t() @ x + torch.eye(x.size(1), dtype=x.dtype), x.t() @ y)
    return (lags(signals.test, len(z)) @ weight).float()


def random_graph(adjacency: Tensor, seed: int) -> Tensor:
    """A random graph in which every node keeps its number of neighbours; weights are dealt out anew."""
    graph = nx.from_numpy_array((adjacency > 0).numpy().astype(int))
    swaps = 5 * graph.number_of_edges()
    nx.double_edge_swap(graph, swaps, max_tries=100 * swaps, seed=seed)
    rows, columns = torch.tensor(sorted(graph.edges)).t()
    weight = adjacency[adjacency.triu() > 0]
    weight = weight[torch.randperm(len(weight), generator=torch.Generator().manual_seed(seed))]
    half = torch.zeros_like(adjacency).index_put((rows, columns), weight)
    return half + half.t()


@torch.no_grad()
def forecast(model: Forecaster, signals: Signals, graph: SparseOperator, window: int, first: int, last: int) -> Tensor:
    """Forecasts ``[last - first, N]`` of the steps ``first .. last - 1``, each from the window before it."""
    starts = torch.arange(first - window, last - window)
    model.eval()
    return torch.cat([model(windows(signals.values, part, window)[0], graph)[..., -1] for part in starts.split(64)])


def train(signals: Signals, adjacency: Tensor, K: int, seed: int, options: argparse.Namespace) -> Forecaster:
    """Trains on windows before the validation part; keeps the weights that did best on the validation part."""
    torch.manual_seed(seed)
    model = Forecaster(options.hidden, K)
    graph = operator(model, adjacency)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)
    best, kept = float("inf"), model.state_dict()
    burn_in = options.window // 2
    for step in range(options.steps):
        model.train()
        starts = torch.randint(signals.validation - options.window, (options.batch_size,))
        x, y = windows(signals.values, starts, options.window)
        loss = nn.functional.mse_loss(model(x, graph)[..., burn_in:], y[..., burn_in:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % 25 == 0 or step + 1 == options.steps:
            guess = forecast(model, signals, graph, options.window, signals.validation, signals.test)
            value = float((guess - signals.values[signals.validation : signals.test]).pow(2).mean())
            if value < best:
                best, kept = value, {name: weight.clone() for name, weight in model.state_dict().items()}
    model.load_state_dict(kept)
    return model


def operator(model: Forecaster, adjacency: Tensor) -> SparseOperator:
    """The scaled Laplacian, made once for all steps of training."""
    edges = adjacency.nonzero().t().contiguous()
    return model.gcrn.operator(edges, len(adjacency), adjacency[edges[0], edges[1]])


def compare(signals: Signals, options: argparse.Namespace) -> tuple[dict[str, dict[str, object]], dict[str, Tensor]]:
    """A result of every model, and the forecasts of the last seed."""
    z, test = signals.values, signals.test
    fixed: dict[str, tuple[int, Tensor]] = {
        "mean": (0, torch.zeros_like(z[test:])),
        "persistence": (0, z[test - 1 : -1]),
        f"AR({LAGS})": (LAGS, autoregression(signals, False)),
        f"AR({LAGS}) with neighbours": (2 * LAGS, autoregression(signals, True)),
    }
    results: dict[str, dict[str, object]] = {
        name: {"weights": count, "mse": [error(guess, signals)], "seconds": 0.0}
        for name, (count, guess) in fixed.items()
    }
    graphs: dict[str, tuple[int, Callable[[int], Tensor]]] = {
        "LSTM without the graph": (1, lambda seed: signals.adjacency),
        "GCRN, random graph": (options.K, lambda seed: random_graph(signals.adjacency, seed)),
        "GCRN, true graph": (options.K, lambda seed: signals.adjacency),
    }
    forecasts = {"persistence": fixed["persistence"][1]}
    with tqdm(total=len(graphs) * options.seeds, disable=None) as bar:
        for name, (K, make) in graphs.items():
            errors, start = [], time.perf_counter()
            for seed in range(options.seeds):
                bar.set_description(f"{name}, seed {seed}")
                adjacency = make(seed)
                model = train(signals, adjacency, K, seed, options)
                graph = operator(model, adjacency)
                forecasts[name] = forecast(model, signals, graph, options.window, test, len(z))
                errors.append(error(forecasts[name], signals))
                bar.update()
            weights = sum(p.numel() for p in model.parameters())
            seconds = (time.perf_counter() - start) / options.seeds
            results[name] = {"weights": weights, "mse": errors, "seconds": seconds}
    return results, forecasts


def table(results: dict[str, dict[str, object]], noise: float | None) -> str:
    """The results as text."""
    lines = [f"{'model':<26}{'weights':>8}{'test MSE':>11}{'spread':>9}{'seconds':>9}"]
    for name, result in results.items():
        errors: list[float] = result["mse"]  # type: ignore[assignment]
        spread = f"{statistics.stdev(errors):9.4f}" if len(errors) > 1 else f"{'':>9}"
        row = f"{name:<26}{result['weights']:>8}{statistics.mean(errors):11.4f}{spread}{result['seconds']:9.1f}"
        lines.append(row)
    if noise is not None:
        lines.append(f"{'best possible':<34}{noise:11.4f}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Compares all models, prints the table and writes the results."""
    options = parse(arguments)
    try:
        check(options)
        if options.series is None:
            signals = spreading_signals(options.nodes)
        else:
            signals = read_signals(options.series, options.adjacency)
        if options.window >= signals.validation:
            raise ValueError(
                f"--window is {options.window}, expected less than the {signals.validation} training steps"
            )
        options.output.mkdir(parents=True, exist_ok=True)
    except (ValueError, OSError) as error:
        print(f"gcrn_signals: {error}", file=sys.stderr)
        return 2
    results, forecasts = compare(signals, options)
    print(table(results, signals.noise))
    written = {key: str(value) if isinstance(value, Path) else value for key, value in vars(options).items()}
    record = {"options": written, "results": results, "best_possible": signals.noise}
    (options.output / "results.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    errors = {name: result["mse"] for name, result in results.items()}
    stretch = slice(0, min(100, len(signals.values) - signals.test))
    truth = signals.values[signals.test :][stretch, 0]
    shown = {name: guess[stretch, 0] for name, guess in forecasts.items() if name != "persistence"}
    picture = plot_forecasts(errors, truth, shown, options.output / "forecasts.png", signals.noise)
    print(f"results.json and {picture.name} are in {options.output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
