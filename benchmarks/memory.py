"""Peak memory of one side of a row, in a separate process."""

import ctypes
import gc
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch

_RUN = Path(__file__).with_name("run.py")


def peak(run: Callable[[], object], warm: bool = True) -> int:
    """Bytes that a run takes at its peak, over what was held before: of a GPU, or of the process (Linux with glibc).

    A first run loads code and libraries' buffers; what it leaves unused is given back to the system.
    """
    if warm:
        run()
    gc.collect()
    if torch.get_default_device().type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return torch.cuda.max_memory_allocated() - before
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is from here on
    before = _status("VmRSS")
    run()
    return _status("VmHWM") - before


def peak_elsewhere(row: str, side: int, threads: int) -> int:
    """`peak` of a side of a row, 0 for gnnseq and 1 for the peer, in a fresh process."""
    command = [sys.executable, str(_RUN), row, "--peak-of", str(side), "--threads", str(threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    bytes_taken: int = json.loads(done.stdout.splitlines()[-1])
    return bytes_taken


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return 1024 * int(line.split()[1])
    raise OSError(f"/proc/self/status has no {field}")
