"""Fills the tables of signals.md from stored results: python docs/make_signals.py.

The results come from the example of the page, without the forecasts that it draws:

    python examples/gcrn_signals.py --output runs/spreading
    python examples/gcrn_signals.py --series speed.csv --adjacency adjacency.csv --window 12 --horizon 12 --period 288 \
        --steps 300 --batch-size 8 --hidden 32 --learning-rate 5e-3 --output runs/traffic
    python examples/gcrn_signals.py --series speed.csv --adjacency adjacency.csv --window 12 --horizon 1 \
        --steps 300 --batch-size 8 --hidden 32 --learning-rate 5e-3 --output runs/one_step
    python docs/make_signals.py --store runs
"""

import argparse
import json
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from stored import fill_all

DOCS = Path(__file__).parent
PAGE, RESULTS = DOCS / "signals.md", DOCS / "results" / "signals"
TRUE, RANDOM = "GCRN, true graph", "GCRN, random graph"
SHOWN = {
    "spreading": ("1 step ahead", "2 steps", "3 steps"),
    "traffic": ("5 min ahead", "30 min", "60 min"),
}
STEPS = {"spreading": (1, 2, 3), "traffic": (1, 6, 12)}  # of five minutes
NAMES = {"288 steps before": "same time of the day before"}


def store(folder: Path) -> None:
    """Takes over the results of the three commands, without forecasts and paths."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in (*SHOWN, "one_step"):
        found = json.loads((folder / name / "results.json").read_text())
        kept = {key: value for key, value in found["options"].items() if key not in ("series", "adjacency", "output")}
        results = {
            model: {key: value for key, value in result.items() if key != "runs"}
            | {"runs": [run["errors"] for run in result["runs"]]}
            for model, result in found["results"].items()
        }
        record = {"options": kept, "results": results, "best_possible": found["best_possible"]}
        (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read(name: str) -> dict[str, Any]:
    """Stored results of a command, in the order of the example."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    order = ["mean", "persistence", "288 steps before", "AR(4)", "AR(4) of each node", "AR(4) with neighbours"]
    order += ["LSTM without the graph", RANDOM, TRUE, f"{TRUE}, seq2seq"]
    found["results"] = {model: found["results"][model] for model in order if model in found["results"]}
    return found


def spread(result: dict[str, Any]) -> str:
    """Standard deviation over the runs of the mean over the steps."""
    means = [fmean(run["MAE"]) for run in result["runs"]]
    return f"{stdev(means):.3f}" if len(means) > 1 else ""


def by_step(name: str, digits: int) -> str:
    """Mean absolute errors of all models some steps ahead; the best of each column in bold."""
    found, steps = read(name), STEPS[name]
    values = {
        model: [fmean(run["MAE"][step - 1] for run in result["runs"]) for step in steps]
        for model, result in found["results"].items()
    }
    best = [min(round(row[column], digits) for row in values.values()) for column in range(len(steps))]
    lines = [
        "| model | weights | " + " | ".join(SHOWN[name]) + " | standard deviation |",
        "|---|" + "---:|" * (len(steps) + 2),
    ]
    for model, row in values.items():
        cells = [f"{value:.{digits}f}" for value in row]
        shown = [f"**{c}**" if round(v, digits) == b else c for c, v, b in zip(cells, row, best, strict=True)]
        result = found["results"][model]
        lines.append(f"| {NAMES.get(model, model)} | {result['weights']:,} | {' | '.join(shown)} | {spread(result)} |")
    if found["best_possible"] is not None:
        lines.append(f"| best possible | | {found['best_possible']:.{digits}f} |" + " |" * len(steps))
    return "\n".join(lines) + "\n"


def one_step() -> str:
    """Both errors one step ahead, and their standard deviations over the runs."""
    lines = ["| model | weights | MAE | standard deviation | RMSE | standard deviation |", "|---|" + "---:|" * 5]
    for model, result in read("one_step")["results"].items():
        cells = []
        for measure in ("MAE", "RMSE"):
            values = [run[measure][0] for run in result["runs"]]
            cells += [f"{fmean(values):.3f}", f"{stdev(values):.3f}" if len(values) > 1 else ""]
        lines.append(f"| {model} | {result['weights']:,} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def graphs(name: str) -> str:
    """What the true graph is worth against a random one, seed by seed."""
    found = read(name)["results"]
    true, random = ([fmean(run["MAE"]) for run in found[model]["runs"]] for model in (TRUE, RANDOM))
    gains = [other - own for own, other in zip(true, random, strict=True)]
    words = ", ".join(f"{gain:+.3f}" for gain in gains)
    more = f"{fmean(gains):.3f} miles per hour in the mean over all steps; seed by\nseed {words}"
    smallest = f"{2.0 ** (1 - len(gains)):.2f}"
    return (
        f"The GCRN on a random graph errs more than on the true one by {more}. "
        f"With {len(gains)} seeds the sign test cannot decide: its smallest p-value is {smallest}.\n"
    )


def tables() -> dict[str, str]:
    """Each part of the page by its name."""
    seconds = {name: sum(r["seconds"] * len(r["runs"]) for r in read(name)["results"].values()) for name in SHOWN}
    times = {name: f"{s / 60:.0f} minutes" if s > 90 else f"{s:.0f} seconds" for name, s in seconds.items()}
    seeds = {name: len(read(name)["results"][TRUE]["runs"]) for name in SHOWN}
    return {
        "spreading": by_step("spreading", 3)
        + f"\nMeans over {seeds['spreading']} seeds; the standard deviation is that of the mean over the steps. "
        f"{times['spreading']} of training.\n",
        "traffic": by_step("traffic", 2)
        + f"\nMiles per hour; means over {seeds['traffic']} seeds; the standard deviation is that of the mean over the "
        f"steps. {times['traffic']} of training.\n",
        "graphs": graphs("traffic"),
        "one step": one_step(),
    }


def filled(page: str) -> str:
    """The page with its tables put in anew."""
    return fill_all(page, {f"table {name}": table for name, table in tables().items()})


def main() -> None:
    """Fills the tables, after taking over new results where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, metavar="RUNS", help="folder with spreading/, traffic/ and one_step/")
    options = parser.parse_args()
    if options.store is not None:
        store(options.store)
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
