"""What guests serve themselves from, as /proc shows it, and which form of a path leads there."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from sharectl.adapters.host_mounts import HostMounts
from sharectl.adapters.json_store import JsonStore
from sharectl.config import Config
from sharectl.model.mount_use import holders
from tests.e2e.world import World

pytestmark = pytest.mark.lab


@pytest.fixture
def running(world: World) -> World:
    """Domain vm1 runs with share docs."""
    guest = world.guest("vm1", stay=True)
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs", "--tag", "docs").ok()
    guest.start()
    return world


def _mounts(world: World) -> HostMounts:
    return HostMounts(Config(runtime_dir=world.runtime, state_dir=world.state))


def _holders(world: World) -> set[str]:
    mounts, (mapping,) = _mounts(world), JsonStore(world.store).load()
    found = holders(mapping, mounts.list(), mounts.notes(), mounts.served())
    return {item.command for item in found}


def test_a_guest_holds_what_was_unmounted(running: World) -> None:
    ((point, source),) = running.mounts()
    note = _mounts(running).notes()[point]
    assert _holders(running) == {"virtiofsd"}
    running.unmount(point)
    assert _holders(running) == {"virtiofsd"}
    (seen,) = _mounts(running).served()
    assert (seen.mount.source, seen.mount.root, seen.mount.device) == (source, "/", note.device)
    running.guests[0].domain.destroy()
    assert _holders(running) == set()
    assert _mounts(running).served() == ()


def test_a_guest_holds_an_empty_folder(running: World) -> None:
    (guest,) = running.guests
    guest.domain.destroy()
    ((point, _source),) = running.mounts()
    running.unmount(point)
    guest.start()  # there is no hook
    assert _holders(running) == {"virtiofsd"}
    Path(point).rmdir()
    assert _holders(running) == {"virtiofsd"}
    guest.domain.destroy()
    assert _holders(running) == set()


def test_looking_is_cheap_with_many_processes(running: World) -> None:
    mounts = _mounts(running)
    sleepers = [subprocess.Popen(["sleep", "600"]) for _ in range(500)]
    try:
        start = time.process_time()
        assert len(mounts.served()) == 1
        spent = time.process_time() - start
    finally:
        for sleeper in sleepers:
            sleeper.kill()
        for sleeper in sleepers:
            sleeper.wait()
    assert spent < 0.1


def test_other_paths_to_a_share(running: World) -> None:
    assert running.cloud.ceph is not None
    ((point, _source),) = running.mounts()
    (Path(point) / "sub").mkdir()
    alias, sub, link = (running.folder / name for name in ("alias", "sub", "link"))
    for folder, source in ((alias, point), (sub, f"{point}/sub")):
        folder.mkdir()
        subprocess.run(["mount", "--bind", source, folder], check=True)
    link.symlink_to(alias)
    forms = {f"{point}//": point, f"{alias}/x": f"{point}/x", f"{sub}/x": f"{point}/sub/x",
             f"{link}/sub/../y": f"{point}/y"}  # fmt: skip
    try:
        with running.cloud.ceph.frozen():
            assert _mounts(running).resolve(forms) == forms
    finally:
        for folder in (alias, sub):
            subprocess.run(["umount", "-l", folder], check=True)
