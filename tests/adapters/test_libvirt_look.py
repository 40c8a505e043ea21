"""How domains are looked at when libvirt does not answer for some of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import libvirt
import pytest

from sharectl.adapters import libvirt_files, libvirt_look
from sharectl.adapters.libvirt_domains import LibvirtDomains
from sharectl.errors import Unavailable
from sharectl.model.domain import DomainsSeen
from sharectl.model.host import SYSTEM

_XML = "<domain><name>{0}</name><uuid>{0}</uuid><devices><disk><source file='/{0}.img'/></disk>"
_XML += "</devices></domain>"

_ALL = [f"{number:08}-0000-4000-8000-000000000000" for number in range(5)]


def _error(code: int, domain: int = libvirt.VIR_FROM_QEMU) -> libvirt.libvirtError:
    error = libvirt.libvirtError("unused")
    error.err = (code, domain, "so it is", 2, None, None, None, 0, 0)
    return error


@dataclass
class _Daemon:
    """A libvirt whose domains are named by their UUIDs; what is in `stuck` waits for the gate."""

    names: list[str]
    stuck: set[str] = field(default_factory=set)
    failing: dict[str, libvirt.libvirtError] = field(default_factory=dict)
    frozen: bool = False
    opened: int = 0
    asked: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def open(self, _uri: str) -> _Connection:
        if self.frozen:
            self.gate.wait(600)
        self.opened += 1
        return _Connection(self, self.opened)


@dataclass
class _Connection:
    daemon: _Daemon
    number: int
    _calls: int = 0

    def getURI(self) -> str:  # noqa: N802 - libvirt's name
        return "qemu+unix:///system"

    def listAllDomains(self) -> list[_Domain]:  # noqa: N802
        if self.daemon.stuck:
            self.daemon.gate.wait(600)
        return [_Domain(self, name) for name in self.daemon.names]

    def lookupByUUIDString(self, uuid: str) -> _Domain:  # noqa: N802
        self.daemon.asked.append(uuid)
        if uuid in self.daemon.stuck:
            self.daemon.gate.wait(600)
        if uuid not in self.daemon.names:
            raise _error(libvirt.VIR_ERR_NO_DOMAIN)
        return _Domain(self, uuid)


@dataclass
class _Domain:
    connection: _Connection
    uuid: str

    def UUIDString(self) -> str:  # noqa: N802
        return self.uuid

    def name(self) -> str:
        return self.uuid

    def isActive(self) -> bool:  # noqa: N802
        return False

    def isPersistent(self) -> bool:  # noqa: N802
        return True

    def hasManagedSaveImage(self) -> int:  # noqa: N802
        return 0

    def snapshotNum(self) -> int:  # noqa: N802
        return 0

    def XMLDesc(self, _flags: int) -> str:  # noqa: N802
        if self.uuid in self.connection.daemon.failing:
            raise self.connection.daemon.failing[self.uuid]
        return _XML.format(self.uuid)


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[_Daemon]:
    made = _Daemon(list(_ALL))
    monkeypatch.setattr(libvirt, "open", made.open)
    monkeypatch.setattr(libvirt_look, "_LIST_SECONDS", 0.1)
    monkeypatch.setattr(libvirt_look, "_DOMAIN_SECONDS", 0.1)
    monkeypatch.setattr(libvirt_files, "DEFINITIONS", tmp_path)
    monkeypatch.setattr(libvirt_files, "STATES", tmp_path / "none")
    for name in made.names:
        (tmp_path / f"{name}.xml").write_text(_XML.format(name))
    yield made
    made.gate.set()


def _names(seen: DomainsSeen) -> tuple[set[str], set[str]]:
    return set(seen.domains), set(seen.unseen)


def test_all_are_seen_by_one_connection(daemon: _Daemon) -> None:
    domains = LibvirtDomains("qemu+unix:///system", 5)
    seen = domains.look()
    assert _names(seen) == (set(daemon.names), set())
    assert seen.complete == {SYSTEM}
    assert {item.libvirt_uri for item in seen.domains.values()} == {SYSTEM}
    assert (daemon.opened, daemon.asked) == (1, [])
    assert _names(domains.look([_ALL[1], "gone"])) == ({_ALL[1]}, set())


@pytest.mark.parametrize("stuck", [{_ALL[0]}, {_ALL[4]}, {_ALL[1], _ALL[3]}])
def test_one_that_hangs_holds_up_no_other(daemon: _Daemon, stuck: set[str]) -> None:
    """The list hangs as well: libvirt takes each domain's lock for it."""
    daemon.stuck = stuck
    seen = LibvirtDomains(SYSTEM, 20).look()
    assert _names(seen) == (set(daemon.names) - stuck, stuck)
    assert seen.complete == {SYSTEM}
    for uuid in stuck:
        assert seen.unseen[uuid].name == uuid
        assert seen.unseen[uuid].paths == frozenset({f"/{uuid}.img"})
        assert uuid in seen.unseen[uuid].error.message
        assert isinstance(seen.unseen[uuid].error, Unavailable)


def test_what_hangs_is_not_asked_for_again_until_it_has_answered(daemon: _Daemon) -> None:
    daemon.stuck = {_ALL[2]}
    domains = LibvirtDomains(SYSTEM, 20)
    domains.look()
    daemon.asked.clear()
    assert _names(domains.look([_ALL[2], _ALL[3]])) == ({_ALL[3]}, {_ALL[2]})
    assert _names(domains.look()) == (set(daemon.names) - {_ALL[2]}, {_ALL[2]})
    assert _ALL[2] not in daemon.asked
    daemon.stuck = set()
    daemon.gate.set()
    while _ALL[2] in domains.look([_ALL[2]]).unseen:  # until its old call has ended
        pass
    assert _names(domains.look()) == (set(daemon.names), set())


def test_when_many_hang_the_rest_is_given_up(daemon: _Daemon) -> None:
    daemon.stuck = set(daemon.names)
    seen = LibvirtDomains(SYSTEM, 0.45).look()
    assert _names(seen) == (set(), set(daemon.names))
    assert any("was not looked at" in item.error.message for item in seen.unseen.values())


def test_libvirt_that_is_frozen_is_no_domain_that_hangs(daemon: _Daemon) -> None:
    domains = LibvirtDomains(SYSTEM, 0.5)
    domains.look()
    daemon.stuck, daemon.frozen = set(daemon.names), True
    calls: tuple[Callable[[], DomainsSeen], ...] = (domains.look, lambda: domains.look([_ALL[0]]))
    for look in calls:
        with pytest.raises(Unavailable, match="no answer from libvirt") as caught:
            look()
        assert "virsh list --all" in (caught.value.hint or "")


@pytest.mark.parametrize("readable", [False, True])
def test_domains_that_cannot_be_listed_are_not_taken_for_gone(
    daemon: _Daemon, tmp_path: Path, readable: bool
) -> None:
    daemon.stuck = {_ALL[1]}
    for path in tmp_path.glob("*.xml"):
        path.unlink() if readable else path.write_text("no xml")
    with pytest.raises(Unavailable, match="does not say which domains it has"):
        LibvirtDomains(SYSTEM, 5).look()


@pytest.mark.parametrize(
    "code",
    [
        libvirt.VIR_ERR_OPERATION_TIMEOUT,
        libvirt.VIR_ERR_INTERNAL_ERROR,
        libvirt.VIR_ERR_ACCESS_DENIED,
        libvirt.VIR_ERR_INVALID_ARG,  # of a call that the driver does not take so
    ],
)
def test_error_of_one_domain_is_its_own(daemon: _Daemon, code: int) -> None:
    daemon.failing[_ALL[1]] = _error(code)
    seen = LibvirtDomains(SYSTEM, 5).look()
    assert _names(seen) == (set(daemon.names) - {_ALL[1]}, {_ALL[1]})
    assert "so it is" in seen.unseen[_ALL[1]].error.message


def test_lost_connection_is_everybodys(daemon: _Daemon) -> None:
    daemon.failing[_ALL[1]] = _error(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_RPC)
    with pytest.raises(Unavailable, match="lost libvirt"):
        LibvirtDomains(SYSTEM, 5).look()


def test_domain_that_goes_meanwhile_is_gone(daemon: _Daemon) -> None:
    daemon.failing[_ALL[1]] = _error(libvirt.VIR_ERR_NO_DOMAIN)
    assert _names(LibvirtDomains(SYSTEM, 5).look()) == (set(daemon.names) - {_ALL[1]}, set())
