"""Fixtures of the libvirt tier: the private libvirtd, a connection, and guests that go away."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import libvirtd as daemons
from tests.lab import sandbox, second_libvirtd
from tests.lab.guest import Guest

DomainFactory = Callable[..., Guest]

# In the sandbox's own /run, so that it is gone with the sandbox, however that ends.
RUN = Path("/run/lab")


@pytest.fixture(scope="session")
def libvirtd() -> Iterator[daemons.Libvirtd]:
    """The private libvirtd at qemu:///system, for the whole session."""
    if not sandbox.inside():
        hint = "run: make test, or python -m tests.lab run -- pytest ..."
        pytest.fail(f"this needs the lab's sandbox; {hint}", pytrace=False)
    daemon = daemons.start(RUN / "libvirtd")
    yield daemon
    daemon.stop()


@pytest.fixture
def connection(libvirtd: daemons.Libvirtd) -> Iterator[Any]:
    """A libvirt connection of the test's own."""
    import libvirt

    opened = libvirt.open(daemons.URI)
    yield opened
    with contextlib.suppress(libvirt.libvirtError):  # the test may have restarted the daemon
        opened.close()


@pytest.fixture
def second_libvirt(libvirtd: daemons.Libvirtd) -> Iterator[str]:
    """The URI of another libvirt of the sandbox, which has no domains; it ends with the test."""
    daemon, uri = second_libvirtd.start(RUN / "second")
    yield uri
    daemon.stop()


@pytest.fixture
def domain(connection: Any) -> Iterator[DomainFactory]:
    """Define guests: `domain(name, script=..., **options)`, as `Guest.define` takes them.

    At the end of the test they are destroyed and undefined, with managed save and snapshots.
    """
    import libvirt

    names: list[str] = []

    def define(name: str, **options: Any) -> Guest:
        names.append(name)
        return Guest.define(connection, name, RUN / "guests", **options)

    yield define
    fresh = libvirt.open(daemons.URI)
    for name in names:
        with contextlib.suppress(libvirt.libvirtError):  # the test may have undefined it
            Guest.named(name, fresh, RUN / "guests").remove()
    fresh.close()
