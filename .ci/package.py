"""Builds sdist and wheel, checks what is in them, and uses the wheel as a stranger would. Run it as ``make package``.

The stranger's environment has gnnseq's own requirements alone, then those of the extras too; mypy checks a small
project there. Nothing is downloaded. What passes lies in dist.
"""

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Literal

import environment
from build import ProjectBuilder
from packaging.metadata import Metadata
from pyproject_hooks import quiet_subprocess_runner
from trove_classifiers import classifiers

CI = Path(__file__).parent
ROOT = CI.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, SETUPTOOLS = PYPROJECT["project"], PYPROJECT["tool"]["setuptools"]
BESIDE = {"CHANGELOG.md", "CITATION.cff", "LICENSE", "MANIFEST.in", "PKG-INFO", "README.md"}
BESIDE |= {"pyproject.toml", "setup.cfg"}
TOOLS = {"dev", "docs", "lectures"}
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info")
TOP = {"benchmarks", "build", "dist", "docs", "results", "runs"}  # folders of the checkout, not of the package


def run(*command: str | Path) -> None:
    """Runs a command and ends here where it fails."""
    status = subprocess.run([str(part) for part in command]).returncode
    if status:
        sys.exit(status)


def differ(what: str, found: set[str], expected: set[str]) -> None:
    """Ends here where two sets of names differ."""
    if found != expected:
        sys.exit(f"package: {what}: too many {sorted(found - expected)}, missing {sorted(expected - found)}")


def build(source: Path, kind: Literal["sdist", "wheel"], folder: Path) -> Path:
    """An sdist or a wheel of a folder."""
    return Path(ProjectBuilder(source, runner=quiet_subprocess_runner).build(kind, folder))


def sources() -> set[str]:
    """What belongs into a package: the modules, the page's scripts and style, and the mark that they are typed."""
    package = ROOT / "gnnseq"
    kinds = ("*.py", "page/*.js", "page/*.css")
    return {str(path.relative_to(ROOT)) for kind in kinds for path in package.rglob(kind)} | {"gnnseq/py.typed"}


def scripts() -> set[str]:
    """The examples that are commands of gnnseq too; tests/test___main__.py compares this list with the folder."""
    return {f"{name.replace('.', '/')}.py" for name in SETUPTOOLS["py-modules"]}


def left_out(folder: str, names: list[str]) -> set[str]:
    """What of a folder's names is not copied."""
    found: set[str] = LEFT_OUT(folder, names)
    return found | (TOP & set(names) if Path(folder) == ROOT else set())


def build_sdist(folder: Path) -> Path:
    """From a copy of the checkout, so that no file of an earlier build gets in."""
    shutil.copytree(ROOT, folder / "tree", ignore=left_out)
    sdist = build(folder / "tree", "sdist", folder / "dist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
        names = {name.partition("/")[2] for name in archive.getnames() if archive.getmember(name).isfile()}
    beside = BESIDE | {name.removeprefix("gnnseq/") for name in scripts()}
    differ("sdist", {name for name in names if ".egg-info/" not in name}, sources() | beside)
    return sdist


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def build_wheel(sdist: Path, folder: Path) -> Path:
    """From the sdist; the checkout gives the same."""
    wheel = build(folder / "unpacked" / sdist.name.removesuffix(".tar.gz"), "wheel", folder / "dist")
    files = contents(wheel)
    info = f"gnnseq-{PROJECT['version']}.dist-info/"
    names = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "top_level.txt")
    differ("wheel", set(files), sources() | scripts() | {info + name for name in names})
    if files != contents(build(folder / "tree", "wheel", folder / "again")):
        sys.exit("package: the wheel from the sdist is not the one from the checkout")
    check_metadata(files[info + "METADATA"])
    return wheel


def check_metadata(text: bytes) -> None:
    """Whether an index would take it, and whether it says what pyproject.toml says."""
    data = Metadata.from_email(text, validate=True)
    assert data.license_expression == "MIT"
    assert data.description == (ROOT / "README.md").read_text(encoding="utf-8")
    assert data.description_content_type == "text/markdown"
    differ("classifiers", set(data.classifiers or []) - classifiers, set())
    differ("extras", set(data.provides_extra or []), set(PROJECT["optional-dependencies"]))


def check_archives(*archives: Path) -> None:
    """Whether an index would show the description, and whether the wheel has faults that are often made."""
    run(sys.executable, "-m", "twine", "check", "--strict", *archives)
    wheels = [path for path in archives if path.suffix == ".whl"]
    run(sys.executable, "-m", "check_wheel_contents", "--toplevel", "gnnseq", *wheels)


def check_client(python: Path) -> None:
    """Whether mypy, strict, passes the right project and reports each mistake of the wrong one."""
    cache = ROOT / ".mypy_cache" / "client"
    options = ("--strict", "--config-file=", f"--python-executable={python}", f"--cache-dir={cache}")
    mypy = (sys.executable, "-m", "mypy", *options, "right.py", "wrong.py")
    said = subprocess.run(mypy, cwd=CI / "client", capture_output=True, text=True).stdout
    found = set(re.findall(r"^(\w+\.py:\d+): error: .*\[([\w-]+)\]$", said, re.MULTILINE))
    lines = enumerate((CI / "client" / "wrong.py").read_text(encoding="utf-8").splitlines(), start=1)
    expected = {(f"wrong.py:{number}", line.partition("  # ")[2]) for number, line in lines if "  # " in line}
    if found != expected:
        sys.exit(f"package: mypy found {sorted(found)}, expected {sorted(expected)}:\n{said}")
    print(f"package: mypy --strict passes a project that uses gnnseq and reports {len(expected)} mistakes of another")


def main() -> None:
    """Builds, installs and checks, in a folder that is removed afterwards; keeps what passes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        sdist = build_sdist(folder)
        wheel = build_wheel(sdist, folder)
        check_archives(sdist, wheel)
        python, site = environment.create(folder / "env")
        run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
        run(python, "-I", CI / "installed.py", "bare")
        check_client(python)
        for extra in set(PROJECT["optional-dependencies"]) - TOOLS - {"scatter"}:
            environment.link(environment.requirements("gnnseq", extra) - {"gnnseq"}, site)
        run(python, "-I", CI / "installed.py", "extras")
        shutil.rmtree(ROOT / "dist", ignore_errors=True)
        shutil.copytree(folder / "dist", ROOT / "dist")
    print(f"package: dist/{sdist.name}, dist/{wheel.name}")


if __name__ == "__main__":
    main()
