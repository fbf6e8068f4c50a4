"""Writes the tables of benchmarks.md, results/benchmarks/rows.md and layers/machinery.md.

    PYTHONPATH=. python docs/make_benchmarks.py

The records in docs/results come from two runs on one thread and one on two:

    python benchmarks/run.py --threads 1 --rounds 7 --out docs/results/benchmarks_1.json
    python benchmarks/run.py --threads 1 --rounds 5 --out docs/results/benchmarks_2.json
    python benchmarks/run.py --threads 2 --rounds 3 --out docs/results/benchmarks_2_threads.json

The rows of linear recurrences come from a run of their own, with the folder src of pLSTM's repository:

    PYTHONPATH=src python benchmarks/run.py linear --threads 1 --rounds 7 --out docs/results/benchmarks_linear.json

Those of the GPU are of the two commands in docs/results/gpu.json.
"""

import json
from pathlib import Path
from typing import Any

from stored import fill, fill_all

from benchmarks.table import HEADER, line

DOCS = Path(__file__).parent
PAGE, ROWS = DOCS / "benchmarks.md", DOCS / "results" / "benchmarks" / "rows.md"
LINEAR = DOCS / "layers" / "machinery.md"
RUNS = {
    "benchmarks_1": "One thread, first run: `benchmarks/run.py --threads 1 --rounds 7`",
    "benchmarks_2": "One thread, second run: `benchmarks/run.py --threads 1 --rounds 5`",
    "benchmarks_2_threads": "Two threads: `benchmarks/run.py --threads 2 --rounds 3`",
}

Record = dict[str, Any]


def records(name: str) -> list[Record]:
    """The records of a stored run."""
    found: list[Record] = json.loads((DOCS / "results" / f"{name}.json").read_text(encoding="utf-8"))["records"]
    return found


def ratio(record: Record) -> str:
    """The peer's time over ours, bold where it misses its goal."""
    text = f"{record['ratio']:.2f}"
    return text if record["ratio"] >= record["goal"] else f"**{text}**"


def table() -> str:
    """Markdown: the rows that have a goal, with the ratios of the three runs."""
    lines = [
        "| row | work | peer | 1 thread | second run | goal | 2 threads | goal |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for one, again, two in zip(*map(records, RUNS), strict=True):
        if one["goal"] is not None:
            goal, goal_of_two = f"{one['goal']:.2f}", f"{two['goal']:.2f}"
            ratios = [ratio(one), ratio(again), goal, ratio(two), goal_of_two]
            lines.append(f"| `{one['row']}` | {one['work']} | {one['peer']} | {' | '.join(ratios)} |")
    return "\n".join(lines) + "\n"


def rows() -> str:
    """The page of all columns."""
    blocks = [
        f"## {title}\n\n```\n" + "\n".join([HEADER, *(line(record).rstrip() for record in records(name))]) + "\n```\n"
        for name, title in RUNS.items()
    ]
    return BEGIN + "\n" + "\n".join(blocks)


def gpu_errors(records: list[Record]) -> str:
    """Markdown: each kind of number on the GPU, the cases, and the largest errors without the case of the ReLU."""
    lines = ["| numbers | cases | largest error of outputs | of gradients |", "|---|---:|---:|---:|"]
    for kind in dict.fromkeys(record["kind"] for record in records):
        own = [record["errors"] for record in records if record["kind"] == kind and record["within"]]
        errors = [f"{max(pair[place] for pair in own):.0e}" for place in (0, 1)]
        lines.append(f"| {kind} | {len(own)} | {' | '.join(errors)} |")
    return "\n".join(lines) + "\n"


def gpu_rows(records: list[Record]) -> str:
    """Markdown: the rows that were timed on the GPU."""
    lines = ["| row | work | peer | ratio | ours |", "|---|---|---|---:|---:|"]
    for record in (record for record in records if "ratio" in record):
        times = f"{record['ratio']:.2f} | {1e3 * record['ours_s']:.2f} ms"
        lines.append(f"| `{record['row']}` | {record['work']} | {record['peer']} | {times} |")
    return "\n".join(lines) + "\n"


def linear_rows() -> str:
    """Markdown: linear recurrences, with both times."""
    lines = ["| work | `linear_scan` | peer | ratio |", "|---|---:|---|---:|"]
    for each in records("benchmarks_linear"):
        ours, peer = (f"{1e3 * each[side]:,.1f} ms" for side in ("ours_s", "peer_s"))
        work = each["work"].removeprefix("linear recurrence, ")
        lines.append(f"| {work} | {ours} | {each['peer']}, {peer} | {ratio(each)} |")
    return "\n".join(lines) + "\n"


BEGIN = """# Speed and memory: all columns

Made by `PYTHONPATH=. python docs/make_benchmarks.py`; [how it is measured](../../benchmarks.md#method).

- *ratio*: the peer's time divided by ours; *goal*: its goal, `+` where it is met.
- *GFLOP*, *MB*: dense products, and operands and results of all operations, on our side. Products of fused kernels are
  counted by formula (paths of one length) or not at all (empty).
- *share*: the part of our time that the products would take at the rate of a 1024 x 1024 product of the same run.
- *load*: the machine's load average, which includes the rows before.
- *memory*: the peak of a pass over what the process held before, in a process of its own after one pass.
"""


def filled(page: str) -> str:
    """A page with its table put in anew."""
    gpu = json.loads((DOCS / "results" / "gpu.json").read_text(encoding="utf-8"))
    errors = gpu_errors(gpu["checks"]["parts"]["correctness"])
    return fill_all(page, {"rows": table(), "gpu": errors, "gpu rows": gpu_rows(gpu["timed"]["parts"]["rows"])})


if __name__ == "__main__":
    ROWS.parent.mkdir(exist_ok=True)
    ROWS.write_text(rows(), encoding="utf-8")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    LINEAR.write_text(fill(LINEAR.read_text(encoding="utf-8"), "linear", linear_rows()), encoding="utf-8")
