"""Errors of every layer in half precision against float64: docs/results/precision.json and the table of precision.md.

    PYTHONPATH=.:tests:docs python docs/make_precision.py

It takes half a minute. The batches are those of `tests/layer_cases.py`.
"""

import copy
import json
from pathlib import Path
from typing import Any

import torch
from layer_cases import ALL, run
from stored import fill
from torch import Tensor

DOCS = Path(__file__).parent
RECORD, PAGE = DOCS / "results" / "precision.json", DOCS / "precision.md"
KINDS = {
    "float32": (torch.float32, None),
    "bfloat16": (torch.bfloat16, None),
    "float16": (torch.float16, None),
    "autocast bfloat16": (torch.float32, torch.bfloat16),
    "autocast float16": (torch.float32, torch.float16),
}


def passes(case: Any, dtype: torch.dtype, autocast: torch.dtype | None) -> tuple[list[Tensor], list[Tensor]]:
    """Outputs and states, and the gradients of a random projection of them, of features and weights."""
    layer, x, graphs, _ = run(case)
    layer, x = copy.deepcopy(layer).to(dtype), x.detach().to(dtype).requires_grad_()
    batch = torch.repeat_interleave(torch.tensor(graphs.sizes))
    with torch.autocast("cpu", autocast, enabled=autocast is not None):
        out = case.call(layer, x, graphs, batch)
    torch.manual_seed(0)
    loss = sum((part.double() * torch.randn(part.shape, dtype=torch.float64)).sum() for part in out)
    return out, list(torch.autograd.grad(loss, [x, *layer.parameters()], materialize_grads=True))


def error(found: list[Tensor], expected: list[Tensor]) -> float:
    """Norm of the difference over the norm of what is expected, all tensors joined."""
    a, b = (torch.cat([part.detach().double().flatten() for part in parts]) for parts in (found, expected))
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


def main() -> None:
    """Measures, and writes the record and the table."""
    rows = {str(param.id): measured(param.values[0]) for param in ALL}
    record = {"torch": torch.__version__, "command": "python docs/make_precision.py", "errors": rows}
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), "precision", table(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()
