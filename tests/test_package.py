"""The package as a whole: cheap to import, complete, and clear about what is missing."""

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import get_args

import pytest

import gnnseq
from gnnseq.extras import Extra, require

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gnnseq"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in PACKAGE.rglob("*.py")
)


def run_python(code: str) -> str:
    """Standard output of a fresh interpreter that runs ``code``."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_is_cheap():
    heavy = "{'torch', 'torch_geometric', 'numpy', 'networkx', 'matplotlib', 'tqdm'}"
    loaded = f"print(sorted({heavy} & set(sys.modules)))"
    assert run_python(f"import sys; import gnnseq, gnnseq.extras; {loaded}") == "[]"


def test_only_plots_loads_matplotlib_pyplot():
    others = [name for name in gnnseq._SUBPACKAGES if name != "plots"]
    imports = "; ".join(f"import gnnseq.{name}" for name in others)
    code = "import sys, warnings; warnings.simplefilter('ignore'); " + imports
    assert run_python(code + "; print('matplotlib.pyplot' in sys.modules)") == "False"


def test_subpackages_are_the_folders():
    folders = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
    assert folders == sorted(gnnseq._SUBPACKAGES)
    assert set(gnnseq._SUBPACKAGES) <= set(dir(gnnseq))


def test_subpackages_come_on_first_use():
    code = "import sys, gnnseq; assert 'gnnseq.data' not in sys.modules; print(gnnseq.data)"
    assert "gnnseq.data" in run_python(code)


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="module 'gnnseq' has no attribute 'date'"):
        _ = gnnseq.date


@pytest.mark.parametrize("name", MODULES)
def test_module_imports_and_says_what_it_is(name):
    __import__(name)
    module = sys.modules[name]
    assert module.__doc__
    missing = [n for n in getattr(module, "__all__", []) if not hasattr(module, n)]
    assert missing == []


def test_version_is_the_project_s():
    assert gnnseq.__version__ == PROJECT["version"]


def test_require_returns_the_module():
    assert require("json.decoder", "experiments") is sys.modules["json.decoder"]


def test_require_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.delitem(sys.modules, "scipy.stats", raising=False)
    expected = r'^scipy is not installed; it comes with: pip install "gnnseq\[experiments\]"$'
    with pytest.raises(ImportError, match=expected):
        require("scipy.stats", "experiments")


def test_require_passes_on_other_faults(monkeypatch, tmp_path):
    (tmp_path / "gnnseq_broken.py").write_text("import gnnseq_nowhere")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="'gnnseq_nowhere'"):
        require("gnnseq_broken", "experiments")


def test_extras_are_the_project_s():
    tools = {"dev", "docs", "lectures"}
    assert set(get_args(Extra)) == set(PROJECT["optional-dependencies"]) - tools


def test_constraints_pin_every_requirement():
    lines = (ROOT / "constraints.txt").read_text().lower().splitlines()
    pinned = {line.partition("==")[0] for line in lines if "==" in line}
    groups = PROJECT["optional-dependencies"]
    wanted = PROJECT["dependencies"] + [r for g in groups.values() for r in g]
    names = {requirement.partition(">")[0].partition("[")[0] for requirement in wanted}
    assert names <= pinned


def scatter_is_installed() -> bool:
    try:
        return bool(version("torch-scatter"))
    except PackageNotFoundError:
        return False


def test_torch_scatter_is_used_or_hidden():
    used = scatter_is_installed() and os.environ.get("GNNSEQ_WITHOUT_SCATTER") != "1"
    assert import_module("torch_geometric.typing").WITH_TORCH_SCATTER is used
    look = "warnings.simplefilter('ignore'); import torch_geometric.typing as t"
    code = f"import warnings; {look}; print(t.WITH_TORCH_SCATTER)"
    assert run_python(code) == str(used)


def test_versions_are_those_that_the_pages_state():
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/start.md")]
    bounds = dict(r.split(">=") for r in PROJECT["dependencies"])
    pythons = [
        c.rpartition(" ")[2] for c in PROJECT["classifiers"] if c.startswith("Programming Language :: Python :: 3.")
    ]
    said = f"Python {pythons[0]} to {pythons[-1]}, torch {bounds['torch']} or newer, torch-geometric "
    assert [said + f"{bounds['torch-geometric']} or newer" in page for page in pages] == [True, True]
    assert PROJECT["requires-python"] == f">={pythons[0]}"
