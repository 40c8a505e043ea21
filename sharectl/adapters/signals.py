"""The signals that ask us to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sharectl.errors import Interrupted


class SignalInterrupts:
    """`Interrupts`: SIGINT, SIGTERM and SIGHUP raise `Interrupted`, at once or after the shield.

    Inside `shielded` the first signal waits until the change is made; a second one of a human
    who has lost patience gets through.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self._shields = 0
        self._pending: Interrupted | None = None

    def install(self) -> None:
        """Take over the signals; only the main thread may."""
        for number in self._SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and background jobs
                signal.signal(number, self._arrived)

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Hold the first signal back until the end of the block."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        if not self._shields and self._pending is not None:
            raise self._pending

    def reset(self) -> None:
        """Forget a signal that has been dealt with."""
        self._pending = None

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        interrupted = Interrupted(f"interrupted by {signal.Signals(number).name}")
        again = self._pending is not None
        if self._shields and not again:
            self._pending = interrupted
            return
        self._pending = interrupted
        raise interrupted
