"""Errors of every layer in half precision against float64: docs/results/precision.json and the table of precision.md.

    PYTHONPATH=.:tests:docs python docs/make_precision.py

It takes a minute. The batches are those of `tests/layer_cases.py`.
"""

import copy
import json
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from layer_cases import ALL, run
from stored import fill
from torch import Tensor

from gnnseq.experiments import PalindromeTask, find_family

DOCS = Path(__file__).parent
RECORD, PAGE = DOCS / "results" / "precision.json", DOCS / "precision.md"
KINDS = {
    "float32": (torch.float32, None),
    "bfloat16": (torch.bfloat16, None),
    "float16": (torch.float16, None),
    "autocast bfloat16": (torch.float32, torch.bfloat16),
    "autocast float16": (torch.float32, torch.float16),
}


def passes(
    case: Any, dtype: torch.dtype, autocast: torch.dtype | None, device: torch.device | str = "cpu"
) -> tuple[list[Tensor], list[Tensor]]:
    """Outputs and states, and the gradients of a random projection of them, of features and weights."""
    with torch.device("cpu"):  # the same numbers for all devices
        layer, x, graphs, _ = run(case)
        batch = torch.repeat_interleave(torch.tensor(graphs.sizes))
    layer, x = copy.deepcopy(layer).to(device, dtype), x.detach().to(device, dtype).requires_grad_()
    with torch.device(device), torch.autocast(torch.device(device).type, autocast, enabled=autocast is not None):
        out = case.call(layer, x, graphs.to(device), batch.to(device))
    torch.manual_seed(0)
    drawn = [torch.randn(part.shape, dtype=torch.float64, device="cpu").to(device) for part in out]
    loss = sum((part.double() * weight).sum() for part, weight in zip(out, drawn, strict=True))
    return out, list(torch.autograd.grad(loss, [x, *layer.parameters()], materialize_grads=True))


def error(found: list[Tensor], expected: list[Tensor]) -> float:
    """Norm of the difference over the norm of what is expected, all tensors joined."""
    a, b = (torch.cat([part.detach().cpu().double().flatten() for part in parts]) for parts in (found, expected))
    return float((a - b).norm() / b.norm())


def measured(case: Any) -> dict[str, list[float]]:
    """For each kind the error of outputs and of gradients."""
    exact = passes(case, torch.float64, None)
    rows = {}
    for name, (dtype, autocast) in KINDS.items():
        found = passes(case, dtype, autocast)
        rows[name] = [float(f"{error(*pair):.1e}") for pair in zip(found, exact, strict=True)]
    return rows


def table(rows: dict[str, dict[str, list[float]]]) -> str:
    """Markdown, a layer a row: the largest error of its cases, outputs / gradients."""
    lines = [f"| layer | {' | '.join(KINDS)} |", "|---" * (len(KINDS) + 1) + "|"]
    for layer in dict.fromkeys(key.rpartition("-")[0] for key in rows):
        cases = [row for key, row in rows.items() if key.rpartition("-")[0] == layer]
        cells = [" / ".join(f"{max(row[kind][i] for row in cases):.0e}" for i in (0, 1)) for kind in KINDS]
        lines.append(f"| `{layer}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def trained(dtype: torch.dtype, autocast: torch.dtype | None, steps: int = 200) -> list[float]:
    """Mean loss of each 40 steps of an LSTM on palindromes of length 6; float16 with a GradScaler."""
    task, family = PalindromeTask(6), find_family("lstm")
    torch.manual_seed(0)
    model = family.build(task, 32, 8)
    family.initialise(model, task)
    model = model.to(dtype)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    scaler = torch.amp.GradScaler("cpu", enabled=autocast == torch.float16, init_scale=2.0**10)
    losses = []
    for batch in task.batches(family.view, 0, "train", 64, steps):
        with torch.autocast("cpu", autocast, enabled=autocast is not None):
            outputs = model(batch)
        loss = torch.nn.functional.cross_entropy(outputs.float(), batch.y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    return [round(fmean(losses[i : i + 40]), 3) for i in range(0, steps, 40)]


def curve_table(curves: dict[str, list[float]]) -> str:
    """Markdown, a kind a row."""
    lines = ["| steps | 1 to 40 | to 80 | to 120 | to 160 | to 200 |", "|---|---|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {kind} | {' | '.join(map(str, row))} |" for kind, row in curves.items())]) + "\n"


def main() -> None:
    """Measures, and writes the record and the tables."""
    rows = {str(param.id): measured(param.values[0]) for param in ALL}
    curves = {kind: trained(*KINDS[kind]) for kind in KINDS if kind != "float16"}
    command = "PYTHONPATH=.:tests:docs python docs/make_precision.py"
    record = {"torch": torch.__version__, "command": command, "errors": rows, "losses": curves}
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    text = fill(PAGE.read_text(encoding="utf-8"), "precision", table(rows))
    PAGE.write_text(fill(text, "losses", curve_table(curves)), encoding="utf-8")


if __name__ == "__main__":
    main()
