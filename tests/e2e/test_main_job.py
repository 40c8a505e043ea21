"""The main job: a CephFS share, attached, used by a guest, detached, and nothing left."""

from __future__ import annotations

import libvirt
import pytest

from tests.e2e.world import World

pytestmark = pytest.mark.lab


def test_a_guest_reads_and_writes_a_share(world: World) -> None:
    script = "share docs; cat /mnt/docs/from-host; echo from the guest > /mnt/docs/from-guest"
    guest = world.guest("vm1", script=script, stay=True)
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()

    added = world.sharectl("add", "vm1", "docs", "--tag", "docs", "-f", "json").ok().json
    assert (added["Share ID"], added["Status"], added["Tag"]) == (share.id, "inactive", "docs")
    (world.mount_point(share.id) / "from-host").write_text("from the host\n")
    guest.start()
    assert "from the host" in guest.wait_for("script ended with status 0")
    assert (world.mount_point(share.id) / "from-guest").read_text() == "from the guest\n"

    shown = world.sharectl("show", "vm1", "docs", "-f", "json").ok().json
    assert (shown["Status"], shown["Health"]) == ("active", "ok")
    told = world.sharectl("metadata", "show", "vm1").ok().json
    assert told["devices"] == [
        {"type": "share", "share_id": share.id, "tag": "docs", "bus": "none", "address": "none"}
    ]
    refused = world.sharectl("remove", "vm1", "docs")
    assert refused.status == 4
    assert "domain vm1 is running" in refused.stderr

    guest.domain.destroy()
    assert world.sharectl("remove", "vm1", "docs").ok().stdout == ""
    assert world.snapshot() == before


def test_adding_again_changes_nothing(world: World) -> None:
    world.guest("vm1")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    first = world.sharectl("add", "vm1", "docs", "-f", "json").ok().json
    attached = world.snapshot()
    again = world.sharectl("add", "vm1", "docs", "-f", "json").ok()
    assert again.json == first
    assert world.snapshot() == attached


def test_two_domains_share_one_mount_and_one_rule(world: World) -> None:
    world.guest("vm1")
    world.guest("vm2")
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()
    world.sharectl("add", "vm1", "docs").ok()
    world.sharectl("add", "vm2", "docs").ok()
    both = world.snapshot()
    assert (len(both.mappings), len(both.mounts), len(both.rules)) == (2, 1, 1)
    world.sharectl("remove", "vm1", "docs").ok()
    one = world.snapshot()
    assert (len(one.mappings), one.mounts, one.rules) == (1, both.mounts, both.rules)
    world.sharectl("remove", "vm2", "docs").ok()
    assert world.snapshot() == before


def test_a_read_only_share_cannot_be_written(world: World) -> None:
    script = "share docs; cat /mnt/docs/a; echo x > /mnt/docs/b || echo it is read-only"
    guest = world.guest("vm1", script=script)
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.sharectl("add", "vm1", "docs", "--tag", "docs").ok()
    (world.mount_point(share.id) / "a").write_text("there\n")
    world.sharectl("remove", "vm1", "docs").ok()

    world.sharectl("add", "vm1", "docs", "--tag", "docs", "--read-only").ok()
    assert [rule.access_level for rule in world.cloud.rules(share.id)] == ["ro"]
    guest.start()
    console = guest.wait_off()
    assert "there" in console
    assert "it is read-only" in console
    with pytest.raises(OSError, match="Read-only"):
        (world.mount_point(share.id) / "c").write_text("")


def test_shared_memory_is_given_and_taken_back(world: World) -> None:
    world.guest("vm1", shared_memory=None)
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()
    world.sharectl("add", "--enable-shared-memory", "vm1", "docs").ok()
    assert "memfd" in world.snapshot().domains["vm1"]
    world.sharectl("remove", "vm1", "docs").ok()
    assert world.snapshot() == before


def test_shared_memory_is_taken_back_from_what_was_there_before(world: World) -> None:
    guest = world.guest("vm1", shared_memory=None)
    backing = "<memoryBacking><nosharepages/></memoryBacking>"
    xml = guest.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    world.connection.defineXML(xml.replace("<vcpu", f"{backing}<vcpu"))
    world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()
    assert "nosharepages" in before.domains["vm1"]
    world.sharectl("add", "--enable-shared-memory", "vm1", "docs").ok()
    assert "memfd" in world.snapshot().domains["vm1"]
    world.sharectl("remove", "vm1", "docs").ok()
    assert world.snapshot() == before


def test_a_dry_run_shows_the_plan_and_changes_nothing(world: World) -> None:
    world.guest("vm1", shared_memory=None)
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    before = world.snapshot()
    shown = world.sharectl("add", "-n", "vm1", "docs", "--enable-shared-memory").ok().stdout
    assert "1. grant rw access" in shown
    assert '+      <target dir="' + share.id in shown
    assert '+    <access mode="shared"/>' in shown
    assert world.snapshot() == before
