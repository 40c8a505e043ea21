"""remove: takes away what is ours, whatever is gone already, and can always be run again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sharectl.errors import (
    ExitCode,
    MountFailed,
    NotFound,
    Refused,
    SharectlError,
    Unavailable,
)
from sharectl.model.enums import Intent, RuleState
from sharectl.operations.remove import RemoveRequest, remove
from tests.fakes import FakeApp
from tests.fakes.faults import FaultyApp, Injector
from tests.fakes.mounts import umount
from tests.operations.scenarios import HOST_ADDRESS, World, attached, cephfs, nfs


@pytest.mark.parametrize("make", [nfs, cephfs])
def test_everything_is_taken_away(make: Callable[[], World]) -> None:
    world, before = attached(make)
    result = world.remove()
    actions = [type(action).__name__ for action in result.actions]
    assert actions == ["DetachFilesystem", "UnmarkDomain", "UnmountShare", "RevokeAccess"]
    assert (result.left, result.waiting) == ((), False)
    assert world.app.snapshot() == before


@pytest.mark.parametrize("by", ["name", "uuid"])
@pytest.mark.parametrize("share_by", ["name", "id"])
def test_by_name_or_id(by: str, share_by: str) -> None:
    world, before = attached(nfs)
    domain = "guest" if by == "name" else world.uuid
    world.remove(domain=domain, share="docs" if share_by == "name" else world.share_id)
    assert world.app.snapshot() == before


def test_renamed_domain_goes_by_its_new_name() -> None:
    world, _ = attached(nfs)
    world.app.domains.rename(world.uuid, "renamed")
    world.remove(domain="renamed")
    assert world.app.store.load() == ()
    assert "<filesystem" not in world.app.domains.xml_of(world.app.domains.find("renamed").uuid)


def _gone_mount(app: FakeApp) -> None:
    umount(app.mounts, app.store.load()[0].mount_point)


def _gone_rule(app: FakeApp) -> None:
    (rule,) = app.shares.all_rules
    app.shares.revoke(rule.share_id, rule.id)
    app.shares.settle()


def _gone_device(app: FakeApp) -> None:
    (mapping,) = app.store.load()
    app.domains.detach_filesystem(mapping.domain_uuid, mapping.filesystem)


def _gone_domain(app: FakeApp) -> None:
    app.domains.undefine(app.store.load()[0].domain_uuid)


def _gone_share(app: FakeApp) -> None:
    app.shares.delete(app.store.load()[0].share_id)


@pytest.mark.parametrize("gone", [_gone_mount, _gone_rule, _gone_device, _gone_domain, _gone_share])
@pytest.mark.parametrize("make", [nfs, cephfs])
def test_works_when_something_is_gone_already(
    make: Callable[[], World], gone: Callable[[FakeApp], None]
) -> None:
    world, before = attached(make)
    gone(world.app)
    world.remove()
    now = world.app.snapshot()
    assert (now.mounts, now.rules, now.keys) == (before.mounts, before.rules, before.keys)
    assert now.mappings == ()
    assert now.domains <= before.domains


def _start(world: World) -> None:
    world.app.domains.start(world.uuid)


def _saved(world: World) -> None:
    world.app.domains.set(world.uuid, managed_save=True)


@pytest.mark.parametrize(
    ("arrange", "changes", "code", "message"),
    [
        (lambda w: setattr(w.app.host, "root", False), {}, ExitCode.PERMISSION, "run as root"),
        (_start, {}, ExitCode.REFUSED, "domain guest is running"),
        (_saved, {}, ExitCode.REFUSED, "managed-save image"),
        (lambda w: None, {"domain": ""}, ExitCode.USAGE, "cannot be the name or ID of a domain"),
        (lambda w: None, {"share": "\x07"}, ExitCode.USAGE, "cannot be the name or ID of a share"),
        (lambda w: None, {"domain": "x"}, ExitCode.NOT_FOUND, "domain 'x' does not exist"),
        (lambda w: None, {"share": "x"}, ExitCode.NOT_FOUND, "share 'x' is not attached to"),
        (lambda w: None, {"domain": "neighbour"}, ExitCode.NOT_FOUND, "'docs' is not attached"),
        (lambda w: setattr(w.app.domains, "dead", True), {}, ExitCode.UNAVAILABLE, "libvirt"),
        (lambda w: setattr(w.app.shares, "dead", True), {}, ExitCode.UNAVAILABLE, "OpenStack"),
        (lambda w: setattr(w.app.store, "unreadable", True), {}, ExitCode.IO, "cannot be read"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_refusal_changes_nothing(
    arrange: Callable[[World], object],
    changes: dict[str, str],
    code: ExitCode,
    message: str,
    dry_run: bool,
) -> None:
    world, _ = attached(nfs)
    arrange(world)
    injector = Injector(world.app)
    request = replace(RemoveRequest("guest", "docs", dry_run=dry_run), **changes)  # type: ignore[arg-type]
    with pytest.raises(SharectlError) as caught:
        remove(FaultyApp(injector), request)
    assert caught.value.exit_code is code
    assert message in caught.value.message
    assert injector.changes == []


def test_lock_of_the_share_is_waited_for_and_named() -> None:
    world, _ = attached(nfs)
    world.app.locks.taken_elsewhere = {world.share_id}
    with pytest.raises(SharectlError, match=r"pid 42\) holds the lock of share") as caught:
        world.remove()
    assert caught.value.exit_code is ExitCode.BUSY


def test_dry_run_shows_the_plan_and_changes_nothing() -> None:
    world, _ = attached(nfs)
    before, injector = world.app.snapshot(), Injector(world.app)
    result = remove(FaultyApp(injector), RemoveRequest("guest", "docs", dry_run=True))
    assert len(result.actions) == 4
    assert injector.changes == []
    assert world.app.snapshot() == before


def test_domain_started_while_waiting_for_the_lock_keeps_its_share() -> None:
    world, _ = attached(nfs)
    world.app.locks.while_waiting = lambda: _start(world)
    before = world.app.snapshot()
    with pytest.raises(Refused, match="is running"):
        world.remove()
    assert world.app.snapshot() == before


@pytest.mark.parametrize("force", [False, True])
def test_domain_started_while_its_filesystem_goes_keeps_mount_and_access(
    monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    """The kernel would let go of a mount that the guest's virtiofsd still serves."""
    world, before = attached(nfs)
    domains, detach = world.app.domains, world.app.domains.detach_filesystem

    def start_first(uuid: str, *arguments: Any) -> tuple[int, ...]:
        domains.start(uuid)
        return detach(uuid, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(domains, "detach_filesystem", start_first)
        if force:
            (left,) = world.remove(force=True).left
        else:
            with pytest.raises(Refused) as caught:
                world.remove()
            left = caught.value
    assert "is in use by domain guest" in left.message
    now = world.app.snapshot()
    assert len(now.mounts) == len(before.mounts) + 1
    assert len(now.rules) == len(before.rules) + 1
    assert now.mappings[0].intent is Intent.DETACHING

    domains.stop(world.uuid)
    world.remove()
    assert world.app.snapshot() == before


def test_what_is_left_of_a_removal_is_finished_while_the_domain_runs() -> None:
    world, before = attached(nfs)
    world.app.shares.not_denied.add(HOST_ADDRESS)
    with pytest.raises(Refused, match="could not withdraw"):
        world.remove()
    world.app.domains.start(world.uuid)
    world.app.shares.not_denied.clear()
    world.app.shares.all_rules[0].state = RuleState.ACTIVE
    world.remove()
    assert world.app.snapshot() == before


def test_removed_by_another_while_waiting_for_the_lock() -> None:
    world, before = attached(nfs)
    world.app.locks.while_waiting = world.remove
    with pytest.raises(NotFound, match="no longer attached"):
        world.remove()
    assert world.app.snapshot() == before


def test_attached_once_more_while_waiting_keeps_mount_and_rule() -> None:
    world, _ = attached(nfs)
    world.app.locks.while_waiting = world.asking(domain="neighbour").add
    world.remove()
    (mapping,) = world.app.store.load()
    assert mapping.domain_name == "neighbour"
    assert world.app.shares.rules(world.share_id) != ()
    assert mapping.mount_point in [item.mount_point for item in world.app.mounts.list()]


def test_timeout_of_zero_asks_and_does_not_wait() -> None:
    world, before = attached(nfs)
    world.app.shares.looks = 5
    result = world.remove(timeout=0.0)
    assert result.waiting
    assert world.app.clock.elapsed < 1
    (mapping,) = world.app.store.load()
    assert (mapping.intent, mapping.last_error) == (Intent.DETACHING, None)

    world.app.shares.settle()
    assert not world.remove().waiting
    assert world.app.snapshot() == before


def test_waiting_ends_at_the_timeout_and_the_next_remove_finishes() -> None:
    world, before = attached(nfs)
    world.app.shares.looks = 50
    with pytest.raises(Unavailable, match="waited 3 s for Manila to withdraw access rule"):
        world.remove(timeout=3.0)
    assert world.app.store.load()[0].intent is Intent.DETACHING
    world.app.shares.settle()
    world.remove()
    assert world.app.snapshot() == before


def test_busy_mount_stays_recorded_and_the_next_remove_finishes() -> None:
    world, before = attached(nfs)
    world.app.mounts.busy = {world.mount_point}
    with pytest.raises(MountFailed, match="target is busy") as caught:
        world.remove()
    assert f"sharectl remove guest {world.share_id}" in (caught.value.hint or "")
    (mapping,) = world.app.store.load()
    assert mapping.intent is Intent.DETACHING
    assert "target is busy" in (mapping.last_error or "")
    assert len(world.app.shares.all_rules) == 1, "revoked from under a mount"

    world.app.mounts.busy = set()
    world.remove()
    assert world.app.snapshot() == before


def test_failure_keeps_what_was_recorded_on_the_way() -> None:
    world, _ = attached(nfs)
    (mapping,) = world.app.store.load()
    with world.app.store.transaction() as store:
        store.put(replace(mapping, controllers=(5,)))
    world.app.mounts.busy = {mapping.mount_point}
    with pytest.raises(MountFailed):
        world.remove()
    assert world.app.store.load()[0].controllers == (), "they went with the filesystem"


def test_rule_that_manila_cannot_withdraw_stays_recorded() -> None:
    world, before = attached(nfs)
    world.app.shares.not_denied = {HOST_ADDRESS}
    with pytest.raises(Refused, match="could not withdraw access rule"):
        world.remove()
    assert world.app.store.load()[0].intent is Intent.DETACHING
    world.app.shares.not_denied = set()
    world.remove()
    assert world.app.snapshot() == before


def test_mount_of_something_else_at_our_place_is_left_alone() -> None:
    world, before = attached(nfs)
    ours = world.app.mounts.list()[-1]
    foreign = replace(ours, source="192.0.2.66:/foreign", device="0:99")
    world.app.mounts.mounted[-1] = foreign
    world.remove()
    assert world.app.mounts.list()[-1] == foreign
    assert replace(world.app.snapshot(), mounts=()) == replace(before, mounts=())
