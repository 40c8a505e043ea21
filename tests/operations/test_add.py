"""add: what it makes, what it finds already made, how long it waits, and how it fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.errors import Refused, Unavailable
from sharectl.model.enums import AccessLevel, Intent, SharedMemory
from sharectl.model.share import Access
from sharectl.operations.add import AddResult, add
from tests.fakes.faults import FaultyApp, Injector
from tests.fakes.mounts import umount
from tests.operations.scenarios import (
    CEPH_PATH,
    HOST_ADDRESS,
    NFS_PATH,
    World,
    cephfs,
    nfs,
    private_memory,
    read_only,
)


def _xml(world: World) -> str:
    app = world.app
    return app.domains.xml_of(app.domains.find(world.request.domain).uuid)


def _no_changes(world: World) -> AddResult:
    """Add, and find that nothing was done and no lock was taken."""
    injector, taken = Injector(world.app), list(world.app.locks.taken)
    result = add(FaultyApp(injector), world.request)
    assert (injector.changes, world.app.locks.taken) == ([], taken)
    return result


def test_nfs_share_is_granted_mounted_and_attached() -> None:
    world = nfs()
    result = world.add()

    share = world.share_id
    (rule,) = world.app.shares.all_rules
    assert rule.access == Access(rule.access.type, HOST_ADDRESS, AccessLevel.RW)
    assert rule.metadata == {
        "managed-by": "sharectl",
        "sharectl-host": "hyper1.example.org",
        "sharectl-host-id": "0123456789abcdef0123456789abcdef",
        "sharectl-user": "alice",
        f"sharectl-domain-{world.uuid}": f"rw {share}",
    }
    mount = world.app.mounts.list()[-1]
    assert (mount.mount_point, mount.source) == (f"/run/sharectl/mnt/{share}", NFS_PATH)
    assert {"rw", "nosuid", "nodev"} <= mount.options
    assert f'<target dir="{share}"/>' in _xml(world)
    (mapping,) = world.app.store.load()
    assert mapping == result.view.mapping
    assert (mapping.intent, mapping.rule_id, mapping.owns_rule) == (Intent.ATTACHED, rule.id, True)
    assert (mapping.requested_by, mapping.tag, mapping.last_error) == ("alice", share, None)
    assert (result.view.status, result.waiting) == ("inactive", False)
    assert world.app.heard.warnings == []
    assert world.app.secrets.files == {}


def test_cephfs_share_gets_an_id_of_its_own_and_a_key_file() -> None:
    world = cephfs()
    world.add()

    (rule,) = world.app.shares.all_rules
    (mapping,) = world.app.store.load()
    assert rule.access.to == mapping.access_to
    assert rule.access.to.startswith("sharectl-hyper1-01234567")
    assert "." not in rule.access.to
    assert (mapping.filesystem_name, mapping.export_location) == ("vol", CEPH_PATH)
    assert [path.name for path in world.app.secrets.files] == [f"{world.share_id}.key"]
    assert world.app.mounts.list()[-1].fs_type == "ceph"


def test_cephx_key_is_in_its_file_and_nowhere_else() -> None:
    world = cephfs()
    result = world.add()

    (key,) = world.app.secrets.files.values()
    assert key
    told = world.app.heard.steps + world.app.heard.notes + world.app.heard.warnings
    for text in (repr(result), repr(world.app.store.load()), *told, _xml(world)):
        assert key not in text


def test_read_only_is_read_only_everywhere() -> None:
    world = read_only()
    world.add()
    assert world.app.shares.all_rules[0].access.level is AccessLevel.RO
    assert world.app.mounts.list()[-1].read_only
    assert "<readonly/>" in _xml(world)


def test_memory_is_made_shared_only_when_asked_and_needed() -> None:
    world = private_memory()
    world.add()
    assert '<source type="memfd"/>' in _xml(world)
    assert world.app.store.load()[0].shared_memory is SharedMemory.MEMFD

    shared = nfs().asking(shared_memory=SharedMemory.HUGEPAGES)
    shared.add()
    assert "hugepages" not in _xml(shared)
    assert shared.app.store.load()[0].shared_memory is None


@pytest.mark.parametrize("ident", ["docs", "id"])
def test_same_add_again_changes_nothing(ident: str) -> None:
    world = nfs()
    world.add()
    world = world.asking(share=world.share_id if ident == "id" else ident)
    assert _no_changes(world).actions == ()


def test_same_add_while_the_domain_runs_changes_nothing() -> None:
    world = nfs()
    world.add()
    world.app.domains.start(world.uuid)
    result = _no_changes(world)
    assert (result.actions, result.view.status) == ((), "active")


def test_add_again_repairs_what_is_gone() -> None:
    world = nfs()
    world.add()
    after = world.app.snapshot()
    mount = world.app.mounts.list()[-1].mount_point
    umount(world.app.mounts, mount)
    (rule,) = world.app.shares.all_rules
    world.app.shares.revoke(world.share_id, rule.id)
    world.app.shares.settle()

    actions = [type(action).__name__ for action in world.add().actions]

    assert actions == ["GrantAccess", "AwaitAccess", "MountShare"]
    now = world.app.snapshot()
    assert replace(now, mappings=()) == replace(after, mappings=())


def _lose_memory(world: World) -> None:
    """An admin takes the shared memory out of the domain, and with it what needs it."""
    (mapping,) = world.app.store.load()
    world.app.domains.detach_filesystem(world.uuid, mapping.filesystem)
    world.app.domains.disable_shared_memory(world.uuid, SharedMemory.MEMFD)


def test_repair_gives_the_shared_memory_that_is_asked_for() -> None:
    world = nfs()
    world.add()
    _lose_memory(world)
    before = _xml(world)
    with pytest.raises(Refused, match="has no shared memory") as caught:
        world.add()
    assert "--enable-shared-memory" in (caught.value.hint or "")
    assert _xml(world) == before

    world.asking(shared_memory=SharedMemory.FILE).add()

    assert '<source type="file"/>' in _xml(world)
    assert world.app.store.load()[0].shared_memory is SharedMemory.FILE
    world.remove()
    assert "memoryBacking" not in _xml(world)


def test_repair_gives_again_the_shared_memory_that_it_gave() -> None:
    world = private_memory()
    world.add()
    after = world.app.snapshot()
    _lose_memory(world)
    world.asking(shared_memory=None).add()
    assert replace(world.app.snapshot(), mappings=()) == replace(after, mappings=())


def test_repair_of_a_running_domain_is_refused() -> None:
    world = nfs()
    world.add()
    world.app.domains.start(world.uuid)
    umount(world.app.mounts, world.app.mounts.list()[-1].mount_point)
    with pytest.raises(Refused, match="is running"):
        world.add()


def test_failed_repair_keeps_the_mapping_and_names_the_error() -> None:
    world = nfs()
    world.add()
    umount(world.app.mounts, world.app.mounts.list()[-1].mount_point)
    world.app.mounts.dead = {"192.0.2.1"}
    with pytest.raises(Unavailable):
        world.add()
    (mapping,) = world.app.store.load()
    assert mapping.intent is Intent.ATTACHED
    assert "file server 192.0.2.1 did not answer" in (mapping.last_error or "")
    world.app.mounts.dead = set()
    world.add()
    assert world.app.store.load()[0].last_error is None


def test_error_that_has_mended_itself_is_taken_back() -> None:
    """Also while the domain runs, for nothing of it is changed."""
    world = nfs()
    world.add()
    after = world.app.snapshot()
    (mapping,) = after.mappings
    with world.app.store.transaction() as store:
        store.put(replace(mapping, last_error="the file server did not answer"))
    world.app.domains.start(world.uuid)

    result = world.add()

    assert (result.actions, result.view.status) == ((), "active")
    (now,) = world.app.store.load()
    assert replace(now, updated_at=mapping.updated_at) == mapping
    assert replace(world.app.snapshot(), mappings=()) == replace(after, mappings=())


def test_dry_run_shows_the_plan_and_changes_nothing() -> None:
    world = private_memory().asking(dry_run=True)
    before = world.app.snapshot()

    result = _no_changes(world)

    assert [type(action).__name__ for action in result.actions] == [
        "GrantAccess",
        "AwaitAccess",
        "MountShare",
        "EnableSharedMemory",
        "AttachFilesystem",
        "MarkDomain",
    ]
    assert result.xml_before == _xml(world)
    assert 'share_name="docs"' in result.xml_after
    assert "<memoryBacking>" in result.xml_after
    assert f'<source dir="/run/sharectl/mnt/{world.share_id}"/>' in result.xml_after
    assert world.app.snapshot() == before


def test_dry_run_shows_readonly_only_where_libvirt_takes_it() -> None:
    world = read_only().asking(dry_run=True)
    assert "<readonly/>" in world.add().xml_after
    world.app.domains.upgrade(libvirt=(10, 10, 0))
    assert "<readonly/>" not in world.add().xml_after


def test_snapshots_are_warned_of() -> None:
    world = nfs()
    world.app.domains.set(world.uuid, snapshots=2)
    world.add()
    (warning,) = world.app.heard.warnings
    assert "guest has 2 snapshots" in warning
