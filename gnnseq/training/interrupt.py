"""Ctrl-C that waits for a good moment, and a second one that does not."""

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any


class Interrupt:
    """While it is open, a first Ctrl-C only sets `requested`; a second one raises KeyboardInterrupt at once.

    Signals reach the main thread alone; in another thread, or where the program ignores Ctrl-C, nothing changes.

    Args:
        notice: written to the standard error at the first Ctrl-C; None writes nothing.
    """

    def __init__(self, notice: str | None = None) -> None:
        self.requested = False
        self._notice = notice
        self._before: Any = None

    def __enter__(self) -> "Interrupt":
        here = threading.current_thread() is threading.main_thread()
        if here and signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, None):
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        if self._notice is not None:
            print(f"\n{self._notice}", file=sys.stderr, flush=True)  # noqa: T201
