"""Draws the figures and fills the tables of reach.md and gradients.md from stored records: python docs/make_reach.py.

The records come from four commands:

    python examples/hop_receptive_field.py --preset full --output runs/sight
    python examples/hop_receptive_field.py --topologies --output runs/sight
    python examples/vanishing_gradients.py --output runs/gradients
    python examples/vanishing_gradients.py --input-scale 1 --train-steps 0 --output runs/gradients_inputs_1

``--store runs`` takes them over into docs/results/reach first.
"""

import argparse
from pathlib import Path
from typing import Any

from stored import fill_all, read

from gnnseq.experiments import Family, collect, markdown
from gnnseq.plots.studies.depth import plot_depth
from gnnseq.plots.studies.first_symbol import plot_before_after, plot_first_symbol
from gnnseq.plots.studies.gradients import plot_clipping, plot_gradient_flow
from gnnseq.plots.studies.heat import plot_heat
from gnnseq.plots.studies.sight import plot_sight
from gnnseq.studies.gradients import FlowRecord, flow_markdown
from gnnseq.studies.reach.depth import DepthRecord
from gnnseq.studies.reach.heat import HeatMap
from gnnseq.studies.reach.models import REACH_FAMILIES, TABLE, TOPOLOGIES
from gnnseq.studies.reach.sight import SightRecord

DOCS = Path(__file__).parent
RESULTS, FIGURES = DOCS / "results" / "reach", DOCS / "figures"
STORED = {
    "sight": ("sight.json", "heat.json", "depth.json", "reach.jsonl", "topologies.jsonl"),
    "gradients": ("gradients.json", "training.jsonl"),
}

WIDE = "gradients_inputs_1.json"


def store(runs: Path) -> None:
    """Copies the records of the commands into docs/results/reach."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for folder, names in STORED.items():
        for name in names:
            (RESULTS / name).write_bytes((runs / folder / name).read_bytes())
    (RESULTS / WIDE).write_bytes((runs / "gradients_inputs_1" / "gradients.json").read_bytes())


def in_order(records: list[dict[str, Any]], families: tuple[Family, ...]) -> list[dict[str, Any]]:
    """Records of trials by the order of their models, then length and seed."""
    names = [family.name for family in families]
    trials = [(names.index(r["trial"]["family"]), r["task"]["size"], r["trial"]["seed"], r) for r in records]
    return [record for *_, record in sorted(trials, key=lambda trial: trial[:3])]


def draw() -> None:
    """All figures."""
    plot_sight([SightRecord(**record) for record in read(RESULTS / "sight.json")], FIGURES / "sight.png")
    plot_heat([HeatMap(**record) for record in read(RESULTS / "heat.json")], FIGURES / "heat.png")
    plot_depth([DepthRecord(**record) for record in read(RESULTS / "depth.json")], FIGURES / "depth.png")
    trained = in_order(read(RESULTS / "reach.jsonl"), REACH_FAMILIES)
    plot_first_symbol(trained, FIGURES / "reach.png")
    plot_before_after(trained, FIGURES / "trained.png")
    plot_gradient_flow(flows(), FIGURES / "gradients.png")
    plot_clipping(read(RESULTS / "training.jsonl"), FIGURES / "clipping.png")


def flows(name: str = "gradients.json") -> list[FlowRecord]:
    """Stored gradients by step."""
    return [FlowRecord(**record) for record in read(RESULTS / name)]


def tables() -> dict[str, str]:
    """Each table of the pages by its name."""
    graphs = in_order(read(RESULTS / "topologies.jsonl"), TOPOLOGIES)
    return {"topologies": markdown(collect(graphs), TABLE), "gradients": flow_markdown(flows()),
            "inputs": flow_markdown(flows(WIDE))}  # fmt: skip


def filled(page: str) -> str:
    """A page with its tables put in anew."""
    own = {f"table {name}": table for name, table in tables().items() if f"<!-- table {name}:" in page}
    return fill_all(page, own)


def main() -> None:
    """Draws all figures and fills the tables, after taking over new records where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, metavar="RUNS", help="folder that holds the commands' folders")
    options = parser.parse_args()
    if options.store is not None:
        store(options.store)
    draw()
    for name in ("reach.md", "gradients.md"):
        page = DOCS / name
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
