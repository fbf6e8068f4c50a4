"""Forecasts of signals on a graph: a GCRN on the true graph, on a random graph, without a graph, and baselines.

    python examples/gcrn_signals.py
    python examples/gcrn_signals.py --series speed.csv --time time --frequency 5min --edges roads.csv --horizon 12

By default signals spread over a known graph, where a node's next value depends on its neighbours only. With --series
and one of --adjacency (one row per node), --edges (from, to, weight) and --distances (from, to, distance) it uses your
own data, from CSV or Parquet: a column per sensor, or with --node and --value a row per time and sensor. Gaps are kept.

Forecasts the next steps up to the horizon with the mean, the last value, the same time of the last period (--period),
linear autoregressions (of a node, with neighbours, per node), an LSTM on each node, and GCRNs: on the true graph
with all steps at once or step by step (seq2seq), and on a random graph with the same degrees, if there is one. Prints
the errors by step ahead in the unit of the series, and writes records.jsonl, results.json and forecasts.png into the
output folder. A second run with the same folder resumes.
"""

import argparse
import hashlib
import json
import math
import statistics
import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from gnnseq.data import (
    ConsecutiveForecasts,
    ForecastDataset,
    Signals,
    calendar,
    gaussian_kernel,
    read_adjacency,
    read_edges,
    read_series,
    standardised,
)
from gnnseq.data.signals.spreading import spreading_signals
from gnnseq.experiments.command_line import check_at_least_one, check_positive, exit_status, make_folder, make_parser
from gnnseq.files import write_text
from gnnseq.graphs import rewired, to_windows
from gnnseq.layers import GCRN
from gnnseq.models import (
    Autoregression,
    DirectForecaster,
    MeanForecast,
    PersistenceForecast,
    SeasonalForecast,
    Seq2SeqForecaster,
)
from gnnseq.ops import SparseOperator, diffusion_operator
from gnnseq.plots.studies.signals import plot_forecasts
from gnnseq.runs.store import Store
from gnnseq.training import Checkpoint, History, Step, absolute_error, fit, forecast, forecast_errors, masked_mae

LAGS = 4
EVERY = 25  # steps between two looks at the validation part
SHOWN = 100  # windows of the test part that are drawn
SEQ2SEQ = "GCRN, true graph, seq2seq"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = make_parser("gcrn_signals", __doc__)
    parser.add_argument("--series", type=Path, help="CSV or Parquet of values (default: signals made at random)")
    parser.add_argument("--time", help="column of times; without one, rows are steps")
    parser.add_argument("--node", help="column of sensor names, in a table of one row per time and sensor")
    parser.add_argument("--value", help="column of values in such a table")
    parser.add_argument(
        "--frequency", help="distance of two steps, such as 5min (default: that of the first two times)"
    )
    graphs = parser.add_mutually_exclusive_group()
    graphs.add_argument("--adjacency", type=Path, help="CSV: one row and column of weights per node")
    graphs.add_argument("--edges", type=Path, help="CSV: from, to and perhaps weight")
    graphs.add_argument("--distances", type=Path, help="CSV: from, to, distance; a Gaussian kernel makes weights")
    parser.add_argument("--directed", action="store_true", help="keep directions apart: diffusion, as in DCRNN")
    parser.add_argument("--period", type=int, help="steps of a day, week or year, for the forecast of the same time")
    parser.add_argument("--horizon", type=int, default=3, help="steps ahead (default: 3)")
    parser.add_argument("--nodes", type=int, default=40, help="nodes of the made signals (default: 40)")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each network, seeds 0, 1, ... (default: 3)")
    parser.add_argument("--steps", type=int, default=150, help="training steps (default: 150)")
    parser.add_argument("--batch-size", type=int, default=16, help="windows in a training batch (default: 16)")
    parser.add_argument("--window", type=int, default=8, help="steps of a window, the history (default: 8)")
    parser.add_argument("--hidden", type=int, default=16, help="features of a state (default: 16)")
    parser.add_argument("--K", type=int, default=3, help="terms of a filter; it reaches K - 1 hops (default: 3)")
    parser.add_argument("--learning-rate", type=float, default=1e-2, help="of Adam, falling to zero (default: 0.01)")
    parser.add_argument("--output", type=Path, default=Path("runs/signals"), help="folder (default: runs/signals)")
    return parser.parse_args(arguments)


def check(options: argparse.Namespace) -> None:
    """Raises a ValueError for what no run could use."""
    check_at_least_one(options, ["seeds", "steps", "batch_size", "window", "hidden", "K", "horizon"])
    check_positive(options, ["learning_rate"])
    if options.period is not None:
        check_at_least_one(options, ["period"])
    if (options.series is None) != (options.adjacency is options.edges is options.distances is None):
        raise ValueError("--series goes with one of --adjacency, --edges and --distances, and they with it")
    if options.directed and not options.K % 2:
        raise ValueError(f"--K is {options.K}, expected an odd number with --directed: 1 + 2 * hops")


def read(options: argparse.Namespace) -> Signals:
    """The signals, made or read.

    Raises:
        ValueError: for malformed files, or windows and horizons that the parts are too short for.
    """
    signals = spreading_signals(options.nodes) if options.series is None else read_files(options)
    ForecastDataset(signals, options.window, horizon=options.horizon)
    for split in ("train", "validation", "test"):
        windows(signals, options, split, options.period or 1)
    return signals


def read_files(options: argparse.Namespace) -> Signals:
    """Series with their times, and the graph that joins their nodes by name."""
    series = read_series(
        options.series, time=options.time, node=options.node, value=options.value, frequency=options.frequency
    )
    if options.adjacency is not None:
        weights = read_adjacency(options.adjacency, series.names)
    elif options.edges is not None:
        weights = read_edges(options.edges, series.names)
    else:
        weights = gaussian_kernel(read_edges(options.distances, series.names, missing=math.inf))
    features = None if series.times is None else calendar(series.times)
    return standardised(series.values, weights, series.names, features=features, directed=options.directed)


def windows(signals: Signals, options: argparse.Namespace, split: str, least: int = 1) -> DataLoader:
    """All windows of a part in the order of time."""
    length = max(options.window, least)
    return DataLoader(ConsecutiveForecasts(signals, length, options.horizon, split=split), 64, collate_fn=to_windows)


def operator(adjacency: Tensor, options: argparse.Namespace) -> SparseOperator:
    """What the filters are polynomials of: the scaled Laplacian, or random walks in both directions."""
    edges = adjacency.nonzero().t().contiguous()
    weight = adjacency[edges[0], edges[1]]
    if options.directed:
        return diffusion_operator(edges, len(adjacency), weight)
    return GCRN(1, 1, options.K).operator(edges, len(adjacency), weight)


def make(name: str, signals: Signals, adjacency: Tensor, options: argparse.Namespace) -> nn.Module:
    """An untrained network; its head is zero, so that it begins as the last value."""
    features = 1 + (0 if signals.features is None else signals.features.size(1))
    if name == "LSTM without the graph":
        return DirectForecaster(GCRN(features, options.hidden, 1), None, options.horizon)
    graph, encoder = operator(adjacency, options), GCRN(features, options.hidden, options.K)
    if name == SEQ2SEQ:
        decoder = GCRN(1, options.hidden, options.K)
        return Seq2SeqForecaster(encoder, decoder, graph, options.horizon, decay=max(options.steps / 10, 1.0))
    return DirectForecaster(encoder, graph, options.horizon)


def baselines(signals: Signals, options: argparse.Namespace) -> dict[str, nn.Module]:
    """Forecasts without a network, fitted to the training part."""
    adjacency, horizon, lags = signals.adjacency, options.horizon, min(LAGS, options.window)
    edges = adjacency.nonzero().t().contiguous()
    share = adjacency / adjacency.sum(0).clamp(min=1e-9)
    neighbours = SparseOperator(edges, share[edges[0], edges[1]], len(adjacency))
    models = {"mean": MeanForecast(horizon), "persistence": PersistenceForecast(horizon)}
    if options.period is not None:
        models[f"{options.period} steps before"] = SeasonalForecast(horizon, options.period)
    models |= {
        f"AR({lags})": Autoregression(horizon, lags),
        f"AR({lags}) of each node": Autoregression(horizon, lags, per_node=True),
        f"AR({lags}) with neighbours": Autoregression(horizon, lags, neighbours),
    }
    loader = windows(signals, options, "train")
    return {name: model.fit(loader) for name, model in models.items()}


def train(
    signals: Signals, name: str, adjacency: Tensor, seed: int, options: argparse.Namespace, path: Path
) -> tuple[nn.Module, History]:
    """Trains, and keeps the weights that did best on the validation part; goes on from a checkpoint at the path."""
    torch.manual_seed(seed)
    model = make(name, signals, adjacency, options)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    validation = windows(signals, options, "validation")
    count = options.steps * options.batch_size
    drawn = ForecastDataset(signals, options.window, count, seed, horizon=options.horizon)

    def score(history: History) -> float:
        if history.steps % EVERY and history.steps != options.steps:
            return -math.inf
        return -float(masked_mae(*forecast(model, validation)))

    checkpoint = Checkpoint(path, every=EVERY, score=score)
    history = fit(
        model,
        DataLoader(drawn, options.batch_size, collate_fn=to_windows),
        optimizer,
        step=Step(masked_mae, absolute_error, max_norm=1.0),
        scheduler=torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps),
        checkpoint=checkpoint,
    )
    if checkpoint.best_path.exists():
        checkpoint.load_best(model)
    return model, history


def judge(model: nn.Module, signals: Signals, options: argparse.Namespace, diverged: bool = False) -> dict:
    """Errors by step ahead on the test part in the unit of the series, and forecasts of one node for the figure."""
    period = model.period if isinstance(model, SeasonalForecast) else 1
    guess, truth = forecast(model, windows(signals, options, "test", period))
    guess = torch.zeros_like(guess) if diverged else guess
    guess, truth = (signals.undo(part, 1) for part in (guess, truth))
    errors = {name: values.tolist() for name, values in forecast_errors(guess, truth).items()}
    return {"errors": errors, "forecast": guess[:SHOWN, 0].tolist()}


def networks(signals: Signals, options: argparse.Namespace) -> dict[str, list[Tensor]]:
    """Networks by name, with a graph for each seed. Without a random graph it says so."""
    true = [signals.adjacency] * options.seeds
    found = {"LSTM without the graph": true}
    twins = [None if options.directed else rewired(signals.adjacency, seed) for seed in range(options.seeds)]
    if any(twin is None for twin in twins):
        print("The graph has no random twin, as its edges cannot be swapped (a star, a complete graph, fewer than four "
              "nodes, directed edges): the GCRN on a random graph is left out.\n", flush=True)  # fmt: skip
    else:
        found["GCRN, random graph"] = twins
    return found | {"GCRN, true graph": true, SEQ2SEQ: true}


def run(signals: Signals, name: str, adjacency: Tensor, seed: int, options: argparse.Namespace) -> dict:
    """Trains and judges one network; its record, which the output folder keeps."""
    names = ("steps", "batch_size", "window", "horizon", "hidden", "K", "directed", "learning_rate")
    settings = {"model": name, "seed": seed} | {key: getattr(options, key) for key in names}
    tensors = [t for t in (signals.values, adjacency, signals.units, signals.features) if t is not None]
    data = [repr(signals.shares).encode(), *(tensor.numpy().tobytes() for tensor in tensors)]
    key = hashlib.sha256(b"".join([json.dumps(settings).encode(), *data])).hexdigest()[:16]
    store, path = Store(options.output / "records.jsonl"), options.output / f"{key}.pt"
    if key not in store:
        model, history = train(signals, name, adjacency, seed, options, path)
        store.append({
            "key": key,
            "status": "diverged" if history.diverged else "done",
            "stopped": history.stopped,
            "settings": settings,
            "weights": sum(p.numel() for p in model.parameters()),
            "seconds": history.seconds,
            **judge(model, signals, options, history.diverged),
        })  # fmt: skip
        for file in (path, path.with_suffix(".best.pt")):
            file.unlink(missing_ok=True)
    return store.read()[key]


def compare(signals: Signals, options: argparse.Namespace) -> dict[str, dict]:
    """A result of every model: its weights, and what `judge` says of each seed."""
    results = {}
    for name, model in baselines(signals, options).items():
        count = sum(c.numel() for c in [getattr(model, "coefficients", None)] if c is not None)
        results[name] = {"weights": count, "runs": [judge(model, signals, options)], "seconds": 0.0}
    graphs = networks(signals, options)
    with tqdm(total=len(graphs) * options.seeds, disable=None) as bar:
        for name, adjacencies in graphs.items():
            records = []
            for seed, adjacency in enumerate(adjacencies):
                bar.set_description(f"{name}, seed {seed}")
                records.append(run(signals, name, adjacency, seed, options))
                bar.update()
            results[name] = {
                "weights": records[0]["weights"],
                "runs": [{key: record[key] for key in ("errors", "forecast")} for record in records],
                "seconds": statistics.fmean(record["seconds"] for record in records),
                "diverged": [f"seed {s}: {r['stopped']}" for s, r in enumerate(records) if r["status"] == "diverged"],
            }
    return results


def best_possible(signals: Signals) -> float | None:
    """Mean absolute error one step ahead of the forecast that knows the rule, where noise is normal and known."""
    if signals.noise is None:
        return None
    variance = signals.noise / float((1 / signals.units[1] ** 2).mean())
    return math.sqrt(2 * variance / math.pi)


def table(results: dict[str, dict], horizon: int, best: float | None) -> str:
    """Mean absolute errors by step ahead as text."""
    shown = sorted({1, (horizon + 1) // 2, horizon})
    columns = [f"+{step}" for step in shown]
    lines = ["mean absolute error by step ahead, in the unit of the series"]
    lines.append(f"{'model':<28}{'weights':>8}{''.join(f'{name:>9}' for name in columns)}{'spread':>9}{'seconds':>9}")
    for name, result in results.items():
        runs = [record["errors"]["MAE"] for record in result["runs"]]
        means = "".join(f"{statistics.fmean(values[step - 1] for values in runs):9.4f}" for step in shown)
        over = [statistics.fmean(values) for values in runs]
        spread = f"{statistics.stdev(over):9.4f}" if len(over) > 1 else f"{'':>9}"
        lines.append(f"{name:<28}{result['weights']:>8}{means}{spread}{result['seconds']:9.1f}")
        lines += [f"  diverged, counted as the mean: {one}" for one in result.get("diverged", ())]
    if best is not None:
        lines.append(f"{'best possible':<36}{best:9.4f}")
    return "\n".join(lines)


def write(signals: Signals, results: dict[str, dict], options: argparse.Namespace) -> None:
    """Writes the results and the figure."""
    written = {key: str(value) if isinstance(value, Path) else value for key, value in vars(options).items()}
    best = best_possible(signals)
    record = {"options": written, "results": results, "best_possible": best}
    write_text(options.output / "results.json", json.dumps(record, indent=2) + "\n")
    errors = {name: [one["errors"]["MAE"] for one in result["runs"]] for name, result in results.items()}
    drawn = torch.tensor(results["GCRN, true graph"]["runs"][-1]["forecast"])
    truth = signals.undo(signals.values)[signals.test :, 0][: len(drawn) + options.horizon - 1]
    picture = plot_forecasts(errors, truth, drawn, options.output / "forecasts.png", best)
    print(f"results.json and {picture.name} are in {options.output}")


def forecast_all(options: argparse.Namespace) -> int:
    """Compares all models, prints the table and writes the results; 1 where a run diverged."""
    check(options)
    signals = read(options)
    make_folder(options.output)
    results = compare(signals, options)
    print(table(results, options.horizon, best_possible(signals)))
    write(signals, results, options)
    return 1 if any(result.get("diverged") for result in results.values()) else 0


def main(arguments: list[str] | None = None) -> int:
    """Compares all models, prints the table and writes the results; 2 for what no run could use."""
    options = parse(arguments)
    return exit_status("gcrn_signals", options.output, lambda: forecast_all(options))


if __name__ == "__main__":
    sys.exit(main())
