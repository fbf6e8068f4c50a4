"""The machine under the benchmark: how fast it multiplies, how busy it is, which versions it runs."""

import gc
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import torch

PACKAGES = ("torch", "torch-geometric", "numpy", "dgl", "pytorch-tree-lstm", "torch-geometric-temporal")
_SIDE = 1024


def clock(threads: int) -> Callable[[], float]:
    """Process CPU time on one thread, which other programs disturb least; else, and on a GPU, wall-clock time."""
    return time.process_time if threads == 1 and not _on_gpu() else time.perf_counter


def _on_gpu() -> bool:
    return torch.get_default_device().type == "cuda"


def settle() -> None:
    """Waits for the GPU, where the work is on one."""
    if _on_gpu():
        torch.cuda.synchronize()


def seconds(call: Callable[[], object], repeats: int, threads: int) -> float:
    """Time of one call, as the mean over some without a garbage collection in between."""
    now = clock(threads)
    gc.collect()
    gc.disable()
    try:
        settle()
        start = now()
        for _ in range(repeats):
            call()
        settle()
        return (now() - start) / repeats
    finally:
        gc.enable()


class Gemm:
    """A float32 product of two square matrices, the rate that the arithmetic could reach."""

    def __init__(self) -> None:
        self.a, self.b = torch.randn(_SIDE, _SIDE), torch.randn(_SIDE, _SIDE)
        self.out = torch.empty(_SIDE, _SIDE)

    def rate(self, threads: int) -> float:
        """FLOPs per second, measured now."""
        return 2.0 * _SIDE**3 / seconds(lambda: torch.mm(self.a, self.b, out=self.out), 3, threads)


def facts() -> dict[str, object]:
    """Versions and processor."""
    return {
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def load() -> float:
    """Processes that ran or waited over the last minute, on average."""
    return os.getloadavg()[0]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
