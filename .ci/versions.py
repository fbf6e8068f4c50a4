"""Runs the tests on other versions of Python, torch and PyG: python3 .ci/versions.py [--rows NAME ...]. Hours.

Every row gets an environment of its own, which is removed afterwards; torch and the rest are downloaded with pip's own
settings. What was installed and how the tests ended is a line of runs/versions.jsonl, from which a table is printed. A
row whose interpreter is not on PATH is left out: PATH="$(pyenv prefix 3.12)/bin:$PATH" puts one there.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = ("cluster", "dev", "docs", "experiments", "tensorboard")
REPORTED = ("torch", "torch-geometric", "numpy", "networkx")


@dataclass(frozen=True)
class Row:
    """Versions to test.

    Attributes:
        name: of the row.
        python: its minor version.
        pins: versions by package; the others are those of constraints.txt.
        oldest: take the oldest version that pyproject.toml allows of the others, instead.
    """

    name: str
    python: str
    pins: tuple[tuple[str, str], ...] = ()
    oldest: bool = False


# Each row differs in several versions, so that few runs cover all that pyproject.toml allows.
ROWS = (
    Row("oldest", "3.11", (("pyparsing", "3.2.5"),), oldest=True),  # matplotlib's: newer ones warn about its calls
    Row("torch-2.12", "3.12", (("torch", "2.12.1"), ("torch-geometric", "2.7.0"))),
    Row("torch-2.14", "3.13", (("torch", "2.14.1"), ("torch-geometric", "2.8.0"))),
    Row("torch-2.15", "3.12", (("torch", "2.15.0"),)),
    Row("python-3.14", "3.14", (("torch", "2.15.0"),)),
)


def canonical(name: str) -> str:
    """A package's name as indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lower_bounds() -> dict[str, str]:
    """The oldest version that pyproject.toml allows, by package; tools are not asked for an old one."""
    extras = PROJECT["optional-dependencies"]
    used = [
        *PROJECT["dependencies"],
        *(each for name in ("cluster", "experiments", "tensorboard") for each in extras[name]),
    ]
    pairs = (re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])?>=([\w.]+)", requirement) for requirement in used)
    return {canonical(pair[1]): pair[2] for pair in pairs if pair is not None}


def constraints(row: Row) -> list[str]:
    """The lines that pip is held to."""
    pins = dict(row.pins) | (lower_bounds() if row.oldest else {})
    lines = [] if row.oldest else (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if "==" in line and canonical(line.partition("==")[0]) not in pins]
    return [*kept, *(f"{name}=={version}" for name, version in pins.items())]


def interpreter(python: str) -> str | None:
    """An interpreter of a minor version that runs, or None."""
    path = shutil.which(f"python{python}")
    if path is None or subprocess.run([path, "-c", ""], capture_output=True).returncode:
        return None
    return path


def install(row: Row, python: str, folder: Path) -> Path:
    """Makes an environment with the row's versions; its interpreter."""
    subprocess.run([python, "-m", "venv", folder / "env"], check=True)
    own, pins = folder / "env" / "bin" / "python", folder / "pins.txt"
    pins.write_text("\n".join(constraints(row)) + "\n", encoding="utf-8")
    pip = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", pins]
    subprocess.run([*pip, "--upgrade", "setuptools", "wheel", "torch"], check=True)
    subprocess.run([*pip, "--no-build-isolation", "--editable", f"{ROOT}[{','.join(EXTRAS)}]"], check=True)
    return own


def test(own: Path, folder: Path, words: list[str]) -> dict[str, object]:
    """Runs the tests; how many passed, failed and were skipped, and the names of those that failed."""
    began, report = time.monotonic(), folder / "report.xml"
    command = [own, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", f"--junitxml={report}", *words]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    if not report.exists():
        return {"passed": 0, "failed": ["pytest itself"], "skipped": 0, "seconds": round(time.monotonic() - began)}
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = sum(case.find("skipped") is not None for case in cases)
    return {
        "passed": len(cases) - len(bad) - skipped,
        "failed": sorted(f"{case.get('classname')}::{case.get('name')}" for case in bad),
        "skipped": skipped,
        "seconds": round(time.monotonic() - began),
    }


def installed(own: Path) -> dict[str, str]:
    """The versions that were really tested."""
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    said = subprocess.run([own, "-c", code, *REPORTED], capture_output=True, text=True, check=True).stdout
    return dict(zip(REPORTED, said.split(), strict=True))


def run(row: Row, words: list[str]) -> dict[str, object]:
    """The record of a row."""
    python = interpreter(row.python)
    if python is None:
        return {"row": row.name, "python": row.python, "status": f"left out: no python{row.python} runs"}
    with tempfile.TemporaryDirectory() as name:
        try:
            own = install(row, python, Path(name))
        except subprocess.CalledProcessError as error:
            return {"row": row.name, "python": row.python, "status": f"not installed: {error}"}
        return {
            "row": row.name,
            "python": row.python,
            "status": "run",
            "tests": words or ["all"],
            "versions": installed(own),
            **test(own, Path(name), words),
        }


def table(records: list[dict[str, object]]) -> str:
    """The records as Markdown."""
    lines = ["| row | Python | torch | torch-geometric | tests |", "|---|---|---|---|---|"]
    for record in records:
        versions = record.get("versions", {"torch": "", "torch-geometric": ""})
        assert isinstance(versions, dict)
        failed = record.get("failed", [])
        assert isinstance(failed, list)
        tests = record["status"]
        if tests == "run":
            tests = f"{record['passed']:,} pass, {len(failed)} fail, {record['skipped']} skipped"
        lines.append(
            f"| {record['row']} | {record['python']} | {versions['torch']} | {versions['torch-geometric']} | {tests} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Runs the rows; 1 where a test failed or a row could not be installed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [row.name for row in ROWS]
    parser.add_argument("--rows", nargs="+", choices=names, default=names, help="which of them (default: all)")
    parser.add_argument(
        "--tests", nargs="+", default=[], help="words for pytest, such as tests/ops (default: the whole suite)"
    )
    options = parser.parse_args()
    output, records = ROOT / "runs" / "versions.jsonl", []
    output.parent.mkdir(exist_ok=True)
    for row in ROWS:
        if row.name in options.rows:
            print(f"{row.name} ...", flush=True)
            records.append(run(row, options.tests))
            with output.open("a", encoding="utf-8") as file:
                file.write(json.dumps(records[-1]) + "\n")
    print(table(records))
    return int(any(record.get("failed") or record["status"] != "run" for record in records))


if __name__ == "__main__":
    sys.exit(main())
