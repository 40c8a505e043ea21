"""The libvirt tier is what the tests above it take it for: a real host with real guests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import libvirtd as daemons
from tests.lab.fixtures_libvirt import RUN, DomainFactory
from tests.lab.guest import Guest
from tests.lab.guest.xml import filesystem_xml
from tests.lab.processes import wait_until

pytestmark = pytest.mark.lab


def test_guest_and_host_see_what_the_other_wrote(domain: DomainFactory, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (first / "from-host").write_text("hello guest\n")
    guest = domain(
        "tier",
        script="share one; share two ro; cat /mnt/one/from-host; echo hello host >/mnt/one/answer",
        devices=filesystem_xml(first, "one") + filesystem_xml(second, "two"),
    )

    guest.start()
    console = guest.wait_off()

    assert "hello guest\n" in console
    assert "share: two is mounted at /mnt/two\n" in console
    assert "guest: script ended with status 0\n" in console
    assert (first / "answer").read_text() == "hello host\n"


@pytest.fixture(scope="module")
def running(libvirtd: daemons.Libvirtd) -> Iterator[str]:
    """The name of a guest that stays up for several tests."""
    import libvirt

    connection = libvirt.open(daemons.URI)
    guest = Guest.define(connection, "running", RUN / "guests", script="echo ready", stay=True)
    guest.start()
    guest.wait_for("script ended")
    connection.close()
    yield guest.name
    Guest.named(guest.name, libvirt.open(daemons.URI), RUN / "guests").remove()


def test_running_guest_takes_commands(running: str, connection: Any) -> None:
    guest = Guest.named(running, connection, RUN / "guests")
    assert "ready\n" in guest.console()
    assert guest.sh("echo $((6 * 7)); false") == (1, "42\n")


def test_filesystem_comes_and_goes_while_the_guest_runs(
    running: str, connection: Any, tmp_path: Path
) -> None:
    import libvirt

    (tmp_path / "from-host").write_text("late\n")
    guest = Guest.named(running, connection, RUN / "guests")
    live = libvirt.VIR_DOMAIN_AFFECT_LIVE

    guest.domain.attachDeviceFlags(filesystem_xml(tmp_path, "one"), live)
    assert guest.sh("share one; cat /mnt/one/from-host; umount /mnt/one") == (
        0, "share: one is mounted at /mnt/one\nlate\n",
    )  # fmt: skip
    guest.domain.detachDeviceFlags(filesystem_xml(tmp_path, "one"), live)
    wait_until(lambda: "virtiofs" not in guest.domain.XMLDesc(), timeout=10, what="the detach")


def test_guest_outlives_a_restart_of_the_daemon(running: str, libvirtd: daemons.Libvirtd) -> None:
    import libvirt

    libvirtd.restart()

    connection = libvirt.open(daemons.URI)
    guest = Guest.named(running, connection, RUN / "guests")
    assert guest.domain.isActive()
    assert guest.sh("hostname") == (0, "guest\n")
    guest.domain.shutdown()
    guest.wait_off()
    connection.close()


@pytest.mark.parametrize("memory", ["memfd", "file", "hugepages", "numa"])
def test_shared_memory_admits_virtiofs(domain: DomainFactory, memory: str, tmp_path: Path) -> None:
    domain("tier", shared_memory=memory, devices=filesystem_xml(tmp_path, "one"))


def test_without_shared_memory_libvirt_refuses_virtiofs(
    domain: DomainFactory, tmp_path: Path
) -> None:
    import libvirt

    with pytest.raises(libvirt.libvirtError, match="'virtiofs' requires shared memory"):
        domain("tier", shared_memory=None, devices=filesystem_xml(tmp_path, "one"))


def test_factory_removes_what_it_defined(connection: Any) -> None:
    assert "tier" not in [domain.name() for domain in connection.listAllDomains()]


def test_second_libvirt_has_other_domains(
    domain: DomainFactory, second_libvirt: str, connection: Any
) -> None:
    import libvirt

    domain("here")
    there = libvirt.open(second_libvirt)
    assert there.listAllDomains() == []
    Guest.define(there, "there", RUN / "second" / "guests").start()
    assert [
        item.name() for item in there.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
    ] == ["there"]
    assert "there" not in [item.name() for item in connection.listAllDomains()]
    there.close()
