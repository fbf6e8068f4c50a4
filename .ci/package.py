"""Builds the wheel and uses it where nothing but gnnseq's own requirements is installed.

The environment is a copy of the project's: links to the requirements of gnnseq and to theirs, so
that no extra and no tool is there. Run it as ``make package``.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import venv
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "gnnseq")
CHECK = """
import importlib, importlib.util, pkgutil, sys, warnings
from importlib.metadata import metadata
from importlib.resources import files

import gnnseq
assert sys.prefix in gnnseq.__file__, gnnseq.__file__
assert metadata("gnnseq")["Version"] == gnnseq.__version__
assert metadata("gnnseq")["License-Expression"] == "MIT"
assert (files("gnnseq") / "py.typed").is_file()
present = [name for name in ("pandas", "scipy", "joblib", "lightning_fabric", "nltk", "conllu",
           "dask", "tensorboard", "torch_scatter", "pytest") if importlib.util.find_spec(name)]
assert not present, present

warnings.simplefilter("ignore")
names = [m.name for m in pkgutil.walk_packages(gnnseq.__path__, "gnnseq.")]
for name in names:
    importlib.import_module(name)
try:
    gnnseq.extras.require("pandas", "experiments")
except ImportError as error:
    assert 'pip install "gnnseq[experiments]"' in str(error), error
else:
    raise AssertionError("require() found pandas")
print(f"package: gnnseq {gnnseq.__version__}, {len(names)} modules import without the extras")
"""


def requirements(name: str, found: set[str]) -> set[str]:
    """Names of the packages that ``name`` needs without extras, itself included."""
    if name not in found:
        found.add(name)
        for line in distribution(name).requires or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                requirements(re.sub(r"[-_.]+", "-", needed.name).lower(), found)
    return found


def link_package(name: str, folder: Path) -> None:
    """Puts links to the installed files of a package into another environment's folder."""
    package = distribution(name)
    tops = {file.parts[0] for file in package.files or [] if file.parts[0] != ".."}
    for top in tops - {"__pycache__"}:
        link = folder / top
        if not link.exists():
            link.symlink_to(str(package.locate_file(top)))


def run(*command: str | Path) -> None:
    """Runs a command and ends here where it fails."""
    status = subprocess.run([str(part) for part in command]).returncode
    if status:
        sys.exit(status)


def build_wheel(folder: Path) -> Path:
    """Builds from a copy, so that no file of an earlier build gets in."""
    copy = folder / "source"
    copy.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check")
    run(*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, copy)
    return next(folder.glob("gnnseq-*.whl"))


def main() -> None:
    """Builds, installs and checks, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        wheel = build_wheel(folder)
        venv.create(folder / "env", symlinks=True)
        site = next((folder / "env").glob("lib/python*/site-packages"))
        for package in requirements("gnnseq", set()) - {"gnnseq"}:
            link_package(package, site)
        python = folder / "env" / "bin" / "python"
        pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet")
        run(*pip, "--no-deps", "--no-index", wheel)
        run(python, "-I", "-c", CHECK)


if __name__ == "__main__":
    main()
