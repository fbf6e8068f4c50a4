"""The table of what torch's tools do with every layer, in layers/machinery.md, from the contract tests' predicates.

PYTHONPATH=.:tests:docs python docs/make_promises.py
"""

from pathlib import Path

from layer_cases import CASES, Readout, exported, is_whole
from stored import fill

PAGE = Path(__file__).parent / "layers" / "machinery.md"
COLUMNS = ("compile", "fullgraph", "export", "half precision", "deepcopy, pickle, replicate", "averaged, meta")


def table() -> str:
    """Markdown, a layer a row."""
    lines = [f"| layer | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, cases in CASES.items():
        whole, programs = {is_whole(case) for case in cases}, {exported(case) for case in cases}
        assert len(whole) == len(programs) == 1, f"the cases of {name} differ"
        weights = "no weights" if isinstance(cases[0], Readout) else "yes"
        cells = [
            "yes",
            "yes" if whole.pop() else "refused",
            programs.pop().replace("none", "refused"),
            "yes",
            "yes",
            weights,
        ]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), "promises", table()), encoding="utf-8")
