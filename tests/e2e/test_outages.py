"""Whatever is dead: changes fail in time and without a trace, list and show still answer."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.e2e.world import World
from tests.lab.libvirtd import Libvirtd

pytestmark = pytest.mark.lab

Outage = Callable[[World], AbstractContextManager[object]]
_FAST = "[manila]\ntimeout = 2\n[libvirt]\ntimeout = 4\n"
_LOOKING = 12.0  # one look of 3 seconds, the rest is for a busy machine
_SECONDS = 25.0  # generous: the machine may be busy; what hangs would take for ever

_MANILA: dict[str, Outage] = {
    "manila-down": lambda world: world.cloud.manila.down(),
    "manila-frozen": lambda world: world.cloud.manila.frozen(),
    "keystone-down": lambda world: world.cloud.keystone.down(),
    "keystone-frozen": lambda world: world.cloud.keystone.frozen(),
}


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


@pytest.mark.parametrize("outage", _MANILA.values(), ids=_MANILA)
def test_openstack_is_away(world: World, outage: Outage) -> None:
    world.config = _FAST
    world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.cloud.create_share("data", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    before = world.snapshot()
    with outage(world):
        for verb, share in (("add", "data"), ("remove", "docs")):
            with _within(_SECONDS):
                refused = world.sharectl(verb, "vm1", share)
            assert refused.status == 69
            assert " does not answer" in refused.stderr
            assert "ConnectionPool" not in refused.stderr
            assert len(refused.stderr.splitlines()) == 2
        world.config = ""  # looking is hasty whatever is configured
        with _within(_SECONDS):
            listed = world.sharectl("list", "vm1", "-f", "json").ok()
            shown = world.sharectl("show", "vm1", "docs", "-f", "json").ok()
        assert (listed.stderr, listed.json[0]["Status"]) == ("", "inactive")
        assert (shown.json["Status"], shown.json["Health"]) == ("inactive", "unknown")
        assert " does not answer" in shown.stderr
    assert world.snapshot() == before


_DEAD_NAME_SERVER = """
import socket, time

def getaddrinfo(*arguments, **options):
    time.sleep(60)
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

socket.getaddrinfo = getaddrinfo
"""


def test_name_server_is_dead(world: World) -> None:
    """No timeout of a request covers the lookup of a name."""
    world.config = _FAST
    world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.cloud.create_share("data", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    before = world.snapshot()
    (world.folder / "sitecustomize.py").write_text(_DEAD_NAME_SERVER)
    without_names = {"PYTHONPATH": str(world.folder)}
    for arguments in (("add", "vm1", "data"), ("remove", "vm1", "docs"), ("shares",)):
        with _within(_SECONDS):
            refused = world.sharectl(*arguments, extra=without_names)
        assert refused.status == 69
        assert "Keystone does not answer: waited 4 s for 10.99.0.1:5000" in (refused.stderr)
        assert len(refused.stderr.splitlines()) == 2
    world.config = ""  # looking is hasty whatever is configured
    with _within(_SECONDS):
        shown = world.sharectl("show", "vm1", "docs", "-f", "json", extra=without_names).ok()
    assert (shown.json["Status"], shown.json["Health"]) == ("inactive", "unknown")
    assert "Keystone does not answer: waited 6 s" in shown.stderr
    assert world.snapshot() == before


@pytest.mark.parametrize("how", ["down", "frozen"])
def test_libvirt_is_away(world: World, libvirtd: Libvirtd, how: str) -> None:
    world.config = _FAST
    guest = world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    before = world.snapshot()
    with _libvirt_away(libvirtd, how):
        for verb in ("add", "remove"):
            with _within(_SECONDS):
                refused = world.sharectl(verb, "vm1", "docs")
            assert refused.status == 69
            assert "libvirt at qemu:///system" in refused.stderr
            assert len(refused.stderr.splitlines()) == 2
        world.config = ""  # looking is hasty whatever is configured: here 3 of 30 seconds
        with _within(_LOOKING):
            listed = world.sharectl("list", "-f", "json").ok()
        with _within(_LOOKING):
            shown = world.sharectl("show", "vm1", "docs", "-f", "json").ok()
        for result, status in ((listed, listed.json[0]["Status"]), (shown, shown.json["Status"])):
            assert status == "unknown"
            assert "sharectl: warning: status and health are incomplete: " in result.stderr
            assert "libvirt at qemu:///system" in result.stderr
    world.reconnect()
    assert guest.name in world.snapshot().domains
    assert world.snapshot() == before


@contextmanager
def _libvirt_away(libvirtd: Libvirtd, how: str) -> Iterator[None]:
    if how == "frozen":
        pid = libvirtd.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)
        return
    libvirtd.stop()
    try:
        yield
    finally:
        libvirtd.start()


def test_ceph_is_frozen_while_mounted(world: World) -> None:
    assert world.cloud.ceph is not None
    world.config = _FAST + "[mount]\ntimeout = 3\n"
    world.guest("vm1")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()
    world.sharectl("add", "vm1", "docs").ok()
    with world.cloud.ceph.frozen():
        with _within(_SECONDS):
            listed = world.sharectl("list", "-f", "json").ok()
            shown = world.sharectl("show", "vm1", "docs", "-f", "json").ok()
        assert listed.json[0]["Status"] == "inactive"
        assert (shown.json["Status"], shown.json["Health"]) == ("inactive", "unreachable")
        with _within(_SECONDS):
            failed = world.sharectl("remove", "vm1", "docs", "--timeout", "3")
        assert failed.status in (69, 74)
        assert f"sharectl remove vm1 {share.id}" in failed.stderr
        assert len(failed.stderr.splitlines()) == 2
        with _within(_SECONDS):
            forced = world.sharectl("remove", "vm1", "docs", "--force", "--timeout", "3")
        assert forced.status == 6
        left = "left behind, and recorded as detaching: access rule for"
        assert left in forced.stderr
        seen = world.snapshot()
        assert (seen.mounts, seen.domains) == ((), before.domains)
        assert list(seen.mappings.values()) == [(share.id, "detaching")]
    world.sharectl("remove", "vm1", "docs").ok()
    assert world.snapshot() == before


def _replace_by_folder(store: Path) -> None:
    store.unlink()
    store.mkdir()


_DAMAGES: tuple[tuple[Callable[[Path], object], str], ...] = (
    (lambda store: store.write_text(""), "it is not a sharectl store"),
    (lambda store: store.write_text(store.read_text()[:99]), "it is not a sharectl store"),
    (lambda store: store.write_text('{"mappings": {}}'), "it is not a sharectl store"),
    (lambda store: store.write_bytes(b"\xff\xfe\0"), "cannot be read"),
    (lambda store: store.write_text('{"schema": {"1": {"version": 99}}}'),
     "has schema 99, this sharectl knows 4"),
    (lambda store: store.unlink(), "it is gone, but its backup is there"),
    (_replace_by_folder, "cannot be read"),
)  # fmt: skip


def test_a_store_that_cannot_be_read_is_never_empty(world: World) -> None:
    world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    good = world.store.read_text()
    for damage, message in _DAMAGES:
        damage(world.store)
        for verb in (("list",), ("show", "vm1", "docs"), ("add", "vm1", "docs"),
                     ("remove", "vm1", "docs")):  # fmt: skip
            refused = world.sharectl(*verb)
            assert (refused.status, refused.stdout) == (74, "")
            assert message in refused.stderr
            assert "mappings.json.bak" in refused.stderr
        if world.store.is_dir():
            world.store.rmdir()
        world.store.write_text(good)
    world.sharectl("remove", "vm1", "docs").ok()


@pytest.mark.parametrize("version", ["2.80", "2.45", "2.44"])
def test_an_older_manila(world: World, version: str) -> None:
    """Without locks, or without rule metadata: it works, with a warning for each rule."""
    cloud = f"demo-{version}"
    world.guest("vm1")
    world.guest("vm2")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()
    said = world.sharectl("add", "vm1", "docs", cloud=cloud).ok().stderr
    assert said.startswith("sharectl: warning: Manila is at API " + version)
    assert len(said.splitlines()) == 1
    for verb in (("add", "vm2", "docs"), ("reconcile",), ("list", "--long")):
        assert world.sharectl(*verb, cloud=cloud).ok().stderr == "", "no rule was granted"
    assert len(world.cloud.rules(share.id)) == 1
    assert world.cloud.locks() == []
    world.sharectl("remove", "vm1", "docs", cloud=cloud).ok()
    between = world.snapshot()
    assert (len(between.mounts), [state for *_rest, state in between.rules]) == (1, ["active"])
    world.sharectl("remove", "vm2", "docs", cloud=cloud).ok()
    assert world.snapshot() == before


def test_a_manila_too_old_for_cephfs(world: World) -> None:
    world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()
    refused = world.sharectl("add", "vm1", "docs", cloud="demo-2.7")
    assert refused.status == 4
    assert "warning" not in refused.stderr
    assert "cannot tell the cephx key" in refused.stderr
    assert "needs API 2.21" in refused.stderr
    assert world.snapshot() == before


def test_a_wrong_password(world: World) -> None:
    world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.cloud.add_cloud("typo", auth={"password": "x"})
    refused = world.sharectl("add", "vm1", "docs", cloud="typo")
    assert refused.status == 78
    assert "Keystone does not accept the credentials" in refused.stderr
