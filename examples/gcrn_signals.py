"""Forecasting signals on a graph: does the graph help, and does it have to be the right one?

    python examples/gcrn_signals.py
    python examples/gcrn_signals.py --series speed.csv --adjacency roads.csv --window 12 --steps 600

By default signals spread over a known graph, where a node's next value depends on its neighbours alone. With --series
(a row of names, then one row per step) and --adjacency (one row per node) it reads your own.

Forecasts the next step with the mean, the last value, linear autoregressions with and without neighbours, an LSTM on
every node alone, and a GCRN on the true and on a random graph with the same degrees, if there is one. Prints a table of
test errors and writes records.jsonl, results.json and forecasts.png into the output folder. Run again with the same
folder, it goes on where it stopped.
"""

import argparse
import hashlib
import json
import math
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from tqdm import tqdm

from gnnseq.data.signals.series import Signals, read_signals, spreading_signals, windows
from gnnseq.experiments.command_line import check_at_least_one, check_positive, exit_status, make_folder
from gnnseq.files import write_text
from gnnseq.layers import GCRN
from gnnseq.ops import SparseOperator
from gnnseq.plots.studies.signals import plot_forecasts
from gnnseq.runs.store import Store
from gnnseq.training import Checkpoint, History, Step, fit, squared_error

LAGS = 4
EVERY = 25  # steps between two looks at the validation part
SHOWN = 100  # steps of the test part that are drawn


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
    check_at_least_one(options, ["seeds", "steps", "batch_size", "window", "hidden", "K"])
    check_positive(options, ["learning_rate"])
    if (options.series is None) != (options.adjacency is None):
        raise ValueError("--series and --adjacency go together, one is missing")


def read(options: argparse.Namespace) -> Signals:
    """The signals, made or read.

    Raises:
        ValueError: for malformed files, or a window that the training part is too short for.
    """
    if options.series is None:
        signals = spreading_signals(options.nodes)
    else:
        signals = read_signals(options.series, options.adjacency)
    if options.window >= signals.validation:
        raise ValueError(f"--window is {options.window}, expected less than the {signals.validation} training steps")
    return signals


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


def random_graph(adjacency: Tensor, seed: int) -> Tensor | None:
    """A random graph in which every node keeps its number of neighbours; weights are dealt out anew.

    Returns:
        The adjacency; None where edges cannot be swapped, as in a star or a complete graph.
    """
    graph = nx.from_numpy_array((adjacency > 0).numpy().astype(int))
    dense = 2 * nx.density(graph) > 1  # a swap in the complement is one in the graph, and quicker to find
    swapped = nx.complement(graph) if dense else graph
    swaps = 5 * swapped.number_of_edges()
    try:
        nx.double_edge_swap(swapped, swaps, max_tries=100 * swaps, seed=seed)
    except nx.NetworkXException:
        return None
    graph = nx.complement(swapped) if dense else swapped
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


class OnWindows(nn.Module):
    """A forecaster on one graph, judged behind the first steps of a window."""

    def __init__(self, model: Forecaster, graph: SparseOperator, burn_in: int) -> None:
        super().__init__()
        self.model, self.graph, self.burn_in = model, graph, burn_in

    def forward(self, batch: Data) -> Tensor:
        """Forecasts ``[B, N, L - burn_in]``."""
        return self.model(batch.x, self.graph)[..., self.burn_in :]


def batches(signals: Signals, options: argparse.Namespace, burn_in: int) -> Iterator[Data]:
    """Random windows before the validation part."""
    for _ in range(options.steps):
        starts = torch.randint(signals.validation - options.window, (options.batch_size,))
        x, y = windows(signals.values, starts, options.window)
        yield Data(x=x, y=y[..., burn_in:])


def train(
    signals: Signals, adjacency: Tensor, K: int, seed: int, options: argparse.Namespace, path: Path
) -> tuple[Forecaster, History]:
    """Trains, and keeps the weights that did best on the validation part; goes on from a checkpoint at the path."""
    torch.manual_seed(seed)
    model = Forecaster(options.hidden, K)
    graph, burn_in = operator(model, adjacency), options.window // 2
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate)

    def score(history: History) -> float:
        if history.steps % EVERY and history.steps != options.steps:
            return -math.inf
        guess = forecast(model, signals, graph, options.window, signals.validation, signals.test)
        model.train()
        return -float((guess - signals.values[signals.validation : signals.test]).pow(2).mean())

    checkpoint = Checkpoint(path, every=EVERY, score=score)
    whole = OnWindows(model, graph, burn_in)
    history = fit(
        whole,
        batches(signals, options, burn_in),
        optimizer,
        step=Step(nn.functional.mse_loss, squared_error, max_norm=1.0),
        scheduler=torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps),
        checkpoint=checkpoint,
    )
    if checkpoint.best_path.exists():
        checkpoint.load_best(whole)
    return model, history


def operator(model: Forecaster, adjacency: Tensor) -> SparseOperator:
    """The scaled Laplacian, made once for all steps of training."""
    edges = adjacency.nonzero().t().contiguous()
    return model.gcrn.operator(edges, len(adjacency), adjacency[edges[0], edges[1]])


def baselines(signals: Signals) -> dict[str, tuple[int, Tensor]]:
    """Forecasts that need no training, each with its number of weights."""
    z, test = signals.values, signals.test
    return {
        "mean": (0, torch.zeros_like(z[test:])),
        "persistence": (0, z[test - 1 : -1]),
        f"AR({LAGS})": (LAGS, autoregression(signals, False)),
        f"AR({LAGS}) with neighbours": (2 * LAGS, autoregression(signals, True)),
    }


def networks(signals: Signals, options: argparse.Namespace) -> dict[str, tuple[int, list[Tensor]]]:
    """Networks by name: their Chebyshev terms, and a graph for each seed. Without a random graph it says so."""
    true = [signals.adjacency] * options.seeds
    found = {"LSTM without the graph": (1, true)}
    twins = [random_graph(signals.adjacency, seed) for seed in range(options.seeds)]
    if any(twin is None for twin in twins):
        print("The graph has no random twin, as its edges cannot be swapped (a star, a complete graph, fewer than four "
              "nodes): the GCRN on a random graph is left out.\n", flush=True)  # fmt: skip
    else:
        found["GCRN, random graph"] = (options.K, twins)
    return found | {"GCRN, true graph": (options.K, true)}


def run(signals: Signals, name: str, K: int, adjacency: Tensor, seed: int, options: argparse.Namespace) -> dict:
    """Trains and judges one network; its record, which the output folder keeps."""
    names = ("steps", "batch_size", "window", "hidden", "learning_rate")
    settings = {"model": name, "K": K, "seed": seed} | {key: getattr(options, key) for key in names}
    data = [tensor.numpy().tobytes() for tensor in (signals.values, adjacency)]
    key = hashlib.sha256(b"".join([json.dumps(settings).encode(), *data])).hexdigest()[:16]
    store, path = Store(options.output / "records.jsonl"), options.output / f"{key}.pt"
    if key not in store:
        model, history = train(signals, adjacency, K, seed, options, path)
        graph, last = operator(model, adjacency), len(signals.values)
        guess = forecast(model, signals, graph, options.window, signals.test, last)
        guess = torch.zeros_like(guess) if history.diverged else guess
        store.append({
            "key": key,
            "status": "diverged" if history.diverged else "done",
            "stopped": history.stopped,
            "settings": settings,
            "weights": sum(p.numel() for p in model.parameters()),
            "mse": error(guess, signals),
            "seconds": history.seconds,
            "forecast": guess[:SHOWN, 0].tolist(),
        })  # fmt: skip
        for file in (path, path.with_suffix(".best.pt")):
            file.unlink(missing_ok=True)
    return store.read()[key]


def compare(signals: Signals, options: argparse.Namespace) -> tuple[dict[str, dict[str, object]], dict[str, Tensor]]:
    """A result of every model, and the drawn part of the forecasts of the last seed."""
    fixed, graphs = baselines(signals), networks(signals, options)
    results: dict[str, dict[str, object]] = {
        name: {"weights": count, "mse": [error(guess, signals)], "seconds": 0.0}
        for name, (count, guess) in fixed.items()
    }
    forecasts = {}
    with tqdm(total=len(graphs) * options.seeds, disable=None) as bar:
        for name, (K, adjacencies) in graphs.items():
            records = []
            for seed, adjacency in enumerate(adjacencies):
                bar.set_description(f"{name}, seed {seed}")
                records.append(run(signals, name, K, adjacency, seed, options))
                bar.update()
            forecasts[name] = torch.tensor(records[-1]["forecast"])
            results[name] = {
                "weights": records[0]["weights"],
                "mse": [record["mse"] for record in records],
                "seconds": statistics.fmean(record["seconds"] for record in records),
                "diverged": [f"seed {s}: {r['stopped']}" for s, r in enumerate(records) if r["status"] == "diverged"],
            }
    return results, forecasts


def table(results: dict[str, dict[str, object]], noise: float | None) -> str:
    """The results as text."""
    lines = [f"{'model':<26}{'weights':>8}{'test MSE':>11}{'spread':>9}{'seconds':>9}"]
    for name, result in results.items():
        errors: list[float] = result["mse"]  # type: ignore[assignment]
        spread = f"{statistics.stdev(errors):9.4f}" if len(errors) > 1 else f"{'':>9}"
        row = f"{name:<26}{result['weights']:>8}{statistics.mean(errors):11.4f}{spread}{result['seconds']:9.1f}"
        lines += [
            row,
            *(f"  diverged, counted as the mean: {one}" for one in result.get("diverged", ())),
        ]
    if noise is not None:
        lines.append(f"{'best possible':<34}{noise:11.4f}")
    return "\n".join(lines)


def write(
    signals: Signals, results: dict[str, dict[str, object]], forecasts: dict[str, Tensor], options: argparse.Namespace
) -> None:
    """Writes the results and the figure."""
    written = {key: str(value) if isinstance(value, Path) else value for key, value in vars(options).items()}
    record = {"options": written, "results": results, "best_possible": signals.noise}
    write_text(options.output / "results.json", json.dumps(record, indent=2) + "\n")
    errors = {name: result["mse"] for name, result in results.items()}
    truth = signals.values[signals.test :][:SHOWN, 0]
    picture = plot_forecasts(errors, truth, forecasts, options.output / "forecasts.png", signals.noise)
    print(f"results.json and {picture.name} are in {options.output}")


def forecast_all(options: argparse.Namespace) -> int:
    """Compares all models, prints the table and writes the results; 1 where a run diverged."""
    check(options)
    signals = read(options)
    make_folder(options.output)
    results, forecasts = compare(signals, options)
    print(table(results, signals.noise))
    write(signals, results, forecasts, options)
    return 1 if any(result.get("diverged") for result in results.values()) else 0


def main(arguments: list[str] | None = None) -> int:
    """Compares all models, prints the table and writes the results; 2 for what no run could use."""
    options = parse(arguments)
    return exit_status("gcrn_signals", options.output, lambda: forecast_all(options))


if __name__ == "__main__":
    sys.exit(main())
