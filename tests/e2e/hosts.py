"""Where sharectl runs in a test: in the sandbox itself, on Debian 12, or on a node in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tests.lab.libvirtd import URI


class Host(Protocol):
    """A host with libvirt, Python and mounts of its own; `tests.lab.trixie.Node` is one.

    The checkout and the folder `RUN` of the lab are the same there and here.
    """

    @property
    def uri(self) -> str:
        """The libvirt URI by which its libvirt is reached from here."""

    @property
    def pid(self) -> int:
        """A process on it, by the number that it has here."""

    @property
    def python(self) -> str:
        """The Python there that has what sharectl needs."""

    def command(self, argv: Sequence[str | Path]) -> list[str]:
        """The command line that runs `argv` there, for subprocess; killed, it kills that."""

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Few variables that fit there, and `extra`."""


class Sandbox:
    """The host that the tests themselves run on; sharectl is run by `python`."""

    uri = URI
    pid = os.getpid()

    def __init__(self, python: str = sys.executable) -> None:
        self.python = python

    def command(self, argv: Sequence[str | Path]) -> list[str]:
        return [str(part) for part in argv]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        common = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/root"}
        return {**common, **(extra or {})}


SANDBOX = Sandbox()


def mountinfo(host: Host) -> str:
    """What is mounted there."""
    return Path(f"/proc/{host.pid}/mountinfo").read_text()
