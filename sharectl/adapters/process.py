"""The only door to other programs: argument lists, no shell, closed stdin, a deadline."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sharectl.adapters import deadline
from sharectl.errors import HostFailed
from sharectl.host_files import advice, reason_of

# mount(8) calls its helpers by absolute path; ours are looked up where distributions put them.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C", "HOME": "/root"}
_START = 10.0  # seconds for a program to be loaded
_GRACE = 2.0  # seconds that a killed process gets to go away
_MOST_OUTPUT = 65536  # bytes of each stream that are kept
_MOST_READS = 32  # for what a pipe holds when its program has ended


class TimedOut(Exception):
    """The program did not end in time and was killed; it may hang in the kernel all the same."""


class Missing(HostFailed):
    """There is no such program on this host."""


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
    killed with its children when the time is up or when we are interrupted. Its output is read
    only until it ends: a daemon that it leaves behind could hold a pipe open for ever. Nothing is
    written to a file, since a disk may be full.

    Raises `TimedOut`; `Missing` when there is no such program; `Unavailable` when it cannot even be
    loaded in time; `HostFailed` when the system does not let it be started.
    """
    started: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        started.append(
            subprocess.Popen(
                list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=_ENVIRONMENT, cwd="/", start_new_session=True,
            )
        )  # fmt: skip

    try:
        # Not in the main thread, where a signal between fork and return loses the process.
        deadline.call(start, _START, f"the start of {argv[0]}", change=True)
        with _Output(started[0]) as output:
            output.follow(timeout)
            return Completed(started[0].returncode, *output.texts)
    except BaseException as error:
        for process in started:
            _kill(process)
        if isinstance(error, OSError):
            text = f"cannot run {argv[0]}: {reason_of(error)}"
            if isinstance(error, FileNotFoundError) and not started:
                where = " ".join(f"{folder}/{argv[0]}" for folder in ("/usr/bin", "/usr/sbin"))
                raise Missing(text, hint=f"see whether it is installed: ls {where}") from error
            raise HostFailed(text, hint=advice(error, Path(argv[0]))) from error
        raise


class _Output:
    """The pipes of a running program: standard output and standard error."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
        self._taken = {pipe.fileno(): bytearray() for pipe in self._pipes}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        for pipe in self._pipes:
            pipe.close()

    @property
    def texts(self) -> tuple[str, str]:
        """What was read of each."""
        out, err = (taken.decode(errors="replace") for taken in self._taken.values())
        return out, err

    def follow(self, timeout: float) -> None:
        """Read until the program ends, and then what is still in the pipes."""
        ended = os.pidfd_open(self._process.pid)
        try:
            with selectors.PollSelector() as selector:
                selector.register(ended, selectors.EVENT_READ)
                self._follow(selector, timeout)
        finally:
            os.close(ended)
        for number in self._taken:
            for _again in range(_MOST_READS):  # a daemon may go on writing
                if not self._read(number):
                    break

    def _follow(self, selector: selectors.PollSelector, timeout: float) -> None:
        end = time.monotonic() + timeout
        for number in self._taken:
            os.set_blocking(number, False)
            selector.register(number, selectors.EVENT_READ)
        while self._process.poll() is None:
            left = end - time.monotonic()
            if left <= 0:
                raise TimedOut(f"no answer in {timeout:g} s")
            for key, _events in selector.select(left):
                if key.fd in self._taken and self._read(key.fd) == b"":
                    selector.unregister(key.fd)

    def _read(self, number: int) -> bytes | None:
        """What there is now; nothing at the end, None when there may be more later."""
        try:
            data = os.read(number, _MOST_OUTPUT)
        except BlockingIOError:
            return None
        taken = self._taken[number]
        taken += data[: _MOST_OUTPUT - len(taken)]
        return data


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the session; a process in an uninterruptible wait is left to the kernel."""
    with suppress(OSError):  # it is gone, or has become somebody else's
        os.killpg(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + _GRACE
    with suppress(OSError):
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
