"""Records as lines of a plain table."""

from typing import Any

HEADER = (
    f"{'row':<24}{'thr':>4}{'ours ms':>10}{'peer ms':>10}{'ratio':>8}{'quartiles':>16}{'goal':>7}  "
    f"{'GFLOP':>7}{'MB':>8}{'share':>7}{'load':>6}  memory"
)


def line(record: dict[str, Any]) -> str:
    """One row of the table."""
    start = f"{record['row']:<24}{record['threads']:>4}"
    for reason in ("absent", "disagreement"):
        if reason in record:
            return f"{start}  {reason}: {record[reason]}"
    low, high = record["ratio_quartiles"]
    share = record["share_of_limit"]
    goal = record["goal"]
    met = " " if goal is None else ("+" if record["ratio"] >= goal else "-")
    return (
        f"{start}{1e3 * record['ours_s']:>10.2f}{1e3 * record['peer_s']:>10.2f}{record['ratio']:>8.2f}"
        f"{f'{low:.2f} - {high:.2f}':>16}{'' if goal is None else f'{goal:.2f}':>7}{met} "
        f"{record['gemm_flops'] / 1e9:>7.2f}{record['bytes'] / 1e6:>8.1f}{'' if share is None else f'{share:.0%}':>7}"
        f"{record['load']:>6.1f}  {_memory(record)}"
    )


def _memory(record: dict[str, Any]) -> str:
    if "ours_peak_bytes" not in record:
        return ""
    ours, theirs = record["ours_peak_bytes"], record["peer_peak_bytes"]
    goal = record["memory_goal"]
    aim = "" if goal is None else f", goal {goal:.1f}{'+' if theirs >= goal * ours else '-'}"
    return f"{ours / 1e6:.0f} of {theirs / 1e6:.0f} MB, {theirs / max(ours, 1):.1f} times less{aim}"
