"""reconcile, adopt, forget and list --long as an admin and cron see them, on the real parts."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path

import pytest

from tests.e2e.world import World
from tests.lab.cloud.api import Share

pytestmark = pytest.mark.lab


@pytest.fixture
def share(world: World) -> Share:
    """A CephFS share that vm1 has."""
    world.guest("vm1", stay=True)
    made = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs", "--tag", "docs").ok()
    return made


def _unmount(world: World) -> None:
    ((mount_point, _source),) = world.mounts()
    subprocess.run(["umount", mount_point], check=True)


def _take_filesystem_out(world: World) -> None:
    domain = world.guests[0].domain
    xml = domain.XMLDesc(2)
    start, end = xml.index("<filesystem"), xml.index("</filesystem>") + len("</filesystem>")
    world.connection.defineXML(xml[:start] + xml[end:])


def _health(world: World) -> list[str]:
    columns = ("-f", "value", "-c", "Health")
    return world.sharectl("list", "--long", *columns).ok().stdout.splitlines()


def test_nothing_to_do_is_silent(world: World, share: Share) -> None:
    before = world.snapshot()
    done = world.sharectl("reconcile").ok()
    assert (done.stdout, done.stderr) == ("", "")
    assert world.snapshot() == before
    assert _health(world) == ["ok"]


def test_domain_that_was_undefined_while_it_runs_can_be_kept(world: World) -> None:
    guest = world.guest("vm1", stay=True)
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs").ok()
    guest.start()
    guest.domain.undefine()
    told = world.sharectl("reconcile")
    assert told.status == 6
    assert "vm1 docs: domain vm1 is transient" in told.stderr
    assert (
        "make it persistent: virsh dumpxml --inactive vm1 > vm1.xml && virsh define" in told.stderr
    )
    world.connection.defineXML(guest.domain.XMLDesc())
    world.sharectl("reconcile").ok()
    assert world.sharectl("reconcile").ok().stdout == ""
    assert _health(world) == ["ok"]


def test_what_is_gone_is_told_and_comes_back(world: World, share: Share) -> None:
    before = world.snapshot()
    _unmount(world)
    assert _health(world) == ["not-mounted"]
    _take_filesystem_out(world)
    world.cloud.deny(share.id, world.cloud.rules(share.id)[0].id)
    assert _health(world) == ["no-access"]

    planned = world.sharectl("reconcile", "--dry-run")
    assert planned.status == 5
    words = [line.removeprefix("vm1 docs: ").split()[0] for line in planned.stdout.splitlines()]
    assert words == ["grant", "mount", "add", "note"]
    done = world.sharectl("reconcile").ok()

    assert (done.stdout, done.stderr) == (planned.stdout, "")
    assert world.snapshot() == before
    assert _health(world) == ["ok"]
    assert world.sharectl("reconcile").ok().stdout == ""


def test_wrong_mount_stays_under_a_running_guest(world: World, share: Share) -> None:
    _unmount(world)
    mount_point = world.mount_point(share.id)
    subprocess.run(["mount", "-t", "tmpfs", "wrong", mount_point], check=True)
    guest = world.guests[0]
    guest.start()
    assert _health(world) == ["wrong-source"]
    for _again in range(2):
        refused = world.sharectl("reconcile")
        assert refused.status == 6
        assert f"{mount_point} is a mount of wrong (rw), not of" in refused.stderr
        assert f"umount {mount_point}" in refused.stderr
        assert world.mounts() == ((str(mount_point), "wrong"),)
        if guest.domain.isActive():
            guest.domain.destroy()
    subprocess.run(["umount", mount_point], check=True)
    assert "in order again" in world.sharectl("reconcile").ok().stdout
    assert _health(world) == ["ok"]


def test_without_manila_the_kept_key_mounts(world: World, share: Share) -> None:
    before = world.snapshot()
    _unmount(world)
    with world.cloud.manila.down(), world.cloud.keystone.down():  # Manila starts last
        done = world.sharectl("reconcile")
        assert done.status == 69
        assert "Keystone does not answer" in done.stderr
        assert "vm1 docs: mount " in done.stdout
    assert world.snapshot() == before


def test_another_reconcile_is_not_waited_for(world: World, share: Share) -> None:
    world.sharectl("reconcile").ok()
    with (world.runtime / "locks/reconcile").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        busy = world.sharectl("reconcile")
    assert busy.status == 75
    assert "holds the lock of reconcile" in busy.stderr


def test_undefined_domain_is_told_and_pruned(world: World, share: Share) -> None:
    guest = world.guests.pop()
    guest.remove()
    assert _health(world) == ["domain-missing"]
    told = world.sharectl("reconcile")
    assert told.status == 6
    assert "domain vm1" in told.stderr
    assert "--prune" in told.stderr
    assert world.sharectl("list", "-f", "value", "-c", "Status").ok().stdout == "error\n"
    assert "vm1 docs: detached" in world.sharectl("reconcile", "--prune").ok().stdout
    after = world.snapshot()
    assert (after.mappings, after.mounts, after.rules, after.secrets) == ({}, (), (), ())


def test_lost_store_is_adopted_again(world: World, share: Share) -> None:
    before = world.snapshot()
    for path in world.state.glob("mappings.json*"):
        path.unlink()
    told = world.sharectl("reconcile")
    assert told.status == 6
    assert "sharectl adopt" in told.stderr
    assert world.sharectl("adopt", "vm1").ok().stdout == "vm1 docs: adopted\n"
    assert world.snapshot() == before
    assert world.sharectl("reconcile").ok().stdout == ""
    assert world.sharectl("adopt", "vm1").ok().stdout == ""


def test_forget_leaves_all_but_the_record(world: World, share: Share) -> None:
    before = world.snapshot()
    said = world.sharectl("forget", "vm1", "docs").ok().stdout
    assert [line.split()[1] for line in said.splitlines()] == [
        "access", "mount", "key", "filesystem",
    ]  # fmt: skip
    after = world.snapshot()
    assert (after.mappings, after.mounts, after.rules, after.domains) == (
        {}, before.mounts, before.rules, before.domains,
    )  # fmt: skip
    world.sharectl("adopt", "vm1").ok()
    world.sharectl("remove", "vm1", "docs").ok()


def test_two_mounts_of_a_share_go_together(world: World, share: Share) -> None:
    """As when a mount helper outlives a sharectl that was killed."""
    ((mount_point, source),) = world.mounts()
    pid = subprocess.run(["pidof", "ceph-fuse"], capture_output=True, text=True, check=False)
    assert pid.stdout
    subprocess.run(["mount", "--bind", mount_point, mount_point], check=True)
    assert world.mounts() == ((mount_point, source),) * 2
    world.sharectl("remove", "vm1", "docs").ok()
    assert world.mounts() == ()
    assert not Path(mount_point).exists()


def test_what_was_mounted_over_the_share_is_told_and_left(world: World, share: Share) -> None:
    before = world.snapshot()
    mount_point = world.mount_point(share.id)
    (mount_point / "sub").mkdir()
    for lay_over in (["--bind", mount_point / "sub"], ["-t", "tmpfs", "foreign"]):
        subprocess.run(["mount", *lay_over, mount_point], check=True)
        mounts = world.mounts()
        assert len(mounts) == 2
        assert _health(world) == ["wrong-source"]
        told = world.sharectl("reconcile")
        assert (told.status, told.stdout) == (6, "")
        assert f"umount {mount_point}" in told.stderr
        assert world.sharectl("remove", "vm1", "docs").status == 4
        assert world.mounts() == mounts
        subprocess.run(["umount", mount_point], check=True)
        assert "in order again" in world.sharectl("reconcile").ok().stdout
    assert world.snapshot() == before


def test_mount_in_no_record_is_pruned_with_its_rule(world: World, share: Share) -> None:
    inside = world.mount_point(share.id) / "sub"
    inside.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "inside", inside], check=True)
    assert world.sharectl("reconcile", "--prune").ok().stdout == ""
    assert len(world.mounts()) == 2
    subprocess.run(["umount", inside], check=True)
    for path in world.state.glob("mappings.json*"):
        path.unlink()
    world.guests.pop().remove()

    done = world.sharectl("reconcile", "--prune").ok()

    assert [line.split()[0] for line in done.stdout.splitlines()] == ["unmount", "revoke"]
    after = world.snapshot()
    assert (after.mounts, after.rules, after.secrets) == ((), (), ())
