"""What took part in a run, besides its arguments: versions, revision, machine, load and times."""

import os
import platform
import subprocess
import time
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

import gnnseq

_PACKAGES = ("torch", "torch-geometric", "torch-scatter", "numpy", "joblib")


def surroundings() -> dict[str, Any]:
    """Versions, threads, machine and its load at this moment, and the time, as plain values."""
    return {
        "versions": _versions(),
        "threads": torch.get_num_threads(),
        "host": {
            "system": platform.system(),
            "machine": platform.machine(),
            "capability": torch.backends.cpu.get_cpu_capability(),
            "cpus": os.cpu_count(),
            "load": [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        },
        "started": now(),
    }


def now() -> str:
    """The time in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@lru_cache(maxsize=1)
def git_revision() -> dict[str, Any] | None:
    """The commit that gnnseq is imported from, and whether files were changed since; None outside a checkout."""
    folder = Path(gnnseq.__file__).parent
    if _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    revision = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return None if revision is None else {"revision": revision, "changed": bool(changes)}


def _git(folder: Path, *arguments: str) -> str | None:
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "gnnseq": gnnseq.__version__}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
