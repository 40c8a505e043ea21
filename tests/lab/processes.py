"""Daemons of the lab: started, waited for, and stopped by pid."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class LabError(RuntimeError):
    """A part of the lab did not come up; the text names it and shows the end of its log."""


@dataclass(frozen=True)
class Daemon:
    """A process that we started in a session of its own, with its output in `log`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self, timeout: float = 10) -> None:
        """End it with SIGTERM, after `timeout` seconds with SIGKILL. Safe to repeat."""
        if not self.alive():
            return
        os.kill(self.pid, signal.SIGCONT)  # a stopped process would not see the SIGTERM
        self.process.terminate()
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tail(self, lines: int = 25) -> str:
        """The last `lines` lines of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def start(
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Daemon:
    """Start `argv` detached from the terminal; its output goes to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            env=None if env is None else dict(env), cwd=cwd, start_new_session=True,
        )  # fmt: skip
    return Daemon(Path(argv[0]).name, process, log)


def wait_until(
    condition: Callable[[], T],
    *,
    timeout: float,
    what: str,
    daemon: Daemon | None = None,
    interval: float = 0.05,
) -> T:
    """Poll `condition` until it is true and return its value.

    Raises `LabError` after `timeout` seconds, or at once when `daemon` has died.
    """
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if daemon is not None and not daemon.alive():
            raise LabError(f"{daemon.name} ended while waiting for {what}\n{daemon.tail()}")
        if time.monotonic() > deadline:
            tail = f"\n{daemon.tail()}" if daemon is not None else ""
            raise LabError(f"waited {timeout:g} s for {what}{tail}")
        time.sleep(interval)
    return value
