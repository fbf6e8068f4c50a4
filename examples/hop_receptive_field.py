"""How far does a model see, before it has learned anything?

    python examples/hop_receptive_field.py
    python examples/hop_receptive_field.py --steps 40 --models gcn lstm

For every family: how many hops of the graph lie between the first symbol and the output, how many the model covers,
and how strongly each symbol influences the output, measured by the Jacobian. A stack of L graph convolutions is
exactly zero beyond L hops; a recurrence sees everything, but how strongly is a matter of its initialisation. Prints a
table and a sentence for each model, and writes sight.json, sight.md and sight.png into the output folder.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from gnnseq.experiments import PALINDROME_FAMILIES, PalindromeTask, find_family
from gnnseq.experiments.sight import SightRecord, measure_sight, sentence
from gnnseq.plots.sight import plot_sight


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [family.name for family in PALINDROME_FAMILIES]
    parser.add_argument("--steps", type=int, default=20, help="symbols of a sequence (20)")
    parser.add_argument("--models", nargs="+", default=names, help=f"which of: {', '.join(names)} (all)")
    parser.add_argument("--seeds", type=int, default=5, help="initialisations (5)")
    parser.add_argument("--width", type=int, default=16, help="features of a state (16)")
    parser.add_argument("--output", type=Path, default=Path("runs/sight"), help="folder of the results (runs/sight)")
    return parser.parse_args(arguments)


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


def main(arguments: list[str] | None = None) -> int:
    """Measures, prints and writes; 2 for arguments that do not fit."""
    options = parse(arguments)
    try:
        if options.steps < 2 or options.seeds < 1 or options.width < 1:
            raise ValueError(
                f"--steps, --seeds and --width are {options.steps}, {options.seeds} and {options.width}, "
                "expected at least 2, 1 and 1"
            )
        task = PalindromeTask(options.steps + 1)
        families = [find_family(name) for name in options.models]
        options.output.mkdir(parents=True, exist_ok=True)
    except (ValueError, OSError) as error:
        print(f"hop_receptive_field: {error}", file=sys.stderr)
        return 2
    pairs = []
    for family in tqdm(families, unit="model", disable=None):
        pair = [
            measure_sight(family, task, tuned=tuned, seeds=options.seeds, width=options.width)
            for tuned in (False, True)
        ]
        pairs.append((pair[0], pair[1]))
    text = table(pairs) + "\n" + "\n".join(f"- {sentence(*pair)}" for pair in pairs) + "\n"
    print(text)
    records = [record for pair in pairs for record in pair if record is pair[0] or record.initialisation != "default"]
    (options.output / "sight.md").write_text(text, encoding="utf-8")
    (options.output / "sight.json").write_text(json.dumps([asdict(r) for r in records], indent=1), encoding="utf-8")
    plot_sight(records, options.output / "sight.png")
    print(f"Results: {options.output}/sight.md, sight.json, sight.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
