"""The guard of the unit tests notices what it is there for."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable

import libvirt
import pytest

from tests import guard


def _connect() -> None:
    with socket.socket() as probe:
        probe.connect(("127.0.0.1", 9))


def _look_up() -> None:
    socket.getaddrinfo("localhost", 80)


def _run() -> None:
    subprocess.run(["true"], check=True)


def _fork() -> None:
    os._exit(0) if os.fork() == 0 else None


def _open_libvirt() -> None:
    libvirt.open("qemu:///nowhere")


@pytest.mark.parametrize("reach_out", [_connect, _look_up, _run, _fork, _open_libvirt])
def test_reaching_out_fails(reach_out: Callable[[], None]) -> None:
    with pytest.raises(AssertionError, match="must not do this"):
        reach_out()
    assert len(guard._watch.tried) == 1
    guard._watch.tried.clear()


def _connect_elsewhere() -> None:
    with socket.socket() as probe:
        probe.connect(("192.0.2.1", 9))


@pytest.mark.loopback
@pytest.mark.parametrize("reach_out", [_connect_elsewhere, _look_up, _run, _open_libvirt])
def test_marked_test_reaches_its_own_server_and_nothing_else(
    reach_out: Callable[[], None],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    test_reaching_out_fails(reach_out)


@pytest.mark.processes
def test_marked_test_may_start_processes() -> None:
    _run()
