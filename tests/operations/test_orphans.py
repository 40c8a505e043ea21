"""Mounts that no record speaks of: which ones are ours, and what goes with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.model.enums import AccessLevel, AccessType
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import HostMount, mounted_at
from sharectl.model.share import Access, AccessRule
from sharectl.operations.reconcile import ReconcileRequest, reconcile
from sharectl.operations.remove import RemoveRequest, remove
from tests.fakes.app import Snapshot
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import NFS_PATH, World, attached, cephfs, nfs, old_manila

_OTHER = "192.0.2.9:/by-hand"


def _orphaned(make: Callable[[], World]) -> tuple[World, Snapshot, ShareMapping]:
    """The store is lost and the domain undefined; also how it was before, and the lost record."""
    world, before = attached(make)
    (mapping,) = world.app.store.load()
    with world.app.store.transaction() as store:
        store.delete(mapping.id)
    world.app.domains.undefine(world.uuid)
    return world, before, mapping


def _is_mounted(world: World, mount_point: str) -> bool:
    return mounted_at(world.app.mounts.list(), mount_point) is not None


def _nested(world: World) -> HostMount:
    return HostMount(world.mount_point + "/sub", "nfs4", NFS_PATH + "/sub", frozenset({"rw"}))


def _nested_like_a_share(world: World) -> HostMount:
    return replace(_nested(world), mount_point=f"{world.mount_point}/{world.share_id}")


def _by_hand(world: World) -> HostMount:
    base = world.app.config.mount_base
    return HostMount(f"{base}/backup", "nfs4", _OTHER, frozenset({"rw"}))


def _disk(world: World) -> HostMount:
    return replace(_by_hand(world), mount_point=_free(world), fs_type="ext4", source="/dev/vdb1")


def _bind(world: World) -> HostMount:
    return replace(_by_hand(world), mount_point=_free(world), root="/sub")


def _free(world: World) -> str:
    return f"{world.app.config.mount_base}/{world.app.shares.find('other').id}"


@pytest.mark.parametrize("make", [nfs, cephfs])
@pytest.mark.parametrize("other", [_nested, _nested_like_a_share, _by_hand, _disk, _bind])
def test_mount_that_sharectl_did_not_make_is_none_of_its_business(
    make: Callable[[], World], other: Callable[[World], HostMount]
) -> None:
    world, _ = attached(make)
    world.app.mounts.mounted.append(other(world))
    world.app.domains.start(world.uuid)
    before, keys = world.app.snapshot(), dict(world.app.secrets.files)
    for prune in (False, True):
        result = run_reconcile(world.app, prune=prune)
        assert (result.changes, result.problems) == ((), ())
    assert (world.app.snapshot(), world.app.secrets.files) == (before, keys)


@pytest.mark.parametrize("make", [nfs, cephfs])
def test_rule_and_key_go_with_the_mount(make: Callable[[], World]) -> None:
    world, before, mapping = _orphaned(make)
    foreign = Access(AccessType.IP, "198.51.100.99", AccessLevel.RW)
    theirs = world.app.shares.add_rule(world.share_id, foreign, metadata={"made": "by hand"})
    planned = run_reconcile(world.app, prune=True, dry_run=True)
    assert _is_mounted(world, mapping.mount_point)

    done = run_reconcile(world.app, prune=True)

    assert done.problems == ()
    assert done.changes == planned.changes
    assert [line.split()[0] for line in done.changes] == ["unmount", "revoke"]
    after = world.app.snapshot()
    assert (after.mounts, after.keys) == (before.mounts, before.keys)
    assert [rule.id for rule in world.app.shares.all_rules] == [theirs.id]
    assert run_reconcile(world.app, prune=True).changes == ()


@pytest.mark.parametrize("dry_run", [True, False])
def test_without_manila_the_mount_stays_to_be_found_again(dry_run: bool) -> None:
    world, _, mapping = _orphaned(nfs)
    world.app.shares.dead = True
    result = run_reconcile(world.app, prune=True, dry_run=dry_run)
    assert result.changes == ()
    assert "does not answer" in messages(result)
    assert _is_mounted(world, mapping.mount_point)
    world.app.shares.dead = False
    run_reconcile(world.app, prune=True)
    assert world.app.shares.all_rules == ()


def test_rule_of_another_manila_user_keeps_the_mount() -> None:
    world, _, mapping = _orphaned(nfs)
    world.app.shares.log_in_as_another()
    result = run_reconcile(world.app, prune=True)
    assert "made for it by another Manila user" in messages(result)
    assert _is_mounted(world, mapping.mount_point)
    world.app.shares.log_in_as_maker()
    assert run_reconcile(world.app, prune=True).problems == ()
    assert world.app.shares.all_rules == ()


def test_rule_that_manila_does_not_withdraw_is_named() -> None:
    world, _, mapping = _orphaned(nfs)
    world.app.shares.not_denied.add(mapping.access_to)
    result = run_reconcile(world.app, prune=True)
    assert "could not withdraw access rule" in messages(result)
    assert [line.split()[0] for line in result.changes] == ["unmount"]


def test_what_cannot_be_known_of_rules_is_told() -> None:
    world, _, _mapping = _orphaned(old_manila)
    assert run_reconcile(world.app, prune=True).problems == ()
    (warning,) = world.app.heard.warnings
    assert f"openstack share access list {world.share_id}" in warning


def test_share_that_is_gone_is_unmounted_and_told() -> None:
    world, _, mapping = _orphaned(nfs)
    world.app.shares.delete(world.share_id)
    assert run_reconcile(world.app, prune=True).problems == ()
    assert not _is_mounted(world, mapping.mount_point)
    (warning,) = world.app.heard.warnings
    assert "is not in Manila, or not for these credentials" in warning


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("make", [nfs, cephfs])
def test_share_of_another_project_keeps_the_mount(make: Callable[[], World], dry_run: bool) -> None:
    world, before, mapping = _orphaned(make)
    app = world.app
    own, app.shares.project = app.shares.project, "another"
    result = run_reconcile(app, prune=True, dry_run=dry_run)
    assert result.changes == ()
    assert f"of a share of project {own}, and these credentials are of" in messages(result)
    assert _is_mounted(world, mapping.mount_point)
    app.shares.project = own
    assert run_reconcile(app, prune=True).problems == ()
    now = app.snapshot()
    assert (now.rules, now.mounts, now.keys) == (before.rules, before.mounts, before.keys)


def test_share_that_is_recorded_elsewhere_keeps_rule_and_key() -> None:
    """As when the folder for mounts was configured anew."""
    world, _ = attached(cephfs)
    (mapping,) = world.app.store.load()
    found = mounted_at(world.app.mounts.list(), mapping.mount_point)
    assert found is not None
    elsewhere = mapping.mount_point.replace("/run/sharectl", "/run/before")
    world.app.mounts.mounted.append(replace(found, mount_point=elsewhere))
    moved = replace(mapping, mount_point=elsewhere)
    world.app.domains.detach_filesystem(world.uuid, mapping.filesystem)
    world.app.domains.attach_filesystem(world.uuid, moved.filesystem)
    with world.app.store.transaction() as store:
        store.put(moved)
    run_reconcile(world.app)  # the mark
    keys = dict(world.app.secrets.files)

    result = run_reconcile(world.app, prune=True)

    assert [line.split()[0] for line in result.changes] == ["unmount"]
    assert not _is_mounted(world, mapping.mount_point)
    assert _is_mounted(world, elsewhere)
    assert world.app.secrets.files == keys
    assert len(world.app.shares.all_rules) == 1


def _adopt(world: World, mapping: ShareMapping) -> None:
    with world.app.store.transaction() as store:
        store.put(mapping)


def _use(world: World, mapping: ShareMapping) -> None:
    uuid = world.app.domains.find("neighbour").uuid
    world.app.domains.attach_filesystem(uuid, mapping.filesystem)
    world.app.domains.start(uuid)


def _cover(world: World, mapping: ShareMapping) -> None:
    world.app.mounts.mounted.append(replace(_disk(world), mount_point=mapping.mount_point))


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [(_adopt, ""), (_use, "is used by domain neighbour"), (_cover, "")],
)
def test_what_changed_before_the_lock_was_got_counts(
    meanwhile: Callable[[World, ShareMapping], None], said: str
) -> None:
    world, _, mapping = _orphaned(cephfs)
    keys = dict(world.app.secrets.files)
    before = []

    def elsewhere() -> None:
        meanwhile(world, mapping)
        before.append(world.app.mounts.list())

    world.app.restart()
    world.app.locks.while_waiting = elsewhere
    result = reconcile(world.app, ReconcileRequest(prune=True))

    assert result.changes == ()
    assert said in messages(result)
    assert bool(said) == bool(result.problems)
    assert [world.app.mounts.list()] == before
    assert world.app.secrets.files == keys
    assert len(world.app.shares.all_rules) == 1


def test_domain_that_comes_while_manila_is_asked_keeps_mount_and_rule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, _ = attached(nfs)
    app, uuid = world.app, world.uuid
    back = app.domains.take_away(uuid)
    with app.store.transaction() as store:
        store.delete(store.mappings[0].id)
    before, ask = app.snapshot(), app.shares.rules

    def rules(share_id: str) -> tuple[AccessRule, ...]:
        back()
        return ask(share_id)

    monkeypatch.setattr(app.shares, "rules", rules)
    assert "is used by domain guest" in messages(run_reconcile(app, prune=True))
    assert (app.snapshot().mounts, app.snapshot().rules) == (before.mounts, before.rules)


def test_remove_tells_that_a_clone_keeps_mount_and_rule() -> None:
    world, before = attached(nfs)
    (mapping,) = world.app.store.load()
    clone = world.app.domains.define("clone")
    world.app.domains.attach_filesystem(clone, mapping.filesystem)
    world.app.restart()
    assert world.remove().left == ()
    (warning,) = world.app.heard.warnings
    assert "stay: domain clone uses what is there" in warning
    assert "sharectl reconcile --prune" in warning
    assert _is_mounted(world, mapping.mount_point)

    world.app.domains.undefine(clone)
    assert run_reconcile(world.app, prune=True).problems == ()
    assert world.app.snapshot() == before


def test_remove_is_silent_when_nothing_stays_or_another_mapping_wants_it() -> None:
    world, _ = attached(nfs)
    world.asking(domain="neighbour").add()
    world.app.restart()
    world.remove()
    remove(world.app, RemoveRequest("neighbour", "docs"))
    assert world.app.heard.warnings == []


def test_what_records_a_mount_in_use_depends_on_what_the_domain_says() -> None:
    world, _ = attached(nfs)
    (mapping,) = world.app.store.load()
    with world.app.store.transaction() as store:
        store.delete(mapping.id)
    said = run_reconcile(world.app).problems
    assert [item.hint for item in said] == ["record it again: sharectl adopt guest"]
    world.app.domains.unmark(world.uuid, mapping.id)
    (problem,) = run_reconcile(world.app).problems
    add = f"sharectl add guest {mapping.share_id} --tag {mapping.tag}"
    assert problem.hint == f"record it again: {add}"
    world.asking(share=mapping.share_id, tag=mapping.tag).add()
    assert run_reconcile(world.app).problems == ()


@pytest.mark.parametrize("prune", [False, True])
def test_one_below_another_mount_is_named_and_left_alone(prune: bool) -> None:
    world, _, lost = _orphaned(nfs)
    world.app.mounts.mounted.append(
        replace(_disk(world), mount_point=lost.mount_point, device="254:9")
    )
    before = world.app.snapshot()
    result = run_reconcile(world.app, prune=prune)
    assert f"/dev/vdb1 is mounted over {NFS_PATH} on {lost.mount_point}" in messages(result)
    assert world.app.snapshot() == before
