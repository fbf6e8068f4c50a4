"""Ctrl-C and SIGTERM take effect after the current step; a second one takes effect at once."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)  # from the keyboard; from a cluster that takes the machine back


class Interrupt:
    """While it is open, a first Ctrl-C or SIGTERM only sets `requested`; a second raises KeyboardInterrupt at once.

    Signals reach the main thread alone; in another thread, or where the program ignores a signal, nothing changes.
    Processes that are forked meanwhile, such as a loader's, leave Ctrl-C to this one and end by SIGTERM as before.

    Args:
        notice: written to the standard error at the first signal; None writes nothing.
    """

    def __init__(self, notice: str | None = None) -> None:
        self.requested = False
        self._notice = notice
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupt":
        self._process = os.getpid()
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before = {}

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            if number != signal.SIGINT:
                signal.signal(number, self._before[number])
                os.kill(os.getpid(), number)
            return
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        if self._notice is not None:
            print(f"\n{self._notice}", file=sys.stderr, flush=True)  # noqa: T201
