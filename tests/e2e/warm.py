"""sharectl with its libraries loaded already, for hosts on which that takes half a minute.

`python -I -S tests/e2e/warm.py PYTHON FOLDER ARGUMENT...` runs `sharectl ARGUMENT...`. In the lab's
VM, which has no hardware to help it, Python needs longer to load the libraries of OpenStack than
sharectl then works. So a server, started by the first call, loads them once and forks for each
call. The child has the caller's standard streams, environment and working folder, and runs
`sharectl.cli.main`, as a new process would.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from contextlib import suppress

_SOCKET = "/run/warm-sharectl.socket"
_LONGEST = 1 << 16  # bytes of a request
_LOADED = (
    "click", "rich.console", "rich.live", "rich.spinner", "rich.table", "libvirt", "lxml.etree",
    "tinydb", "yaml", "openstack.config", "keystoneauth1.session", "manilaclient.v2.client",
    "sharectl.app", "sharectl.cli.attach", "sharectl.cli.listing", "sharectl.cli.show",
    "sharectl.cli.shares", "sharectl.cli.reconcile", "sharectl.cli.repair", "sharectl.cli.hook",
    "sharectl.adapters.manila_clouds", "sharectl.adapters.libvirt_domains",
    "sharectl.adapters.host_mounts", "sharectl.adapters.json_store",
)  # fmt: skip


def main(python: str, folder: str, arguments: list[str]) -> int:
    """The caller's side: returns the exit status, negative for a signal."""
    with _connected(python, folder) as connection:
        request = {"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd()}  # noqa: PTH109 - pathlib takes long to load
        socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
        answer = connection.recv(16)
    return int(answer) if answer else 1


def _connected(python: str, folder: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(_SOCKET)
    except OSError:
        with subprocess.Popen(
            [python, "-m", "tests.e2e.warm"], cwd=folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, start_new_session=True,
        ) as server:  # fmt: skip
            assert server.stdout is not None
            server.stdout.readline()  # it is ready, and lives in a process of its own
        connection.connect(_SOCKET)
    return connection


def serve() -> None:
    """Load the libraries, say so on stdout, and go on in the background."""
    import importlib

    for name in _LOADED:
        importlib.import_module(name)
    with suppress(FileNotFoundError):
        os.unlink(_SOCKET)  # noqa: PTH108 - as above
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(_SOCKET)
    listener.listen()
    if os.fork():
        print("ready", flush=True)
        return
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that serve a call
    while True:
        connection, _ = listener.accept()
        if not os.fork():
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _serve_one(connection)
            os._exit(0)
        connection.close()


def _serve_one(connection: socket.socket) -> None:
    """Run one call to its end; when the caller is gone, it is killed."""
    data, streams, _flags, _address = socket.recv_fds(connection, _LONGEST, 3)
    child = os.fork()
    if not child:
        connection.close()
        _run(json.loads(data), streams)
    for number in streams:
        os.close(number)
    with selectors.DefaultSelector() as ready:
        ready.register(connection, selectors.EVENT_READ)
        ready.register(os.pidfd_open(child), selectors.EVENT_READ)
        if any(key.fileobj is connection for key, _ in ready.select()):
            os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(OSError):
        connection.send(str(status).encode())


def _run(request: dict[str, object], streams: list[int]) -> None:
    from sharectl import cli

    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    os.chdir(str(request["folder"]))
    sys.argv = ["sharectl", *request["arguments"]]  # type: ignore[misc]
    status: object = 1
    try:
        cli.main()
    except SystemExit as error:
        status = error.code
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 0 if status is None else 1)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        serve()
    else:
        sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
