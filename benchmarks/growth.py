"""Time and memory of every layer as the work grows: curves, exponents, and the largest sizes.

    python benchmarks/growth.py --out growth.json
    python benchmarks/growth.py GCRN --axes steps nodes
    python benchmarks/growth.py --limits

A point is one forward and backward pass to the weights, batches and schedules included, on one thread: the least
process CPU time of some passes, and the memory at the peak over what the process held before. The exponent is the slope
of the largest three sizes on logarithmic axes: 1 where cost is linear. ``--limits`` runs what must fit: a GCN and one
GCRN step on a path of a million nodes within 8 GiB, and training over 20,000 steps within 2 GiB.
"""

import argparse
import json
import math
import sys
import warnings
from pathlib import Path
from typing import Any

import torch

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.growth_cases import CASES, LIMITS, Limit, Run
from benchmarks.machine import facts, load, seconds
from benchmarks.memory import peak

_ENOUGH = 0.3  # seconds after which a size is not run again


def point(run: Run, size: int) -> dict[str, float]:
    """Time and peak memory at one size."""
    call = run(size)
    memory = peak(call)
    best = seconds(call, 1, 1)
    for _ in range(4):
        if best > _ENOUGH:
            break
        best = min(best, seconds(call, 1, 1))
    return {"size": size, "seconds": best, "bytes": memory}


def exponent(points: list[dict[str, float]], of: str) -> float:
    """Slope of the last three points on logarithmic axes, by least squares."""
    last = [p for p in points if p[of] > 0][-3:]
    if len(last) < 2:
        return math.nan
    x, y = [math.log(p["size"]) for p in last], [math.log(p[of]) for p in last]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)


def curve(layer: str, axis: str, run: Run, sizes: list[int]) -> dict[str, Any]:
    """All sizes of one layer along one axis."""
    torch.manual_seed(0)
    points = [point(run, size) for size in sizes]
    exponents = {of: exponent(points, of) for of in ("seconds", "bytes")}
    return {"layer": layer, "axis": axis, "points": points, "exponents": exponents, "load": load()}


def limit(case: Limit) -> dict[str, Any]:
    """One thing that must fit into so many bytes."""
    torch.manual_seed(0)
    call = case.make()
    used = peak(call, warm=False)
    return {"limit": case.name, "bytes": used, "allowed": case.allowed, "seconds": seconds(call, 1, 1)}


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layers", nargs="*", help="layers to run (default: all)")
    parser.add_argument("--axes", nargs="+", help="axes to follow (default: all)")
    parser.add_argument("--largest", type=int, help="leave out sizes above this one")
    parser.add_argument("--limits", action="store_true", help="run what must fit instead")
    parser.add_argument("--out", type=Path, help="file of the JSON records")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Runs the curves or the limits, prints a line for each, and writes the records; 1 where a limit is exceeded."""
    options = parse(arguments)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    records = []
    for case in LIMITS if options.limits else []:
        records.append(limit(case))
        r = records[-1]
        line = f"{r['bytes'] / 2**30:.2f} of {r['allowed'] / 2**30:.0f} GiB, {r['seconds']:.1f} s"
        print(f"{case.name}: {line}", flush=True)
    for case in [] if options.limits else CASES:
        if (options.layers and case.layer not in options.layers) or (options.axes and case.axis not in options.axes):
            continue
        sizes = [size for size in case.sizes if options.largest is None or size <= options.largest]
        if not sizes:
            continue
        records.append(curve(case.layer, case.axis, case.run, sizes))
        r, last = records[-1], records[-1]["points"][-1]
        slopes = f"time {r['exponents']['seconds']:.2f}, memory {r['exponents']['bytes']:.2f}"
        at = f"{last['size']:,}: {last['seconds']:.2f} s, {last['bytes'] / 1e6:.0f} MB"
        print(f"{case.layer:<20}{case.axis:<8}{slopes}   at {at}", flush=True)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({**facts(), "records": records}, indent=1) + "\n")
    return int(any(r["bytes"] > r["allowed"] for r in records if "allowed" in r))


if __name__ == "__main__":
    sys.exit(main())
