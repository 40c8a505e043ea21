"""The mount point exists only with the share mounted on it, whatever becomes of sharectl."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from sharectl.adapters import mountinfo
from tests.e2e.world import World
from tests.lab.processes import wait_until

pytestmark = pytest.mark.lab


def _staged(world: World) -> list[Path]:
    return sorted((world.runtime / "staging").glob("*"))


def _helpers(world: World) -> list[int]:
    """Processes of ceph-fuse for a folder of this world."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            argv = (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"ceph-fuse" in argv.split(b"\0")[0] and str(world.runtime).encode() in argv:
            found.append(int(folder.name))
    return found


def _wait_for_helper(world: World) -> None:
    """Until ceph-fuse runs for a staging folder, and not for a mount point by way of a link."""

    def there() -> bool:
        folders = [os.fsencode(path) for path in _staged(world) if not path.is_symlink()]
        argv = b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in _helpers(world))
        return any(folder in argv for folder in folders)

    wait_until(there, timeout=60, what="ceph-fuse is there")


def test_a_dead_server_leaves_no_mount_point(world: World) -> None:
    assert world.cloud.ceph is not None
    world.config = "[mount]\ntimeout = 4\n"
    world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    before = world.snapshot()
    ((point, _source),) = world.mounts()
    world.unmount(point)  # the admin leaves the folder, as a kill may
    assert Path(point).is_dir()
    with world.cloud.ceph.frozen():
        run = world.start("reconcile")
        _wait_for_helper(world)
        assert not Path(point).exists()
        assert run.wait(60) != 0
    assert (Path(point).exists(), _staged(world)) == (False, [])
    world.sharectl("reconcile").ok()
    assert world.snapshot() == before


@pytest.mark.parametrize("mended_by", ["reconcile", "remove"])
def test_helper_that_outlives_a_killed_sharectl(world: World, mended_by: str) -> None:
    assert world.cloud.ceph is not None
    world.guest("vm1")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()
    world.sharectl("add", "vm1", "docs").ok()
    ((point, _source),) = world.mounts()
    world.unmount(point)
    with world.cloud.ceph.frozen():
        run = world.start("reconcile")
        _wait_for_helper(world)
        os.kill(run.pid, signal.SIGKILL)
        run.wait(30)
        assert not Path(point).exists()
    wait_until(lambda: bool(world.mounts()), timeout=60, what="the helper mounts late")
    ((late, _source),) = world.mounts()
    assert Path(late).parent == world.runtime / "staging"
    assert not Path(point).exists()

    if mended_by == "reconcile":
        world.sharectl("reconcile").ok()
        assert world.mounts() == ((str(world.mount_point(share.id)), world.mounts()[0][1]),)
        assert len(_helpers(world)) == 1
        world.sharectl("remove", "vm1", "docs").ok()
    else:
        world.sharectl("remove", "vm1", "docs").ok()
    assert world.snapshot() == before
    assert (_staged(world), _helpers(world)) == ([], [])


def test_link_leads_ceph_fuse_to_where_it_is_mounted(world: World) -> None:
    world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    ((point, _source),) = world.mounts()
    (link,) = _staged(world)
    assert link.readlink() == Path(point)
    (pid,) = _helpers(world)
    argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    assert os.fsencode(link) in argv
    subprocess.run(["mount", "-i", "-o", "remount", str(link)], check=True)
    assert len([item for item in mountinfo.read() if item.mount_point == point]) == 1
    world.sharectl("remove", "vm1", "docs").ok()
    wait_until(lambda: not _helpers(world), timeout=30, what="ceph-fuse ends")
    assert _staged(world) == []
