"""Numbers too small for a processor's quick arithmetic."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def flushes_denormals() -> bool:
    """Whether this thread's arithmetic takes numbers below the smallest normal one for zero."""
    tiny = torch.full((), torch.finfo(torch.float32).tiny)
    return bool(tiny / 2 == 0)


@contextmanager
def denormals_flushed() -> Iterator[None]:
    """Numbers below 1e-38 (float32; 2e-308 in float64) count as zero inside, on this thread, where the processor can.

    Gradients that vanish through many steps, and their squares in an optimiser, get there. Arithmetic with them is then
    ten times slower and more, and changes nothing that an optimiser would notice.
    """
    before = flushes_denormals()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
