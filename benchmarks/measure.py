"""Measures one row: agreement first, then both sides in turn."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from benchmarks.count import count
from benchmarks.machine import Gemm, clock, load, seconds, settle
from benchmarks.row import Row, Side, agree

Record = dict[str, Any]
_SAMPLE = 0.02  # seconds that one measurement should take at least


def measure(row: Row, threads: int, rounds: int, gemm: Gemm) -> Record:
    """A record of one row: times, ratio of each round, agreement, work.

    Raises:
        AbsentError: where the peer is not installed.
        ValueError: where results do not agree; there is no ratio then.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    ours, theirs = row.make()
    errors = agree(ours.results(), theirs.results(), row.tolerance)
    flops, moved = count(ours.run)
    record = _times(ours, theirs, threads, rounds, gemm)
    flops = flops if row.flops is None else row.flops
    return {
        "row": row.name,
        "work": row.work,
        "peer": row.peer,
        "threads": threads,
        "clock": "process CPU time" if clock(threads) is time.process_time else "wall clock",
        "goal": row.goal.get(threads),
        **record,
        "gemm_flops": flops,
        "bytes": moved,
        "share_of_limit": flops / record["gemm_rate"] / record["ours_s"] if flops else None,
        "largest_difference": max(errors.values()),
        "compared": sorted(errors),
        "load": load(),
    }


def _times(ours: Side, theirs: Side, threads: int, rounds: int, gemm: Gemm) -> Record:
    """Medians over rounds; in every other round the peer goes first."""
    repeats = [_repeats(side.run) for side in (ours, theirs)]
    a, b, rates = [], [], []
    for number in range(rounds):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            taken = seconds((ours, theirs)[side].run, repeats[side], threads)
            (a, b)[side].append(taken)
        rates.append(gemm.rate(threads))
    ratios = [their / our for our, their in zip(a, b, strict=True)]
    return {
        "rounds": rounds,
        "ours_s": statistics.median(a),
        "peer_s": statistics.median(b),
        "ratio": statistics.median(ratios),
        "ratio_quartiles": quartiles(ratios),
        "ours_quartiles_s": quartiles(a),
        "peer_quartiles_s": quartiles(b),
        "gemm_rate": statistics.median(rates),
    }


def quartiles(values: Sequence[float]) -> list[float]:
    """The first and the third."""
    if len(values) < 2:
        return [values[0], values[0]]
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return [first, third]


def _repeats(call: Callable[[], object]) -> int:
    """Calls that fill one measurement, after a first one to warm up."""
    call()
    settle()
    start = time.perf_counter()
    call()
    settle()
    return max(1, min(200, round(_SAMPLE / max(time.perf_counter() - start, 1e-6))))
