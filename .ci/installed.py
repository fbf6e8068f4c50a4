"""Run where the wheel of gnnseq is installed: python -I installed.py (bare | extras).

``bare``: nothing but what gnnseq requires is there. Everything imports, and a feature that needs more names its extra.
``extras``: the packages of the extras are there too, and these features work.
"""

import importlib
import importlib.util
import pkgutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from importlib.metadata import metadata
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gnnseq
from gnnseq.extras import require

ABSENT = ("joblib", "lightning_fabric", "pandas", "scipy", "dask", "tensorboard", "torch_scatter", "pytest", "nltk")


def paired_t() -> Any:
    """The paired t test."""
    from gnnseq.results.paired import paired_t

    assert 0 < paired_t([0.1, 0.2, 0.4]) < 0.2


def interval() -> Any:
    """An interval of a mean."""
    import torch

    from gnnseq.analysis.profile import mean_interval

    found = mean_interval(torch.tensor([[1.0], [2.0], [4.0]]))
    assert found.low < found.mean < found.high


def fabric() -> Any:
    """Training led by Lightning Fabric."""
    from gnnseq.training.devices import FabricDevices

    if importlib.util.find_spec("lightning_fabric") is None:
        FabricDevices(SimpleNamespace())  # type: ignore[arg-type]
    from lightning_fabric import Fabric

    assert FabricDevices(Fabric(accelerator="cpu", devices=1)).world == 1


def tensorboard() -> Any:
    """Curves of a training for TensorBoard."""
    from gnnseq.training.writer import TensorBoard

    with tempfile.TemporaryDirectory() as folder:
        with TensorBoard(folder):
            pass
        assert list(Path(folder).iterdir())


def cluster() -> Any:
    """Trials handed to a backend of joblib's."""
    joblib = require("joblib", "experiments")
    distributed = require("distributed", "cluster")
    with distributed.Client(processes=False, dashboard_address=None, n_workers=1), joblib.parallel_config("dask"):
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(n) for n in (-1, -2)) == [1, 2]


FEATURES: dict[Callable[[], Any], str] = {
    paired_t: "experiments",
    interval: "experiments",
    fabric: "experiments",
    tensorboard: "tensorboard",
}


def bare() -> str:
    """Everything imports without the extras; what needs one says which."""
    present = [name for name in ABSENT if importlib.util.find_spec(name)]
    assert not present, present
    names = [module.name for module in pkgutil.walk_packages(gnnseq.__path__, "gnnseq.")]
    for name in names:
        importlib.import_module(name)
    for feature, extra in FEATURES.items():
        try:
            feature()
        except ImportError as error:
            assert f'pip install "gnnseq[{extra}]"' in str(error), error
        else:
            raise AssertionError(f"{feature.__name__} works without the extra {extra}")
    return f"{len(names)} modules import without the extras, {len(FEATURES)} features name theirs; {commands()}"


def commands() -> str:
    """The command line, started in a folder without a checkout."""
    from gnnseq.__main__ import COMMANDS, listing, script

    assert all(script(name).is_relative_to(Path(gnnseq.__file__).parent) for name in COMMANDS)
    tiny = ("--show", "sight", "--models", "lstm", "--seeds", "1", "--steps", "4", "--width", "4")
    installed, module = (Path(sys.prefix, "bin", "gnnseq"),), (sys.executable, "-I", "-m", "gnnseq")
    with tempfile.TemporaryDirectory() as folder:
        for start in (installed, module):
            assert said(*start, "--version", cwd=folder) == f"gnnseq {gnnseq.__version__}\n"
            assert said(*start, cwd=folder) == listing()
        said(*installed, "reach", *tiny, cwd=folder)
        assert Path(folder, "runs", "sight", "sight.png").is_file()
    return f"{len(COMMANDS)} commands of gnnseq {gnnseq.__version__} start"


def said(*command: str | Path, cwd: str) -> str:
    """What a command prints."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def extras() -> str:
    """What needs an extra works with it."""
    for feature in (*FEATURES, cluster):
        feature()
    return f"{len(FEATURES) + 1} features work with the extras"


def main() -> None:
    """Looks at the installed package, then at its features."""
    assert sys.prefix in gnnseq.__file__, gnnseq.__file__
    assert metadata("gnnseq")["Version"] == gnnseq.__version__
    assert (files("gnnseq") / "py.typed").is_file()
    warnings.simplefilter("ignore")
    print("package:", {"bare": bare, "extras": extras}[sys.argv[1]]())


if __name__ == "__main__":
    main()
