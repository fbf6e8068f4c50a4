"""Reach and influence: which inputs affect a model's output, how strongly, and what training learns from them.

    python examples/hop_receptive_field.py
    python examples/hop_receptive_field.py --preset full
    python examples/hop_receptive_field.py --steps 40 --models gcn lstm --show sight heat
    python examples/hop_receptive_field.py --topologies

Measures, each with a figure in the output folder:

- sight: for every family, how many hops of the graph lie between the first symbol and the output, how many the model
  covers, and how strongly each symbol influences the output before training, measured by the Jacobian, and in
  theory. Beyond L hops the influence on a stack of L graph convolutions is exactly zero; a recurrence has no limit, but
  its influence depends on the initialisation. (sight.json, sight.md, sight.png)
- heat: the influence of every position on every output. (heat.json, heat.png)
- depth: from which distances influence comes, in stacks of 1 to 16 layers. (depth.json, depth.png)
- reach: small models, trained to repeat a symbol at increasing distance: accuracy against distance, and
  influence before and after training. (reach.jsonl, reach.png, trained.png)

All together takes half a minute; ``--preset full``, a few minutes, has more distances and seeds.
``--topologies`` makes one table instead, in a few minutes: the same sequences as a path, dilated path, window, cycle,
star, path with a virtual node, balanced tree and complete graph: hops needed, influence end to end, and whether a stack
of graph convolutions learns. (topologies.jsonl, topologies.md, topologies.csv)

A second run with the same folder repeats no finished training.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from gnnseq.experiments import (
    FAMILIES,
    PALINDROME_FAMILIES,
    Family,
    FirstSymbolTask,
    PalindromeTask,
    Store,
    Trial,
    collect,
    markdown,
    run_trials,
    to_csv,
)
from gnnseq.experiments.command_line import (
    check_at_least_one,
    exit_status,
    fill_in,
    make_folder,
    make_parser,
    refuse_unused,
    report_failures,
)
from gnnseq.experiments.family import find_all
from gnnseq.files import write_text
from gnnseq.plots.studies.depth import plot_depth
from gnnseq.plots.studies.first_symbol import plot_before_after, plot_first_symbol
from gnnseq.plots.studies.heat import plot_heat
from gnnseq.plots.studies.sight import plot_sight
from gnnseq.studies.reach.depth import TITLES, measure_depth
from gnnseq.studies.reach.first_symbol import SETTINGS, run_first_symbol
from gnnseq.studies.reach.heat import measure_heat
from gnnseq.studies.reach.models import REACH_FAMILIES, TABLE, TOPOLOGIES
from gnnseq.studies.reach.sight import SightRecord, measure_sight, sentence

DEPTHS = (1, 2, 4, 8, 16)
PARTS = ("sight", "heat", "depth", "reach")
USED_BY = {PARTS: ["show"], ("sight", "heat"): ["models", "width"], ("reach",): ["distances"]}
QUICK = {
    "seeds": {"sight": 3, "heat": 1, "depth": 2, "reach": 1, "topologies": 3},
    "distances": [2, 4, 7, 9],  # within reach and beyond it, for each of the models
    "train_steps": 150,
}
FULL = {
    "seeds": QUICK["seeds"] | {"sight": 5, "heat": 3, "depth": 3, "reach": 3},
    "distances": [1, 2, 3, 4, 5, 7, 8, 9],
    "train_steps": 200,
}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = make_parser("hop_receptive_field", __doc__)
    names = [family.name for family in PALINDROME_FAMILIES]
    parser.add_argument("--show", nargs="+", choices=PARTS, help="which of these (default: all)")
    parser.add_argument("--topologies", action="store_true", help="the table of graphs instead (a few minutes)")
    parser.add_argument("--steps", type=int, help="symbols of a sequence (default: 20; for --topologies 16)")
    parser.add_argument("--models", nargs="+", help=f"for sight and heat, of: {', '.join(names)} (default: all)")
    parser.add_argument(
        "--preset", choices=["full"], help="full: 5 seeds for sight, 3 for the others, distances 1 to 9, 200 steps"
    )
    parser.add_argument(
        "--seeds", type=int, help="initialisations (default: sight 3, heat 1, depth 2, reach 1, topologies 3)"
    )
    parser.add_argument("--width", type=int, help="features of a state, for sight and heat (default: 16)")
    parser.add_argument("--distances", type=int, nargs="+",
                        help="for reach: distances of the answer from the last symbol (default: 2 4 7 9)")  # fmt: skip
    parser.add_argument("--train-steps", type=int, help="training steps at most (default: 150; for --topologies 400)")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time (default: 1)")
    parser.add_argument(
        "--output", type=Path, default=Path("runs/sight"), help="folder of the results (default: runs/sight)"
    )
    options = parser.parse_args(arguments)
    for part, names in USED_BY.items():
        if options.topologies or not set(part) & set(options.show or PARTS):
            where = "with --topologies" if options.topologies else f"without --show {' or '.join(part)}"
            refuse_unused(parser, options, names, where)
    preset = FULL if options.preset else QUICK
    fill_in(options, {"show": PARTS, "models": [family.name for family in PALINDROME_FAMILIES], "width": 16})
    fill_in(options, {"steps": 16, "train_steps": 400} if options.topologies else {"steps": 20})
    fill_in(options, {name: preset[name] for name in ("distances", "train_steps")})
    seeds = options.seeds
    options.seeds_of = {part: count if seeds is None else seeds for part, count in preset["seeds"].items()}
    return options


def check(options: argparse.Namespace) -> None:
    """Raises a ValueError for what no run could use."""
    least = 3 if options.topologies else 2
    if options.steps < least:
        raise ValueError(f"--steps is {options.steps}, expected at least {least}")
    check_at_least_one(options, ["seeds", "width", "train_steps", "jobs"])
    for distance in options.distances:
        if distance < 1:
            raise ValueError(f"--distances holds {distance}, expected integers of at least 1")


def table(pairs: list[tuple[SightRecord, SightRecord]]) -> str:
    """A Markdown table, a row for each model."""
    lines = [
        "| model | hops to the first symbol | hops covered | symbols seen | share of the first symbol, default "
        "initialisation | the family's own |",
        "|---|---|---|---|---|---|",
    ]
    for default, tuned in pairs:
        covered = "all" if default.hops_reach is None else str(default.hops_reach)
        own = "" if tuned.initialisation == "default" else f"{tuned.mean[-1]:.1e} ({tuned.initialisation})"
        lines.append(
            f"| {default.title} | {default.hops_required} | {covered} | {default.seen} of {len(default.mean)} "
            f"| {default.mean[-1]:.1e} | {own} |"
        )
    return "\n".join(lines) + "\n"


def show_sight(options: argparse.Namespace, families: list[Family], task: PalindromeTask) -> None:
    """Influence on the root, before training, for both initialisations."""
    pairs, seeds = [], options.seeds_of["sight"]
    for family in tqdm(families, desc="sight", unit="model", disable=None):
        pair = [measure_sight(family, task, tuned=tuned, seeds=seeds, width=options.width) for tuned in (False, True)]
        pairs.append((pair[0], pair[1]))
    text = table(pairs) + "\n" + "\n".join(f"- {sentence(*pair)}" for pair in pairs) + "\n"
    print(text)
    records = [record for pair in pairs for record in pair if record is pair[0] or record.initialisation != "default"]
    write_text(options.output / "sight.md", text)
    write(records, options.output / "sight.json")
    plot_sight(records, options.output / "sight.png")


def show_heat(options: argparse.Namespace, families: list[Family], task: PalindromeTask) -> None:
    """Influence on every output, before training."""
    maps = [
        measure_heat(family, task, seeds=options.seeds_of["heat"], width=options.width)
        for family in tqdm(families, desc="heat", unit="model", disable=None)
    ]
    write(maps, options.output / "heat.json")
    plot_heat(maps, options.output / "heat.png")


def show_depth(options: argparse.Namespace) -> None:
    """Influence against depth."""
    runs = [(stack, layers) for stack in TITLES for layers in DEPTHS]
    records = [
        measure_depth(stack, layers, options.seeds_of["depth"])
        for stack, layers in tqdm(runs, desc="depth", unit="stack", disable=None)
    ]
    write(records, options.output / "depth.json")
    plot_depth(records, options.output / "depth.png")


def show_reach(options: argparse.Namespace) -> int:
    """Trained accuracy against distance; 1 where a run failed."""
    settings = replace(SETTINGS, steps=options.train_steps)
    trials = [
        Trial(FirstSymbolTask(distance + 1), family, seed, settings=settings)
        for seed in range(options.seeds_of["reach"])
        for distance in sorted(set(options.distances))
        for family in REACH_FAMILIES
    ]
    records = trained(options, trials, "reach.jsonl")
    if any(record["status"] == "done" for record in records):
        plot_first_symbol(records, options.output / "reach.png")
        plot_before_after(records, options.output / "trained.png")
    return report_failures(records)


def show_topologies(options: argparse.Namespace) -> int:
    """One table of graphs; 1 where a run failed."""
    settings = replace(SETTINGS, steps=options.train_steps, width=None)
    trials = [
        Trial(FirstSymbolTask(options.steps), family, seed, settings=settings)
        for seed in range(options.seeds_of["topologies"])
        for family in TOPOLOGIES
    ]
    records = trained(options, trials, "topologies.jsonl")
    results = collect(records)
    print(markdown(results, TABLE))
    write_text(options.output / "topologies.md", markdown(results, TABLE))
    write_text(options.output / "topologies.csv", to_csv(results))
    return report_failures(records)


def trained(options: argparse.Namespace, trials: list[Trial], name: str) -> list[dict[str, Any]]:
    """Records of all trials; what the store has is not run again."""
    return run_trials(trials, Store(options.output / name), jobs=options.jobs, run=run_first_symbol)


def write(records: list[Any], path: Path) -> None:
    """Records as JSON, numbers to four digits."""
    text = json.dumps([shortened(asdict(record)) for record in records], indent=None)
    write_text(path, text.replace("}, {", "},\n{") + "\n")


def shortened(value: Any) -> Any:
    """The same with floats of four digits."""
    if isinstance(value, dict):
        return {key: shortened(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shortened(part) for part in value]
    return float(f"{value:.4g}") if isinstance(value, float) and math.isfinite(value) else value


def show(options: argparse.Namespace) -> int:
    """Measures, prints and writes; 1 where a run failed or diverged."""
    check(options)
    task = PalindromeTask(options.steps + 1)
    families = find_all(options.models, FAMILIES, "model")
    make_folder(options.output)
    parts: dict[str, Callable[[], int | None]] = {
        "sight": lambda: show_sight(options, families, task),
        "heat": lambda: show_heat(options, families, task),
        "depth": lambda: show_depth(options),
        "reach": lambda: show_reach(options),
    }
    if options.topologies:
        status, names = show_topologies(options), ["topologies.md", "topologies.csv"]
    else:
        status = max(parts[part]() or 0 for part in PARTS if part in options.show)
        names = [f"{part}.png" for part in PARTS if part in options.show]
    print(f"Results: {options.output}/{', '.join(names)}, and the numbers beside them")
    return status


def main(arguments: list[str] | None = None) -> int:
    """Measures, prints and writes; 2 for arguments that do not fit."""
    options = parse(arguments)
    return exit_status("hop_receptive_field", options.output, lambda: show(options))


if __name__ == "__main__":
    sys.exit(main())
