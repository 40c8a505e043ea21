"""The mounts at boot: one file server does not wait for another, nor is a dead one asked twice."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sharectl.errors import Unavailable
from sharectl.hook.at_boot import mount_all
from sharectl.model.mounts import MountRequest, mounted_at
from tests.fakes.mounts import umount
from tests.operations.scenarios import World, attached, cephfs, nfs

_DEAD = "192.0.2.1"


def _after_reboot() -> World:
    """Four shares on one server and one on another; none is mounted."""
    world, _ = attached(nfs)
    shares = world.app.shares
    for number in range(3):
        shares.create(f"more{number}", "NFS", f"{_DEAD}:/exports/more{number}")
        world.asking(share=f"more{number}").add()
    shares.create("elsewhere", "NFS", "192.0.2.9:/exports/elsewhere")
    world.asking(share="elsewhere").add()
    world.app.restart()
    for mapping in world.app.store.load():
        umount(world.app.mounts, mapping.mount_point)
    return world


def _mounted(world: World) -> set[str]:
    mounts = world.app.mounts.list()
    return {
        item.share_name
        for item in world.app.store.load()
        if mounted_at(mounts, item.mount_point) is not None
    }


def test_a_dead_server_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _after_reboot()
    world.app.mounts.dead.add(_DEAD)
    asked: list[str] = []
    mount = world.app.mounts.mount

    def counted(request: MountRequest, key_file: Path | None, timeout: float) -> None:
        asked.append(request.source.partition(":")[0])
        mount(request, key_file, timeout)

    monkeypatch.setattr(world.app.mounts, "mount", counted)
    failures = mount_all(world.app)

    assert sorted(asked) == [_DEAD, "192.0.2.9"]
    assert _mounted(world) == {"elsewhere"}
    assert [error.message.partition(": ")[0] for error in failures] == [
        f"share {name} of domain guest" for name in ("docs", "more0", "more1", "more2")
    ]
    assert failures[-1].message.endswith(f"file server {_DEAD} did not answer before")


def test_a_server_does_not_wait_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _after_reboot()
    reached = threading.Event()
    mount = world.app.mounts.mount

    def slow(request: MountRequest, key_file: Path | None, timeout: float) -> None:
        if request.source.startswith(_DEAD):
            if not reached.wait(10):
                raise Unavailable("the other server's turn did not come")
        else:
            reached.set()
        mount(request, key_file, timeout)

    monkeypatch.setattr(world.app.mounts, "mount", slow)
    assert mount_all(world.app) == ()
    assert _mounted(world) == {"docs", "more0", "more1", "more2", "elsewhere"}


def test_a_share_that_alone_cannot_be_mounted_does_not_stop_the_next_of_its_server() -> None:
    world = _after_reboot()
    for rule in world.app.shares.all_rules:
        if rule.share_id == world.share_id:
            world.app.shares.revoke(rule.share_id, rule.id)
    world.app.shares.settle()
    (failure,) = mount_all(world.app)
    assert failure.message.startswith("share docs of domain guest: cannot mount")
    assert _mounted(world) == {"more0", "more1", "more2", "elsewhere"}


def test_nothing_to_mount() -> None:
    assert mount_all(cephfs().app) == ()
