"""reconcile when something changes between its survey and the lock of a share."""

from __future__ import annotations

from sharectl.model.enums import Intent
from sharectl.operations.reconcile import ReconcileRequest, reconcile
from sharectl.operations.remove import RemoveRequest, remove
from tests.fakes import FakeApp
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
    app = world.app
    app.mounts.unmount(world.mount_point, 1)
    app.shares.dead = True
    app.restart()

    def force() -> None:
        locks, app.locks = app.locks, FakeLocks()  # of another process
        assert remove(app, RemoveRequest("guest", "docs", force=True)).left
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
    app.mounts.unmount(world.mount_point, 1)
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
