"""adopt believes no mark that Manila does not confirm: nothing is granted, mounted or recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sharectl.errors import Refused
from sharectl.model.domain import Filesystem
from sharectl.model.enums import AccessLevel, AccessType
from sharectl.model.mark import Mark
from sharectl.model.share import Access
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from sharectl.operations.remove import RemoveRequest, remove
from tests.operations.reconciling import run_adopt, run_reconcile
from tests.operations.scenarios import CEPH_PATH, HOST_ADDRESS, World, attached, cephfs, nfs

FORGED = {
    "another share": {"share_id": "other"},
    "another tag": {"tag": "another"},
    "another level": {"access_level": "ro"},
    "the world": {"access_to": "0.0.0.0/0"},
    "a name": {"share_id": "name"},
    "an earlier version": {"host_id": "", "access_to": HOST_ADDRESS},
    "another host": {"host": "elsewhere", "host_id": "f" * 32},
}


def _forge(world: World, domain: str, **values: Any) -> Mark:
    """`domain` gets a filesystem and a mark as if share docs were attached to it."""
    app, share = world.app, world.share_id
    uuid = app.domains.find(domain).uuid
    (mark,) = app.domains.find("guest").marks
    mark = replace(mark, id="b5b5b5b5-0000-4000-8000-000000000001", **values)
    where = f"/run/sharectl/mnt/{mark.share_id if mark.share_id != share else share}"
    app.domains.attach_filesystem(uuid, Filesystem(mark.tag, where))
    app.domains.mark(uuid, mark)
    return mark


@pytest.mark.parametrize("values", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("make", [nfs, cephfs])
def test_a_forged_mark_changes_nothing(make: Any, values: dict[str, str]) -> None:
    world, _ = attached(make)
    if "share_id" in values:
        name = world.share if values["share_id"] == "name" else "other"
        share = world.app.shares.find(name)
        values = {"share_id": share.name if values["share_id"] == "name" else share.id}
    mark = _forge(world, "neighbour", **values)
    before = world.app.snapshot()
    result = run_adopt(world.app)
    assert world.app.snapshot() == before
    assert result.changes == ()
    (problem,) = result.problems
    assert problem.message.startswith(f"neighbour {mark.share_name}: ")
    if values.get("share_id") != world.share:
        assert "its metadata alone is no proof" in problem.message
        mode = " --read-only" if mark.access_level == "ro" else ""
        command = f"sharectl add neighbour {mark.share_id} --tag {mark.tag}{mode};"
        assert command in (problem.hint or "")


@pytest.mark.parametrize(
    "values",
    [
        {"share_id": "../../etc"},
        {"share_id": "x" * 4000},
        {"tag": "-t"},
        {"access_level": "all"},
        {"created_at": "yesterday"},
        {"created_at": "2026-01-01T00:00:00"},
        {"shared_memory": "yes"},
        {"controllers": "many"},
    ],
    ids=str,
)
def test_a_damaged_mark_is_told(values: dict[str, str]) -> None:
    world, _ = attached(nfs)
    _forge(world, "neighbour", **values)
    before = world.app.snapshot()
    (problem,) = run_adopt(world.app).problems
    assert "the metadata of domain neighbour about share" in problem.message
    assert "is damaged" in problem.message
    assert len(problem.message) < 400
    assert world.app.snapshot() == before


def _clone(world: World) -> str:
    """What `virsh dumpxml`, another name and UUID, and `virsh define` make, marks included."""
    domain = world.app.domains.find("guest")
    uuid = world.app.domains.define("clone")
    world.app.domains.attach_filesystem(uuid, domain.filesystems[0])
    world.app.domains.mark(uuid, domain.marks[0])
    return uuid


@pytest.mark.parametrize("make", [nfs, cephfs])
def test_a_clone_is_not_adopted_and_the_named_command_gives_it_the_share(make: Any) -> None:
    world, before = attached(make)
    uuid = _clone(world)
    result = run_adopt(world.app)
    (problem,) = result.problems
    assert isinstance(problem, Refused)
    assert f"sharectl add clone {world.share_id} --tag {world.share_id};" in (problem.hint or "")
    add(world.app, AddRequest("clone", world.share_id, tag=world.share_id))
    assert run_adopt(world.app).problems == ()
    assert run_reconcile(world.app).changes == ()
    (mark,) = world.app.domains.find(uuid).marks
    assert {item.id for item in world.app.store.load()} > {mark.id}
    world.remove()
    remove(world.app, RemoveRequest("clone", world.share_id))
    after = world.app.snapshot()
    assert (after.mounts, after.rules) == (before.mounts, before.rules)


def test_a_clone_and_a_lost_store() -> None:
    world, _ = attached(nfs)
    _clone(world)
    (mapping,) = world.app.store.load()
    with world.app.store.transaction() as store:
        store.delete(mapping.id)
    result = run_adopt(world.app)
    assert result.changes == ("guest docs: adopted",)
    assert [item.message.partition(":")[0] for item in result.problems] == ["clone docs"]
    (again,) = world.app.store.load()
    assert (again.id, again.domain_name) == (mapping.id, "guest")


def test_what_manila_confirms_is_worked_out_again() -> None:
    """Whatever else the mark says, client, source, mount point and ID are this host's."""
    world, _ = attached(cephfs)
    (mapping,) = world.app.store.load()
    with world.app.store.transaction() as store:
        store.delete(mapping.id)
    (mark,) = world.app.domains.find("guest").marks
    values = {"id": "../x", "access_to": "root", "cloud": "evil", "host": "x", "share_name": "y"}
    world.app.domains.mark(world.uuid, replace(mark, **values))
    assert run_adopt(world.app).problems == ()
    (again,) = world.app.store.load()
    assert again.export_location == CEPH_PATH
    same = ("access_to", "mount_point", "share_name", "cloud", "rule_id", "owns_rule", "tag")
    assert [getattr(again, name) for name in same] == [getattr(mapping, name) for name in same]
    assert again.id not in (mapping.id, "../x")
    (mark,) = world.app.domains.find("guest").marks
    assert (mark.id, mark.host, mark.access_to) == (again.id, world.app.host.name, "")


def _of_010(world: World, **metadata: str) -> None:
    """The rule and the mark as version 0.1.0 made them, and a store that is lost."""
    app = world.app
    (mapping,) = app.store.load()
    (rule,) = [item for item in app.shares.all_rules if item.share_id == mapping.share_id]
    rule.metadata = {"managed-by": "sharectl", "sharectl-host": app.host.name, **metadata}
    (mark,) = app.domains.find("guest").marks
    old = replace(mark, host_id="", cloud="", access_to=mapping.access_to)
    app.domains.mark(world.uuid, old)
    with app.store.transaction() as store:
        store.delete(mapping.id)


@pytest.mark.parametrize("make", [nfs, cephfs])
def test_a_mark_and_a_rule_of_the_earlier_version(make: Any) -> None:
    world, _ = attached(make)
    _of_010(world)
    rules = {item.id for item in world.app.shares.all_rules}
    assert run_adopt(world.app).changes == (f"guest {world.share}: adopted",)
    (mapping,) = world.app.store.load()
    assert mapping.owns_rule
    assert {item.id for item in world.app.shares.all_rules} == rules
    (rule,) = [item for item in world.app.shares.all_rules if item.id == mapping.rule_id]
    assert rule.metadata["sharectl-host-id"] == world.app.host.id
    assert run_reconcile(world.app).changes == ()


@pytest.mark.parametrize(
    "values", [{"host": "another"}, {"access_to": "203.0.113.9"}, {"access_level": "ro"}], ids=str
)
def test_a_mark_of_the_earlier_version_that_its_rule_does_not_confirm(
    values: dict[str, str],
) -> None:
    world, _ = attached(nfs)
    _of_010(world)
    (mark,) = world.app.domains.find("guest").marks
    world.app.domains.mark(world.uuid, replace(mark, **values))
    before = world.app.snapshot()
    (problem,) = run_adopt(world.app).problems
    assert "its metadata alone is no proof" in problem.message
    assert world.app.snapshot() == before


def test_a_rule_that_is_being_withdrawn_or_that_sharectl_did_not_make_confirms_nothing() -> None:
    world, _ = attached(nfs)
    (mapping,) = world.app.store.load()
    with world.app.store.transaction() as store:
        store.delete(mapping.id)
    (rule,) = world.app.shares.all_rules
    metadata = dict(rule.metadata)
    rule.metadata = {key: value for key, value in metadata.items() if key != "managed-by"}
    assert len(run_adopt(world.app).problems) == 1
    rule.metadata = metadata
    world.app.shares.looks = 9
    world.app.shares.revoke(world.share_id, rule.id)
    assert len(run_adopt(world.app).problems) == 1
    assert world.app.store.load() == ()


def test_the_share_is_looked_for_in_the_cloud_that_the_mark_names() -> None:
    world, _ = attached(nfs)
    (mapping,) = world.app.store.load()
    elsewhere = world.app.shares
    elsewhere.cloud_name = "second"
    other = nfs().app.shares
    other.delete(world.share_id)
    with world.app.store.transaction() as store:
        store.delete(mapping.id)
    (mark,) = world.app.domains.find("guest").marks
    world.app.shares = other
    assert len(run_adopt(world.app).problems) == 1
    world.app.clouds["second"] = elsewhere
    world.app.domains.mark(world.uuid, replace(mark, cloud="second"))
    assert run_adopt(world.app).problems == ()
    (again,) = world.app.store.load()
    assert again.cloud == "second"


def test_a_level_that_the_rule_has_and_its_note_does_not_confirm() -> None:
    """The rule's own level is not what the domain had: another domain may have needed more."""
    world, _ = attached(nfs)
    access = Access(AccessType.IP, "203.0.113.1", AccessLevel.RO)
    world.app.shares.add_rule(world.share_id, access, metadata={"managed-by": "sharectl"})
    _forge(world, "neighbour", access_level="ro")
    assert len(run_adopt(world.app).problems) == 1
