"""Time of each layer by operation: shares of matrix products, sparse products, element by element, copies, the rest.

    python benchmarks/where.py
    python benchmarks/where.py gcrn nary-256

Times every operation of our side of a row by process CPU time on one thread. "Rest" is what no operation accounts for:
Python, dispatch, autograd, integer arithmetic in NumPy; watching makes it larger than it is.
"""

import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.row import AbsentError
from benchmarks.run import chosen

KINDS = ("products", "kernels", "sparse", "elementwise", "copies", "rest")
_PRODUCTS = {"mm", "addmm", "addmm_", "bmm", "baddbmm"}
_KERNELS = {"mkldnn_rnn_layer", "mkldnn_rnn_layer_backward"}
_COPIES = {"cat", "stack", "clone", "copy_", "index_select", "index", "index_add", "index_add_", "index_copy",
           "index_copy_", "new_zeros", "zeros", "zeros_like", "fill_", "zero_", "_unsafe_view", "select_backward",
           "slice_backward", "constant_pad_nd", "split_with_sizes_copy", "index_put_", "index_put"}  # fmt: skip


class _Clock(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.seconds: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        start = time.process_time()
        out = func(*args, **(kwargs or {}))
        self.seconds[_kind(str(func._overloadpacket).removeprefix("aten."), func.is_view, args)] += (
            time.process_time() - start
        )
        return out


def _kind(name: str, is_view: bool, args: Any) -> str:
    if name in _PRODUCTS:
        sparse = any(isinstance(a, Tensor) and a.layout != torch.strided for a in args)
        return "sparse" if sparse else "products"
    if name in _KERNELS:
        return "kernels"
    if is_view:
        return "rest"
    return "copies" if name in _COPIES else "elementwise"


def shares(run: Callable[[], object], passes: int = 5) -> dict[str, float]:
    """Share of each kind in the time of a run."""
    run()
    with _Clock() as clock:
        start = time.process_time()
        for _ in range(passes):
            run()
        total = time.process_time() - start
    found = {kind: clock.seconds[kind] / total for kind in KINDS[:-1]}
    return {**found, "rest": 1 - sum(found.values())}


def main(names: list[str]) -> None:
    """Prints one line for each row."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    print(f"{'row':<24}" + "".join(f"{kind:>13}" for kind in KINDS))
    for row in chosen(names):
        torch.manual_seed(0)
        try:
            found = shares(row.make()[0].run)
        except AbsentError as reason:
            print(f"{row.name:<24}  absent: {reason}")
            continue
        print(f"{row.name:<24}" + "".join(f"{found[kind]:>13.0%}" for kind in KINDS), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
