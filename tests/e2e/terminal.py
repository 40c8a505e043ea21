"""sharectl on a terminal of the test's own."""

from __future__ import annotations

import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fcntl import ioctl
from typing import Literal

import pytest

from tests.e2e.world import ROOT, World

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|\][^\x07]*\x07|[=>])")
_COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|38|9[0-7]|4[0-7])(?:;\d+)*m")
_LONGEST_S = 60

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True)
class Screen:
    """What came out: on the terminal, and on the stream that was none."""

    status: int
    raw: str
    other: str

    @property
    def text(self) -> str:
        """Without the terminal's escape sequences."""
        return _ESCAPE.sub("", self.raw).replace("\r", "")

    @property
    def coloured(self) -> bool:
        return _COLOUR.search(self.raw) is not None


def on_terminal(
    world: World, *arguments: str, streams: tuple[Stream, ...] = ("stdout", "stderr"),
    columns: int = 120, extra: Mapping[str, str] | None = None,
) -> Screen:  # fmt: skip
    """Run sharectl with `streams` on a terminal of that many columns, the other one in a pipe."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = world.environment() | {"TERM": "xterm-256color"} | dict(extra or {})
    process = subprocess.Popen(
        world.argv(*arguments), env=environment, cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=theirs if "stdout" in streams else subprocess.PIPE,
        stderr=theirs if "stderr" in streams else subprocess.PIPE,
    )  # fmt: skip
    os.close(theirs)
    with _ended_in_time(process), closing(Terminal(ours)) as terminal:
        raw = b"".join(terminal)
        out, err = process.communicate(timeout=_LONGEST_S)
    return Screen(process.returncode, raw.decode(), ((out or b"") + (err or b"")).decode())


@contextmanager
def _ended_in_time(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill the process if what is done with it fails, a deadline for example."""
    try:
        yield
    except BaseException:
        process.kill()
        process.wait()
        raise


class Terminal:
    """Our end of a terminal: what is written on it, until nobody has the other end open.

    Raises `TimeoutError` when that takes longer than `seconds`.
    """

    def __init__(self, descriptor: int, seconds: float = _LONGEST_S) -> None:
        self._descriptor = descriptor
        self._deadline = time.monotonic() + seconds

    def __iter__(self) -> Iterator[bytes]:
        while part := self._read():
            yield part

    def _read(self) -> bytes:
        left = self._deadline - time.monotonic()
        if left <= 0 or not select.select([self._descriptor], [], [], left)[0]:
            raise TimeoutError("the program on the terminal does not end")
        try:
            return os.read(self._descriptor, 65536)
        except OSError:  # so Linux tells that the other end is closed
            return b""

    def close(self) -> None:
        """Hang up: the kernel sends SIGHUP, and answers further output with an error."""
        os.close(self._descriptor)


def hang_up_at(world: World, words: str, *arguments: str) -> int:
    """Run sharectl as on a connection that is lost as soon as it has shown `words`.

    Returns its exit status.
    """
    ours, theirs = pty.openpty()
    environment = world.environment() | {"TERM": "xterm-256color"}
    process = subprocess.Popen(
        ["env", "--default-signal=HUP", "setsid", "--ctty", *world.argv(*arguments)],
        env=environment, cwd=ROOT,
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    with _ended_in_time(process):
        with closing(Terminal(ours)) as terminal:
            seen = b""
            for part in terminal:
                seen += part
                if words.encode() in seen:
                    break
            else:
                pytest.fail(f"it ended without showing {words!r}: {seen.decode()}")
        return process.wait(_LONGEST_S)
