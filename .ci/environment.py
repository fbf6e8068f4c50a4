"""Environments in which gnnseq's wheel stands beside what it requires, and nothing else.

What it requires is not installed anew: links lead to the files of the project's own environment.
"""

import re
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement


def canonical(name: str) -> str:
    """A package's name as indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(name: str, extra: str = "", found: set[tuple[str, str]] | None = None) -> set[str]:
    """Names of the packages that a package needs with one of its extras, itself included."""
    found = set() if found is None else found
    if (name, extra) not in found:
        found.add((name, extra))
        for needed in map(Requirement, distribution(name).requires or []):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                for further in {"", *needed.extras}:
                    requirements(canonical(needed.name), further, found)
    return {package for package, _ in found}


def link(names: set[str], site: Path) -> None:
    """Puts links to the installed files of packages into another environment's site-packages."""
    for name in names:
        package = distribution(name)
        tops = {file.parts[0] for file in package.files or [] if file.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            if not (site / top).exists():
                (site / top).symlink_to(str(package.locate_file(top)))


def create(folder: Path) -> tuple[Path, Path]:
    """An environment with what gnnseq requires: its interpreter and its site-packages."""
    venv.create(folder, symlinks=True)
    site = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    link(requirements("gnnseq") - {"gnnseq"}, site)
    return folder / "bin" / "python", site
