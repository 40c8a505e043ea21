"""sharectl on a terminal of the test's own."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping
from dataclasses import dataclass
from fcntl import ioctl
from typing import Literal

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
    raw = _read_all(ours)
    out, err = process.communicate(timeout=_LONGEST_S)
    return Screen(process.returncode, raw, ((out or b"") + (err or b"")).decode())


def _read_all(descriptor: int) -> str:
    """Until nobody has the other end open, which Linux tells as an error."""
    parts = []
    try:
        while part := os.read(descriptor, 65536):
            parts.append(part)
    except OSError:
        pass
    finally:
        os.close(descriptor)
    return b"".join(parts).decode()


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
    seen = b""
    while words.encode() not in seen:
        seen += os.read(ours, 65536)
    os.close(ours)  # the kernel sends SIGHUP, and answers further output with an error
    return process.wait(_LONGEST_S)
