"""reconcile: whatever has gone comes back, and what cannot is told and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.errors import Busy, Denied, NotFound
from sharectl.model.mounts import mounted_at
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from sharectl.operations.reconcile import ReconcileRequest, reconcile
from tests.fakes import FakeApp
from tests.fakes.faults import FaultyApp, Injector
from tests.fakes.mounts import umount
from tests.operations.reconciling import (
    foreign_mount,
    go_stale,
    lose_mount,
    messages,
    run_reconcile,
    wrong_mount,
)
from tests.operations.scenarios import CEPH_PATH, SCENARIOS, World, attached, cephfs, nfs


def _well(app: FakeApp) -> object:
    """The world, without the IDs of rules, which are new when they are granted again."""
    seen = app.snapshot()
    return replace(seen, mappings=tuple(replace(item, rule_id=None) for item in seen.mappings))


@pytest.mark.parametrize("make", SCENARIOS.values(), ids=SCENARIOS)
def test_nothing_to_do_is_silent_and_changes_nothing(make: Callable[[], World]) -> None:
    world, _ = attached(make)
    world.app.restart()
    injector = Injector(world.app)
    result = reconcile(FaultyApp(injector), ReconcileRequest())
    assert (result.changes, result.problems) == ((), ())
    assert injector.changes == []
    assert world.app.locks.taken == []


def _lose_rule(world: World) -> None:
    for rule in world.app.shares.all_rules:
        world.app.shares.revoke(rule.share_id, rule.id)
    world.app.shares.settle()


def _lose_device(world: World) -> None:
    (mapping,) = world.app.store.load()
    world.app.domains.detach_filesystem(mapping.domain_uuid, mapping.filesystem)


def _lose_mark(world: World) -> None:
    (mapping,) = world.app.store.load()
    world.app.domains.unmark(mapping.domain_uuid, mapping.id)


def _lose_all(world: World) -> None:
    for lose in (_lose_device, _lose_mark, lose_mount, _lose_rule):
        lose(world)


@pytest.mark.parametrize("make", [nfs, cephfs])
@pytest.mark.parametrize(
    ("lose", "said"),
    [
        (lose_mount, "mount 192.0.2"),
        (_lose_rule, "grant rw access"),
        (_lose_device, "add filesystem"),
        (_lose_mark, "note share"),
        (_lose_all, "grant rw access"),
        (go_stale, "unmount /run/sharectl/mnt/"),
        (wrong_mount, " (ro), and mount 192.0.2"),
    ],
)
def test_what_is_gone_comes_back(
    make: Callable[[], World], lose: Callable[[World], None], said: str
) -> None:
    world, _ = attached(make)
    before = _well(world.app)
    lose(world)

    planned = run_reconcile(world.app, dry_run=True)
    assert said in planned.changes[0]
    done = run_reconcile(world.app)

    assert done.changes == planned.changes
    assert done.problems == ()
    assert _well(world.app) == before
    assert not world.app.mounts.stale
    assert run_reconcile(world.app).changes == ()


def test_after_a_reboot_without_libvirt_and_manila_all_is_mounted_with_the_kept_key() -> None:
    world, _ = attached(cephfs)
    add(world.app, AddRequest("neighbour", "docs"))
    before = world.app.snapshot()
    for mapping in world.app.store.load():
        umount(world.app.mounts, mapping.mount_point)
    world.app.domains.dead = world.app.shares.dead = True

    result = run_reconcile(world.app)

    world.app.domains.dead = world.app.shares.dead = False
    assert [line.partition(": ")[2][:5] for line in result.changes] == ["mount", "mount"]
    assert [error.message for error in result.problems] == [
        "no answer from libvirt at qemu:///system in 10 s",
        "OpenStack does not answer: test",
    ]
    assert world.app.snapshot() == before


def test_one_share_that_fails_does_not_stop_the_others() -> None:
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "other"))
    for mapping in world.app.store.load():
        umount(world.app.mounts, mapping.mount_point)
    world.app.shares.change(world.share_id, status="error")
    for rule in world.app.shares.all_rules:
        if rule.share_id == world.share_id:
            world.app.shares.revoke(rule.share_id, rule.id)
    world.app.shares.settle()

    result = run_reconcile(world.app)

    assert "'error' and its access rule is gone" in messages(result)
    assert [line for line in result.changes if "neighbour other: mount" in line]


def test_access_comes_back_after_a_backup_of_the_share() -> None:
    world, _ = attached(nfs)
    _lose_rule(world)
    world.app.shares.change(world.share_id, status="backup_creating")
    waiting = run_reconcile(world.app)
    assert waiting.changes == ()
    assert "granted again once the share is available" in (waiting.problems[0].hint or "")
    world.app.shares.change(world.share_id, status="available")
    run_reconcile(world.app)
    (mapping,) = world.app.store.load()
    assert mapping.last_error is None
    assert run_reconcile(world.app).changes == ()


@pytest.mark.parametrize(
    ("make", "export", "servers", "why"),
    [
        (nfs, "192.0.2.1:/exports/more", ("192.0.2.1",), "did not answer"),
        (cephfs, f"{CEPH_PATH}/more", ("192.0.2.21", "192.0.2.22"), "Connection timed out"),
    ],
)
def test_dead_server_is_waited_for_once(
    make: Callable[[], World], export: str, servers: tuple[str, ...], why: str
) -> None:
    world, _ = attached(make)
    protocol = world.app.shares.find(world.share).protocol
    world.app.shares.create("more", protocol, export, metadata={"__mount_options": "fs=vol"})
    add(world.app, AddRequest("guest", "more"))
    for mapping in world.app.store.load():
        umount(world.app.mounts, mapping.mount_point)
    world.app.mounts.dead.update(servers)
    result = run_reconcile(world.app)
    assert result.changes == ()
    first, second = result.problems
    assert why in first.message
    assert second.message.endswith(f"file server {', '.join(servers)} did not answer before")


def test_domain_that_is_gone_is_told_and_pruned() -> None:
    world, before = attached(nfs)
    uuid = world.uuid
    world.app.domains.undefine(uuid)
    result = run_reconcile(world.app)
    assert f"domain guest ({uuid}) is gone" in messages(result)
    assert "is gone" in (world.app.store.load()[0].last_error or "")
    assert run_reconcile(world.app, prune=True, dry_run=True).changes
    assert len(world.app.store.load()) == 1

    pruned = run_reconcile(world.app, prune=True)

    assert pruned.problems == ()
    assert pruned.changes[-1].endswith("detached")
    after = world.app.snapshot()
    assert (after.rules, after.mounts, after.keys, after.mappings) == (
        before.rules, before.mounts, before.keys, before.mappings,
    )  # fmt: skip


def test_share_that_is_gone_is_told() -> None:
    world, _ = attached(nfs)
    world.app.shares.delete(world.share_id)
    result = run_reconcile(world.app)
    assert "no longer exists in Manila" in messages(result)
    assert "sharectl remove" in (result.problems[0].hint or "")


def test_mount_in_no_record_goes_only_when_pruned_and_unused() -> None:
    world, _ = attached(nfs)
    mount_point = world.mount_point
    with world.app.store.transaction() as store:
        store.delete(world.app.store.load()[0].id)
    used = run_reconcile(world.app, prune=True)
    assert "no record speaks of, and is used by domain guest" in messages(used)
    (mark,) = world.app.domains.find("guest").marks
    domain = world.app.domains.find("guest")
    world.app.domains.detach_filesystem(domain.uuid, domain.filesystems[0])
    world.app.domains.unmark(domain.uuid, mark.id)
    assert "no record speaks of" in messages(run_reconcile(world.app))
    assert mounted_at(world.app.mounts.list(), mount_point) is not None
    pruned = run_reconcile(world.app, prune=True)
    assert (len(pruned.changes), pruned.problems) == (2, ())
    assert mounted_at(world.app.mounts.list(), mount_point) is None


def test_only_the_domains_asked_for() -> None:
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "other"))
    for mapping in world.app.store.load():
        umount(world.app.mounts, mapping.mount_point)
    result = run_reconcile(world.app, domains=("neighbour",))
    assert [line.partition(":")[0] for line in result.changes] == ["neighbour other"]
    with pytest.raises(NotFound):
        run_reconcile(world.app, domains=("nobody",))


def test_another_reconcile_is_not_waited_for() -> None:
    world, _ = attached(nfs)
    world.app.restart()
    world.app.locks.taken_elsewhere.add("reconcile")
    with pytest.raises(Busy):
        reconcile(world.app, ReconcileRequest())
    world.app.host.root = False
    with pytest.raises(Denied):
        reconcile(world.app, ReconcileRequest())


def test_file_server_that_does_not_answer_is_told_once() -> None:
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "other"))
    world.app.mounts.dead.add("192.0.2.1")
    result = run_reconcile(world.app)
    assert result.changes == ()
    assert messages(result) == "file server 192.0.2.1 does not answer; it has share docs, other"


def test_mount_of_an_admin_in_our_place_is_named_and_left() -> None:
    world, _ = attached(nfs)
    foreign_mount(world)
    rescue = world.app.mounts.list()[-1]
    for _ in range(2):
        result = run_reconcile(world.app)
        assert result.changes == ()
        assert "is a mount of /dev/vdb1 (rw), not of 192.0.2.1:/exports/one" in messages(result)
        assert f"umount {rescue.mount_point}" in (result.problems[0].hint or "")
    assert world.app.mounts.list()[-1] == rescue
