"""The table of what torch's tools do with every layer, in layers/machinery.md, from the contract tests' predicates.

PYTHONPATH=.:tests:docs python docs/make_promises.py
"""

from pathlib import Path

from layer_cases import CASES, Readout, exported, is_whole
from stored import fill

PAGE = Path(__file__).parent / "layers" / "machinery.md"
COLUMNS = ("compile", "fullgraph", "export", "ONNX", "half precision", "copies", "averaged", "meta", "FSDP2")
WHOLE = {
    frozenset([True]): "yes",
    frozenset([False]): "refused",
    frozenset([True, False]): "around layers that take an operator",
}


def table() -> str:
    """Markdown, a layer a row."""
    lines = [f"| layer | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, cases in CASES.items():
        programs = {exported(case).replace("none", "refused") for case in cases}
        assert len(programs) == 1, f"the cases of {name} differ"
        program = programs.pop()
        weights = "no weights" if isinstance(cases[0], Readout) else "yes"
        whole = WHOLE[frozenset(is_whole(case) for case in cases)]
        onnx = "refused" if program == "refused" else "yes"
        cells = ["yes", whole, program, onnx, "yes", "yes", weights, weights, weights]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), "promises", table()), encoding="utf-8")
