"""remove when something is in the way, and when something is already gone."""

from __future__ import annotations

import pytest
from lxml import etree

from tests.e2e.world import Snapshot, World
from tests.lab.cloud.api import Share

pytestmark = pytest.mark.lab


def _attach(world: World, name: str = "docs") -> tuple[Share, Snapshot]:
    """vm1 with a share; what there was before."""
    world.guest("vm1")
    share = world.cloud.create_share(name, "CEPHFS", backend="ceph")
    before = world.snapshot()
    world.sharectl("add", "vm1", name).ok()
    return share, before


def _filesystems(world: World) -> list[bytes]:
    root = etree.fromstring(world.guests[0].domain.XMLDesc(2))
    return [etree.tostring(item) for item in root.iterfind("./devices/filesystem")]


def test_nothing_to_remove(world: World) -> None:
    world.guest("vm1")
    result = world.sharectl("remove", "vm1", "docs")
    assert (result.status, "is not attached" in result.stderr) == (3, True)


def test_the_rule_is_gone_already(world: World) -> None:
    share, before = _attach(world)
    world.cloud.deny(share.id, world.cloud.rules(share.id)[0].id)
    world.sharectl("remove", "vm1", "docs").ok()
    assert world.snapshot() == before


def test_the_share_is_gone_already(world: World) -> None:
    share, _before = _attach(world)
    world.cloud.database.forget_locks_and_faults()
    world.cloud.delete_share(share.id)
    world.sharectl("remove", "vm1", share.id).ok()
    after = world.snapshot()
    assert (after.mappings, after.mounts, after.folders, after.secrets) == ({}, (), (), ())


def test_the_domain_is_gone_already(world: World) -> None:
    _share, before = _attach(world)
    world.guests.pop().remove()
    world.sharectl("remove", "vm1", "docs").ok()
    after = world.snapshot()
    assert (after.mappings, after.mounts, after.rules) == ({}, (), before.rules)


def test_the_filesystem_was_edited_away(world: World) -> None:
    _share, before = _attach(world)
    guest = world.guests[0]
    xml = guest.domain.XMLDesc(2)
    start, end = xml.index("<filesystem"), xml.index("</filesystem>") + len("</filesystem>")
    world.connection.defineXML(xml[:start] + xml[end:])
    world.sharectl("remove", "vm1", "docs").ok()
    assert world.snapshot() == before


def test_a_deny_that_fails_stays_recorded_and_can_be_repeated(world: World) -> None:
    share, before = _attach(world, "fail-deny")
    result = world.sharectl("remove", "vm1", "fail-deny")
    assert result.status == 4
    assert "could not withdraw access rule" in result.stderr
    assert f"ask the operator of Manila; then: sharectl remove vm1 {share.id}\n" in result.stderr
    after = world.snapshot()
    assert [intent for _share, intent in after.mappings.values()] == ["detaching"]
    assert after.mounts == ()
    assert after.domains == before.domains
    listed = world.sharectl("list", "vm1", "-f", "json").ok().json
    assert [(item["Share ID"], item["Status"]) for item in listed] == [(share.id, "error")]


def test_a_running_domain_of_two_keeps_the_share(world: World) -> None:
    _share, _before = _attach(world)
    other = world.guest("vm2", stay=True)
    world.sharectl("add", "vm2", "docs").ok()
    other.start()
    world.sharectl("remove", "vm1", "docs").ok()
    after = world.snapshot()
    assert (len(after.mounts), len(after.rules)) == (1, 1)
    assert world.sharectl("show", "vm2", "docs", "-f", "json").ok().json["Health"] == "ok"


def test_force_detaches_while_manila_is_away_and_finishes_later(world: World) -> None:
    share, before = _attach(world)
    world.cloud.manila.stop()
    try:
        plain = world.sharectl("remove", "vm1", "docs")
        assert plain.status == 69
        assert f"sharectl remove vm1 {share.id}" in plain.stderr
        assert world.mappings() and world.mounts()
        forced = world.sharectl("-q", "remove", "vm1", share.id, "--force")
        assert forced.status == 6
        error, hint = forced.stderr.splitlines()
        assert "left behind, and recorded as detaching: access rule for cephx" in error
        assert "Manila does not answer" in error
        assert f"; then: sharectl remove vm1 {share.id}" in hint
        assert world.mounts() == ()
    finally:
        world.cloud.manila.start()
    assert world.snapshot().domains == before.domains
    world.sharectl("remove", "vm1", "docs").ok()
    assert world.snapshot() == before


def test_a_foreign_filesystem_with_our_tag_stays(world: World) -> None:
    """libvirt detaches by tag alone; the tag was given away after ours had been edited away."""
    _attach(world)
    guest = world.guests[0]
    xml = guest.domain.XMLDesc(2)
    world.connection.defineXML(xml.replace(str(world.runtime), "/somewhere/else"))
    edited = _filesystems(world)
    world.sharectl("remove", "vm1", "docs").ok()
    after = world.snapshot()
    assert (_filesystems(world), after.mappings, after.mounts) == (edited, {}, ())
    assert "urn:sharectl" not in after.domains["vm1"]


def test_a_root_port_that_came_with_the_share_goes_with_it(world: World) -> None:
    """A q35 domain has one spare port: the second share needs a port of its own."""
    guest = world.guest("vm1")
    for name in ("docs", "data", "more"):
        world.cloud.create_share(name, "CEPHFS", backend="ceph")
    flags = 3  # VIR_DOMAIN_XML_SECURE, VIR_DOMAIN_XML_INACTIVE
    world.connection.defineXML(guest.domain.XMLDesc(flags))  # libvirt sorts controllers once
    before = guest.domain.XMLDesc(flags)
    for name in ("docs", "data", "more"):
        world.sharectl("add", "vm1", name).ok()
    for name in ("docs", "data", "more"):  # the first one's port is not the first one's to take
        world.sharectl("remove", "vm1", name).ok()
    assert guest.domain.XMLDesc(flags) == before
