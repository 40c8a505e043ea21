"""The only door to other programs: argument lists, no shell, closed stdin, a deadline."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sharectl.adapters import deadline

# mount(8) calls its helpers by absolute path; ours are looked up where distributions put them.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C", "HOME": "/root"}
_START = 10.0  # seconds for a program to be loaded
_GRACE = 2.0  # seconds that a killed process gets to go away


class TimedOut(Exception):
    """The program did not end in time and was killed; it may hang in the kernel all the same."""


@dataclass(frozen=True)
class Completed:
    """How a program ended. `status` is negative for a signal."""

    status: int
    stdout: str
    stderr: str

    @property
    def reason(self) -> str:
        """Its last words on stderr, as one line, for an error message."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        return "; ".join(lines[-2:])[:400] or f"exit status {self.status}"


def run(argv: Sequence[str], *, timeout: float) -> Completed:
    """Run a program and wait up to `timeout` seconds.

    It runs in a session of its own, so that a Ctrl-C at the terminal does not reach it, and is
    killed with its children when the time is up or when we are interrupted. Output goes to
    files, not pipes: a daemon that it leaves behind could hold a pipe open for ever.

    Raises `TimedOut`; `FileNotFoundError` when there is no such program; `Unavailable` when it
    cannot even be loaded in time.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        started: list[subprocess.Popen[bytes]] = []

        def start() -> None:
            started.append(
                subprocess.Popen(
                    list(argv), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                    env=_ENVIRONMENT, cwd="/", start_new_session=True,
                )
            )  # fmt: skip

        try:
            # Not in the main thread, where a signal between fork and return loses the process.
            deadline.call(start, _START, f"the start of {argv[0]}", change=True)
            _wait(started[0], timeout)
        except BaseException:
            for process in started:
                _kill(process)
            raise
        return Completed(started[0].returncode, _text(stdout), _text(stderr))


def _wait(process: subprocess.Popen[bytes], timeout: float) -> None:
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired as error:
        raise TimedOut(f"no answer in {timeout:g} s") from error


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the session; a process in an uninterruptible wait is left to the kernel."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + _GRACE
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


def _text(handle: object) -> str:
    handle.seek(0)  # type: ignore[attr-defined]
    return str(handle.read(65536).decode(errors="replace"))  # type: ignore[attr-defined]
