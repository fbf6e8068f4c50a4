""".ci/setup on copies of the checkout, with a pip that only notes what it is asked for; nothing is downloaded."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import packaging
import pytest

ROOT = Path(__file__).parents[1]
FAKES = (
    "torch",
    "torch_geometric/nn",
    "networkx",
    "matplotlib/pyplot",
    "numpy",
    "tqdm",
    "gnnseq",
    "scipy/stats",
    "pandas",
    "jupyterlab",
    "ipykernel",
)
PIP = """
import sys
from pathlib import Path
log = Path(sys.prefix, "asked")
if sys.argv[1] == "install":
    pins = Path(sys.argv[sys.argv.index("--constraint") + 1]).read_text()
    noted = [pin for pin in pins.split("\\n") if pin.startswith(("torch==", "numpy==", "tqdm=="))]
    with log.open("a") as file:
        file.write(" ".join(noted) + "\\n")
"""

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="a shell is needed")


def make_venv(folder, torch="2.13.0", pip=True):
    """An environment with empty packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python3*/site-packages")
    for name in FAKES:
        module = site / f"{name}.py"
        module.parent.mkdir(exist_ok=True)
        module.touch()
    install(folder, "torch", torch)
    if pip:
        (site / "pip" / "_vendor").mkdir(parents=True)
        (site / "pip" / "__main__.py").write_text(PIP)
        (site / "pip" / "_vendor" / "packaging").symlink_to(Path(packaging.__file__).parent)
    (folder / "mine").write_text("a user's notes")
    return folder


@pytest.fixture
def checkout(tmp_path):
    """What the script reads, and an interpreter whose environments have empty packages."""
    folder = tmp_path / "a checkout"
    (folder / ".ci").mkdir(parents=True)
    for name in (".ci/setup", "pyproject.toml", "constraints.txt", "Makefile"):
        shutil.copy(ROOT / name, folder / name)
    base, donor = tmp_path / "python", make_venv(tmp_path / "donor")
    (donor / "mine").unlink()
    base.write_text(
        f'#!/bin/sh\nif [ "$1" = -m ]; then\n    cp -a "{donor}/." "$3"\nelse\n    "{sys.executable}" "$@"\nfi\n'
    )
    base.chmod(0o755)
    return folder


def setup(checkout, level="core"):
    environment = os.environ | {"PYTHON": str(checkout.parent / "python")}
    command = ["sh", ".ci/setup", level]
    return subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def asked(checkout, *packages):
    """The pins of some packages in every call of pip."""
    log = checkout / ".venv" / "asked"
    calls = log.read_text().splitlines() if log.exists() else []
    return [
        " ".join(pin for pin in call.split() if pin.partition("==")[0] in (packages or ("torch",))) for call in calls
    ]


def install(venv, name, version):
    """An empty package with a version."""
    (site,) = venv.glob("lib/python3*/site-packages")
    about = site / f"{name}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "RECORD").write_text(f"{name}.py,,\n")


def test_without_a_venv_one_is_made_and_a_second_call_does_nothing(checkout):
    first = setup(checkout)
    assert first.returncode == 0, first.stderr
    assert "a virtual environment in .venv" in first.stdout
    assert (checkout / ".venv" / "made-in").read_text().strip() == str(checkout.resolve())
    calls = asked(checkout)
    again = setup(checkout)
    assert (again.returncode, again.stdout) == (0, "")
    assert asked(checkout) == calls == ["torch==2.13.0"] * 2


def test_the_lectures_need_the_core_and_jupyterlab(checkout):
    done = setup(checkout, "lectures")
    assert done.returncode == 0, done.stderr
    assert asked(checkout) == ["torch==2.13.0"] * 3
    assert not (checkout / ".venv" / "done-dev").exists()
    assert setup(checkout, "lectures").stdout == ""


@pytest.mark.parametrize(
    ("torch", "pinned"), [("2.12.1+cu128", "2.12.1+cu128"), ("2.99.0", "2.99.0"), ("2.1.0", "2.13.0")]
)
def test_a_venv_that_was_there_before_is_used_and_its_torch_stays_if_it_may(checkout, torch, pinned):
    venv = make_venv(checkout / ".venv", torch)
    done = setup(checkout)
    assert done.returncode == 0, done.stderr
    assert "the .venv found here is used" in done.stdout
    assert (venv / "mine").read_text() == "a user's notes"
    assert asked(checkout) == [f"torch=={pinned}"] * 2
    assert setup(checkout).stdout == ""


@pytest.mark.parametrize(("numpy", "pinned"), [("2.9.9", False), ("1.26.4", True)])
def test_the_user_s_packages_stay_where_pyproject_allows_them(checkout, numpy, pinned):
    venv = make_venv(checkout / ".venv")
    install(venv, "numpy", numpy)
    install(venv, "Some.Tool", "1.0")
    assert setup(checkout).returncode == 0
    assert (venv / "theirs").read_text().split() == ["Some.Tool", "numpy", "torch"]
    pins = [
        line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith(("numpy==", "tqdm=="))
    ]
    assert asked(checkout, "numpy", "tqdm") == [" ".join(pins[0 if pinned else 1 :])] * 2


def test_what_is_installed_from_here_gets_the_newer_pins_later(checkout):
    venv = make_venv(checkout / ".venv")
    assert setup(checkout).returncode == 0
    install(venv, "numpy", "2.9.9")  # as pip would have done
    (checkout / "constraints.txt").write_text("numpy==3.0\n")
    assert setup(checkout).returncode == 0
    assert asked(checkout, "numpy")[-1] == "numpy==3.0"


@pytest.mark.parametrize(
    "fault", ["no pip", "no python", "a link to nothing", "a link", "a file", "empty", "not an environment"]
)
def test_what_was_not_made_here_is_never_deleted(checkout, fault):
    venv = checkout / ".venv"
    if fault == "a file":
        venv.write_text("a user's notes")
    elif fault == "a link to nothing":
        venv.symlink_to(checkout / "elsewhere")
    elif fault == "empty":
        venv.mkdir()
    else:
        made = make_venv(checkout / "elsewhere" if fault == "a link" else venv, pip=fault == "not an environment")
        if fault == "a link":
            (made / "made-in").write_text(f"{checkout}\n")
            venv.symlink_to(made)
        if fault == "no python":
            shutil.rmtree(made / "bin")
        if fault == "not an environment":
            (made / "pyvenv.cfg").unlink()
    before = sorted(path.name for path in (venv.iterdir() if venv.is_dir() else [venv]))
    done = setup(checkout)
    assert done.returncode == 1
    assert "was not made by this script and cannot be used" in done.stderr
    assert venv.is_symlink() or venv.exists()
    assert sorted(path.name for path in (venv.iterdir() if venv.is_dir() else [venv])) == before


@pytest.mark.parametrize("fault", ["killed at once", "no python", "moved"])
def test_what_was_made_here_is_made_anew_where_it_does_not_work(checkout, fault):
    venv = checkout / ".venv"
    if fault == "killed at once":
        venv.mkdir()
    else:
        make_venv(venv)
    (venv / "made-in").write_text("/elsewhere\n" if fault == "moved" else f"{checkout.resolve()}\n")
    if fault == "no python":
        shutil.rmtree(venv / "bin")
    done = setup(checkout)
    assert done.returncode == 0, done.stderr
    assert "the .venv that was made here does not work; making it anew" in done.stdout
    assert not (venv / "mine").exists()


def test_make_clean_keeps_a_venv_that_was_not_made_here(checkout):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    venv = make_venv(checkout / ".venv")
    caches = [venv / "lib" / "__pycache__", checkout / "gnnseq" / "__pycache__"]
    for cache in caches:
        cache.mkdir(parents=True)
    subprocess.run(["make", "clean"], cwd=checkout, check=True, capture_output=True)
    assert (venv / "mine").exists()
    assert [cache.exists() for cache in caches] == [True, False]
    (venv / "made-in").write_text(f"{checkout}\n")
    subprocess.run(["make", "clean"], cwd=checkout, check=True, capture_output=True)
    assert not venv.exists()
