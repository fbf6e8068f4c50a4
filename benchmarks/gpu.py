"""All measurements on a GPU, in one run of at most eight minutes: JSON records with the card's name.

    python benchmarks/gpu.py --out gpu.json
    python benchmarks/gpu.py --device cpu --small    the same code on tiny work, in seconds

Parts: every layer's results in float32, TF32 and bfloat16 against float64 on the CPU; the rows of `benchmarks/run.py`
against the peers that are installed; compiled code and CUDA graphs; determinism; pinned memory; memory at 1,000,000
nodes; throughput against batch size. Times on a GPU are wall-clock times that wait for it. Records are written after
each part; what there was no time for is named.
"""

import argparse
import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import torch

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "tests"))
    sys.path.insert(2, str(Path(__file__).resolve().parents[1] / "docs"))

from benchmarks.gpu_parts import PARTS, Record
from benchmarks.machine import facts


def card(device: torch.device) -> dict[str, Any]:
    """Name and memory of a GPU; the processor's stand in `benchmarks.machine.facts`."""
    if device.type != "cuda":
        return {"name": "CPU"}
    found = torch.cuda.get_device_properties(device)
    return {"name": found.name, "bytes": found.total_memory, "cuda": torch.version.cuda}


def records(name: str, device: torch.device, small: bool, until: float) -> list[Record]:
    """Those of one part, as far as time allows; an error ends the part and is one of them."""
    found: list[Record] = []
    try:
        for record in PARTS[name](device, small):
            found.append(record)
            print(name, json.dumps(record), flush=True)
            if time.monotonic() > until:
                return [*found, {"left_out": "the rest, for want of time"}]
    except Exception as reason:  # one part must not cost the others
        found.append({"failed": f"{type(reason).__name__}: {reason}".partition("\n")[0]})
        print(name, json.dumps(found[-1]), flush=True)
    return found


def compiled_table(result: dict[str, Any]) -> str:
    """Markdown of what compiling gains, a work a row."""
    lines = ["| forward and backward | eager | compiled | first call |", "|---|---|---|---|"]
    for record in (r for r in result["parts"]["compiled"] if "compiled_ms" in r):
        times = f"{record['eager_ms']:.2f} ms | {record['compiled_ms']:.2f} ms | {record['first_call_cpu_s']:.0f} s"
        lines.append(f"| {record['work']} | {times} |")
    return "\n".join(lines) + "\n"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="of torch (default: cuda)")
    parser.add_argument("--small", action="store_true", help="tiny work, to see that the script runs")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), help="parts (default: all)")
    parser.add_argument("--minutes", type=float, default=8.0, help="of the whole run (default: 8)")
    parser.add_argument("--out", type=Path, help="file of the JSON records")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Runs the parts; 1 where one failed or a layer's results are wrong."""
    options = parse(arguments)
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("no GPU is there, expected one, or --device cpu --small", file=sys.stderr)
        return 2
    warnings.simplefilter("ignore")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # which deterministic products need
    start, before = time.monotonic(), torch.get_default_device()
    result: dict[str, Any] = {"device": card(device), **facts(), "small": options.small, "parts": {}}
    torch.set_default_device(device)
    torch.manual_seed(0)
    if device.type == "cpu":
        torch.set_num_threads(1)
    try:
        for place, name in enumerate(options.only):
            left = start + 60 * options.minutes - time.monotonic()
            until = time.monotonic() + left * (0.5 if place + 1 < len(options.only) else 1.0)
            result["parts"][name] = records(name, device, options.small, until)
            result["seconds"] = time.monotonic() - start
            if options.out is not None:
                options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    finally:
        torch.set_default_device(before)
    every = [record for part in result["parts"].values() for record in part]
    return int(any("failed" in record or record.get("within") is False for record in every))


if __name__ == "__main__":
    sys.exit(main())
