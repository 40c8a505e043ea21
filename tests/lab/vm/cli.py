"""python -m tests.lab vm: boot the lab VM around one command, or around a shell."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import termios
import threading
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.lab.processes import LabError
from tests.lab.vm.channel import Channel, Remote
from tests.lab.vm.machine import booted

FOLDER = Path("/run/lab-vm")
_FAILED = 125  # as with env(1) and the sandbox: the lab failed, not the command
_INTERRUPTED = 130


def attach(channel: Channel, argv: Sequence[str]) -> int:
    """Run `argv` in the VM with this process's input and output; its exit status as a shell's.

    On a terminal it gets a terminal, which script(1) makes for it in the VM.
    """
    if not sys.stdin.isatty():
        return _attached(channel, argv)
    size = shutil.get_terminal_size()
    wrapped = f"stty rows {size.lines} cols {size.columns}; exec {shlex.join(argv)}"
    with _raw_terminal():
        return _attached(channel, ["script", "-qefc", wrapped, "/dev/null"])


def _attached(channel: Channel, argv: Sequence[str]) -> int:
    environment = {"TERM": os.environ.get("TERM", "dumb")}
    with channel.start(argv, env=environment) as remote:
        threading.Thread(target=_pass_input, args=(remote,), daemon=True).start()
        status = remote.wait(partial(_print, 1), partial(_print, 2))
    return status if status >= 0 else 128 - status


def _pass_input(remote: Remote) -> None:
    try:
        while piece := os.read(0, 1 << 16):
            remote.write(piece)
        remote.close_input()
    except OSError:
        pass  # it has ended


def _print(descriptor: int, data: bytes) -> None:
    """Write all of it at once, unbuffered: the two streams must keep their order."""
    while data:
        data = data[os.write(descriptor, data) :]


@contextmanager
def _raw_terminal() -> Iterator[None]:
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def main(argv: Sequence[str]) -> int:
    try:
        with booted(FOLDER) as machine:
            return attach(machine.channel, argv or ["bash"])
    except (LabError, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
