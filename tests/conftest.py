"""What every test relies on: one thread, a fixed seed, and torch-scatter used or switched off.

``GNNSEQ_WITHOUT_SCATTER=1`` hides torch-scatter from the tests and from the processes they start.
"""

import os
import random
import signal
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

WITHOUT_SCATTER = os.environ.get("GNNSEQ_WITHOUT_SCATTER") == "1"
if WITHOUT_SCATTER:  # before PyG looks for it
    sys.modules["torch_scatter"] = None  # type: ignore[assignment]
    hidden = str(Path(__file__).parent / "without_scatter")
    os.environ["PYTHONPATH"] = os.pathsep.join([hidden, *filter(None, [os.environ.get("PYTHONPATH")])])
os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that a test starts
os.environ["MPLBACKEND"] = "Agg"
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in a job that a shell runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

import hypothesis  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)
hypothesis.settings.register_profile("gnnseq", deadline=None, derandomize=True)
hypothesis.settings.load_profile("gnnseq")


@pytest.fixture(autouse=True)
def seed() -> Iterator[int]:
    """Every test starts from the same random state, in any order, and leaves torch's settings as they were."""
    number, before = 0, switches()
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002
    torch.manual_seed(number)
    yield number
    assert switches() == before, "the test changed a setting of torch that later tests of this process rely on"


def switches() -> dict[str, object]:
    """What decides in this process how torch computes."""
    return {
        "oneDNN": torch._C._get_mkldnn_enabled(),
        "cuDNN": torch.backends.cudnn.enabled,
        "threads": torch.get_num_threads(),
        "dtype": torch.get_default_dtype(),
        "gradients": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "denormals": bool(torch.full((), torch.finfo(torch.float32).tiny) / 2 == 0),
    }


def scatter_state() -> str:
    if WITHOUT_SCATTER:
        return "switched off by GNNSEQ_WITHOUT_SCATTER=1"
    try:
        return f"used, version {version('torch-scatter')}"
    except PackageNotFoundError:
        return "not installed"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"torch-scatter: {scatter_state()}")
