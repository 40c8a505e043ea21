"""Run commands in the lab VM, as `subprocess` does on the machine.

The other end is ``agent.c``, which also describes the frames.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.processes import LabError

AGENT_PORT = 7000
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
}

Sink = Callable[[bytes], None]

_REQUEST, _INPUT, _KILL, _OUTPUT, _ERROR, _EXIT = b"r", b"i", b"k", b"1", b"2", b"x"
_HEADER = struct.Struct("!cI")
_PIECE = 1 << 16
# What a killed command may still have to say, seconds.
_LAST_WORDS_S = 5.0
_WITHIN_FRAME_S = 60.0


class CommandFailed(subprocess.CalledProcessError):
    """A command in the VM ended with a status other than 0; the text shows what it printed."""

    def __str__(self) -> str:
        said = "\n".join(text.strip() for text in (self.output, self.stderr) if text)
        return f"{super().__str__()}\n{said}"


@dataclass(frozen=True)
class Remote:
    """A command that runs in the VM. Leaving the `with` block kills what is left of it."""

    argv: tuple[str, ...]
    connection: socket.socket

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def write(self, data: bytes) -> None:
        """Give it a piece of standard input. Raises `OSError` once it has ended."""
        for start in range(0, len(data), _PIECE):
            _send(self.connection, _INPUT, data[start : start + _PIECE])

    def close_input(self) -> None:
        _send(self.connection, _INPUT)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send its process group a signal."""
        _send(self.connection, _KILL, str(int(number)).encode())

    def wait(self, out: Sink, err: Sink, *, timeout: float | None = None) -> int:
        """Pass on its output until it ends; its status, negative for a signal.

        Raises `TimeoutError` after `timeout` seconds (the command goes on), `OSError` if the
        program could not be executed, `LabError` if the VM has died.
        """
        for kind, data in self._frames(timeout):
            if kind == _OUTPUT:
                out(data)
            elif kind == _ERROR:
                err(data)
            else:
                return self._status(data.decode())
        raise LabError(f"the VM went away during {' '.join(self.argv)}")

    def _frames(self, timeout: float | None) -> Iterator[tuple[bytes, bytes]]:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(deadline - time.monotonic(), 0.001)
            try:
                # Only the wait for a frame may time out: half a frame read would be lost.
                self.connection.settimeout(left)
                self.connection.recv(1, socket.MSG_PEEK)
                self.connection.settimeout(_WITHIN_FRAME_S)
                frame = _receive(self.connection)
            except ConnectionError:
                return
            if frame is None:
                return
            yield frame

    def _status(self, result: str) -> int:
        word, number = result.split()
        if word == "errno":
            raise OSError(int(number), f"in the VM: {os.strerror(int(number))}", self.argv[0])
        return int(number) if word == "exit" else -int(number)


@dataclass(frozen=True)
class Channel:
    """The way into a VM: a TCP port on this side that leads to its agent."""

    port: int
    cwd: Path = Path("/")

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Remote:
        """Start a command; several may run at once. `env` is added to a small fixed one."""
        command = tuple(str(part) for part in argv)
        environment = (f"{name}={value}" for name, value in {**ENVIRONMENT, **(env or {})}.items())
        fields = (str(cwd or self.cwd), str(len(command)), *command, *environment)
        request = "".join(f"{field}\0" for field in fields)
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _send(connection, _REQUEST, request.encode())
        return Remote(command, connection)

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        input: str | None = None,  # noqa: A002 - the name that subprocess.run has
        timeout: float | None = 120,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, as `subprocess.run(..., text=True)` does.

        Raises `CommandFailed` for a status other than 0 unless `check` is false,
        `subprocess.TimeoutExpired` after `timeout` seconds, when its process group has been
        killed, `OSError` if the program could not be executed, `LabError` if the VM has died.
        """
        out, err = bytearray(), bytearray()
        with self.start(argv, env=env, cwd=cwd) as remote:
            _feed(remote, input)
            try:
                status = remote.wait(out.extend, err.extend, timeout=timeout)
            except TimeoutError:
                _kill(remote, out.extend, err.extend)
                raise subprocess.TimeoutExpired(
                    remote.argv, timeout or 0, _text(out), _text(err)
                ) from None
        if check and status:
            raise CommandFailed(status, remote.argv, _text(out), _text(err))
        return subprocess.CompletedProcess(remote.argv, status, _text(out), _text(err))


def _send(connection: socket.socket, kind: bytes, data: bytes = b"") -> None:
    connection.sendall(_HEADER.pack(kind, len(data)) + data)


def _receive(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """The next frame as (kind, data), or None at the end of the connection."""
    header = _exactly(connection, _HEADER.size)
    if header is None:
        return None
    kind, length = _HEADER.unpack(header)
    data = _exactly(connection, length)
    return None if data is None else (kind, data)


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            return None
        data += piece
    return bytes(data)


def _feed(remote: Remote, text: str | None) -> None:
    """Write standard input beside the reading of output: either may block the other."""

    def feed() -> None:
        try:
            remote.write((text or "").encode())
            remote.close_input()
        except OSError:
            pass  # it ended without reading all of it, as `head` does

    if text:
        threading.Thread(target=feed, daemon=True).start()
    else:
        feed()


def _kill(remote: Remote, out: Sink, err: Sink) -> None:
    remote.kill()
    # A process in an uninterruptible wait does not even die of SIGKILL.
    with contextlib.suppress(TimeoutError, LabError):
        remote.wait(out, err, timeout=_LAST_WORDS_S)


def _text(data: bytes | bytearray) -> str:
    return bytes(data).decode(errors="replace")
