"""Speed and memory against the peers: results agree first, then both sides run in turn.

    python benchmarks/run.py                        all rows, on 1 and on 2 threads
    python benchmarks/run.py gcrn-network gcn       some of them
    python benchmarks/run.py --list

Ratios are medians over the rounds of the peer's time to ours: process CPU time on one thread, wall-clock time on
more. Peers that are not installed are listed as absent; benchmarks/setup.sh installs them in a separate environment.
"""

import argparse
import json
import sys
import warnings
from pathlib import Path

import torch

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import memory
from benchmarks.machine import Gemm, facts, load
from benchmarks.measure import Record, measure
from benchmarks.row import AbsentError, Row
from benchmarks.rows import ROWS
from benchmarks.table import HEADER, line


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help="rows to run, by name or by its beginning (default: all)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (default: 1 2)")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each row (default: 15)")
    parser.add_argument("--memory", action="store_true", help="peak memory of every row, not only where it has a goal")
    parser.add_argument("--out", type=Path, help="file of the JSON records")
    parser.add_argument("--list", action="store_true", help="list the rows and stop")
    parser.add_argument("--peak-of", type=int, choices=[0, 1], help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def chosen(names: list[str]) -> list[Row]:
    """The rows that were named.

    Raises:
        SystemExit: for a name that no row begins with.
    """
    for name in names:
        if not any(row.name.startswith(name) for row in ROWS):
            raise SystemExit(f"no row is called {name}; there are {', '.join(row.name for row in ROWS)}")
    return [row for row in ROWS if not names or any(row.name.startswith(name) for name in names)]


def run_row(row: Row, threads: int, options: argparse.Namespace, gemm: Gemm) -> Record:
    """One record, with the reason where there is no ratio."""
    try:
        record = measure(row, threads, options.rounds, gemm)
    except AbsentError as reason:
        return {"row": row.name, "threads": threads, "absent": str(reason)}
    except ValueError as reason:
        return {"row": row.name, "threads": threads, "disagreement": str(reason)}
    if options.memory or (row.memory is not None and threads == options.threads[0]):
        peaks = [memory.peak_elsewhere(row.name, side, threads) for side in (0, 1)]
        record |= {"ours_peak_bytes": peaks[0], "peer_peak_bytes": peaks[1], "memory_goal": row.memory}
    return record


def print_peak(row: Row, side: int, threads: int) -> None:
    """What `memory.peak_elsewhere` reads."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    print(json.dumps(memory.peak(row.make()[side].run)))


def main(arguments: list[str] | None = None) -> int:
    """Runs the rows, prints the table and writes the records; 1 where results disagree."""
    options = parse(arguments)
    warnings.simplefilter("ignore")
    rows = chosen(options.rows)
    if options.list:
        print("\n".join(f"{row.name:<24}{row.work} | {row.peer}" for row in rows))
        return 0
    if options.peak_of is not None:
        print_peak(rows[0], options.peak_of, options.threads[0])
        return 0
    before, gemm, records = load(), Gemm(), []
    print(HEADER)
    for row in rows:
        for threads in options.threads:
            record = run_row(row, threads, options, gemm)
            records.append(record)
            print(line(record), flush=True)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({**facts(), "load_before": before, "records": records}, indent=1) + "\n")
    return 1 if any("disagreement" in record for record in records) else 0


if __name__ == "__main__":
    sys.exit(main())
