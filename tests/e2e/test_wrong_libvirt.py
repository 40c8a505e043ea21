"""sharectl is called with a libvirt that does not have the domain: nothing is taken for gone."""

from __future__ import annotations

from collections.abc import Iterator

import libvirt
import pytest

from sharectl.errors import ExitCode
from sharectl.model.host import canonical_uri
from tests.e2e.world import Snapshot, World
from tests.lab.cloud.api import Share
from tests.lab.guest import Guest

pytestmark = pytest.mark.lab


@pytest.fixture
def share(world: World) -> Share:
    """A CephFS share that vm1 has, which runs under the system's libvirt."""
    guest = world.guest("vm1", stay=True)
    made = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs", "--tag", "docs").ok()
    guest.start()
    return made


@pytest.fixture
def untouched(world: World, share: Share) -> Iterator[Snapshot]:
    """Mounts, rules, records and definitions are as before when the test ends."""
    before = world.snapshot()
    yield before
    assert world.snapshot() == before


def test_remove_sees_that_the_guest_runs(
    world: World, untouched: Snapshot, second_libvirt: str
) -> None:
    for force in ((), ("--force",)):
        refused = world.sharectl("--connect", second_libvirt, "remove", "vm1", "docs", *force)
        assert refused.status == ExitCode.REFUSED, refused
        assert "domain vm1 is running" in refused.stderr


def test_prune_and_health_ask_the_libvirt_that_has_the_domain(
    world: World, untouched: Snapshot, second_libvirt: str
) -> None:
    world.sharectl("--connect", second_libvirt, "reconcile").ok()
    pruned = world.sharectl("--connect", second_libvirt, "reconcile", "--prune")
    assert pruned.status == ExitCode.REFUSED
    assert "is not the system's libvirt" in pruned.stderr
    shown = world.sharectl("--connect", second_libvirt, "list", "--long", "-f", "value",
                           "-c", "Status", "-c", "Health")  # fmt: skip
    assert shown.ok().stdout == "active ok\n"


def test_what_the_other_libvirt_has_is_not_pruned_by_the_system(
    world: World, second_libvirt: str
) -> None:
    """The mirror: attached through the other one, pruned through the system's."""
    there = libvirt.open(second_libvirt)
    guest = Guest.define(there, "other1", world.folder / "others", stay=True)
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("--connect", second_libvirt, "add", "other1", "docs").ok()
    guest.start()
    mounts = world.mounts()
    world.sharectl("reconcile", "--prune").ok()
    assert world.mounts() == mounts
    assert len(world.cloud.rules(share.id)) == 1
    (record,) = world.mappings().values()
    assert record["intent"] == "attached"
    assert record["libvirt_uri"] == canonical_uri(second_libvirt)

    guest.domain.destroy()
    world.sharectl("remove", "other1", "docs").ok()
    assert (world.mounts(), world.cloud.rules(share.id)) == ((), [])
    guest.remove()
    there.close()


def test_libvirt_that_is_gone_holds_up_its_own_shares_alone(
    world: World, share: Share, second_libvirt: str
) -> None:
    """Its domain is not looked at; that is told, and what is of the system is mended."""
    there = libvirt.open(second_libvirt)
    guest = Guest.define(there, "other1", world.folder / "others")
    world.cloud.create_share("more", "CEPHFS", backend="ceph")
    world.sharectl("--connect", second_libvirt, "add", "other1", "more").ok()
    _point_elsewhere(world)
    world.guests[0].domain.destroy()
    world.unmount(str(world.mount_point(share.id)))

    told = world.sharectl("reconcile", "--prune")

    assert "vm1 docs: mount " in told.stdout
    assert "cannot connect to libvirt at" in told.stderr
    assert len(world.mounts()) == 2
    refused = world.sharectl("remove", "other1", "more")
    assert refused.status == ExitCode.UNAVAILABLE
    assert len(world.mappings()) == 2
    guest.remove()
    there.close()


def _point_elsewhere(world: World) -> None:
    """The record of other1 names a libvirt that is not there any more."""
    text = world.store.read_text()
    gone = "qemu:///system?socket=/run/no-such-libvirt/sock"
    (uri,) = {item["libvirt_uri"] for item in world.mappings().values()} - {"qemu:///system"}
    world.store.write_text(text.replace(uri, gone))
