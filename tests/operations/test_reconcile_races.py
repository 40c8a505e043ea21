"""reconcile when something changes between its survey and the lock of a share."""

from __future__ import annotations

import re

import pytest

from sharectl.errors import Refused
from sharectl.model.enums import Intent
from sharectl.operations.reconcile import ReconcileRequest, reconcile
from sharectl.operations.remove import RemoveRequest, remove
from tests.fakes import FakeApp
from tests.fakes.mounts import umount
from tests.fakes.process import FakeLocks
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import attached, nfs


def _detaching(app: FakeApp) -> None:
    """As a `remove` that was stopped before its first step leaves the record."""
    (mapping,) = app.store.load()
    with app.store.transaction() as store:
        store.put(mapping.with_intent(Intent.DETACHING, mapping.updated_at))


def test_removed_with_force_while_manila_is_down_stays_recorded() -> None:
    world, before = attached(nfs)
    app, share_id = world.app, world.share_id
    umount(app.mounts, world.mount_point)
    app.shares.dead = True
    app.restart()

    def force() -> None:
        locks, app.locks = app.locks, FakeLocks()  # of another process
        assert remove(app, RemoveRequest("guest", share_id, force=True)).left
        app.locks = locks

    app.locks.while_waiting = force
    result = reconcile(app, ReconcileRequest())

    assert "is being detached, which needs both Manila and libvirt" in messages(result)
    (left,) = app.store.load()
    assert (left.intent, bool(left.last_error)) == (Intent.DETACHING, True)
    app.shares.dead = False
    assert run_reconcile(app).changes[-1].endswith("detached")
    assert app.snapshot() == before


def test_detaching_that_libvirt_was_not_seen_for_keeps_its_rule() -> None:
    world, before = attached(nfs)
    app = world.app
    umount(app.mounts, world.mount_point)
    app.domains.dead = True
    app.restart()
    app.locks.while_waiting = lambda: _detaching(app)

    result = reconcile(app, ReconcileRequest())

    assert result.changes == ()
    app.domains.dead = False
    app.shares.settle()
    assert (len(app.store.load()), len(app.shares.all_rules)) == (1, 1)
    assert run_reconcile(app).changes[-1].endswith("detached")
    assert app.snapshot() == before


def test_domain_that_is_back_when_the_lock_is_got_is_not_pruned() -> None:
    world, _ = attached(nfs)
    app = world.app
    before = app.snapshot()
    back = app.domains.take_away(world.uuid)
    app.restart()
    app.locks.while_waiting = back
    result = reconcile(app, ReconcileRequest(prune=True))
    assert (result.changes, result.problems) == ((), ())
    assert app.snapshot() == before


@pytest.mark.parametrize(
    "uri", ["qemu:///session", "qemu+unix:///system?socket=/x", "test:///default", "lxc:///system"]
)
def test_nothing_is_pruned_by_the_word_of_another_libvirt(uri: str) -> None:
    """Its domains are others; `uri` may be what an alias of libvirt's configuration leads to."""
    world, _ = attached(nfs)
    before = world.app.snapshot()
    back = world.app.domains.take_away(world.uuid)
    world.app.domains.upgrade(uri=uri)
    with pytest.raises(Refused, match=re.escape(uri)) as caught:
        run_reconcile(world.app, prune=True)
    assert "--connect qemu:///system" in caught.value.advice
    back()
    assert world.app.snapshot() == before
    world.app.domains.upgrade(uri="qemu+unix:///system")
    assert run_reconcile(world.app, prune=True).problems == ()


@pytest.mark.parametrize("uri", ["test:///default", "lxc:///system", "ch:///system"])
def test_nothing_is_changed_by_the_word_of_another_driver(uri: str) -> None:
    world, _ = attached(nfs)
    _detaching(world.app)
    before = world.app.snapshot()
    world.app.domains.take_away(world.uuid)
    world.app.reconfigure(libvirt_uri=uri)
    with pytest.raises(Refused, match="no libvirt of QEMU"):
        run_reconcile(world.app)
    with pytest.raises(Refused, match="no libvirt of QEMU"):
        world.remove()
    assert (world.app.snapshot().rules, world.app.snapshot().mappings) == (
        before.rules, before.mappings,
    )  # fmt: skip


def test_backup_that_begins_after_the_survey_undoes_no_add() -> None:
    world = nfs().asking(timeout=0.0)
    app = world.app
    assert world.add().waiting
    for rule in app.shares.all_rules:
        app.shares.revoke(rule.share_id, rule.id)
    app.shares.settle()
    app.restart()

    def back_up() -> None:
        app.shares.change(world.share_id, status="backup_creating")
        app.shares.not_granting = "Manila says: not while the share is in 'backup_creating'"

    app.locks.while_waiting = back_up
    assert "backup_creating" in messages(reconcile(app, ReconcileRequest()))
    assert app.store.load()[0].intent is Intent.ATTACHING


@pytest.mark.parametrize("look", range(1, 8))
def test_store_that_is_lost_meanwhile_is_no_internal_error(
    look: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = attached(nfs)
    umount(world.app.mounts, world.mount_point)
    load, looks = world.app.store.load, iter(range(99))
    monkeypatch.setattr(world.app.store, "load", lambda: load() if next(looks) < look else ())
    outcome = run_reconcile(world.app)
    assert all(line.startswith("guest docs: ") for line in outcome.changes)
