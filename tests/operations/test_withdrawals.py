"""reconcile --prune that ends between an unmount and the withdrawal of the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sharectl.model.mapping import ShareMapping
from sharectl.operations.reconcile import ReconcileRequest, reconcile
from sharectl.ports import App
from tests.fakes.app import Snapshot
from tests.fakes.faults import Fault, FaultyApp, Injector, Killed, Kind, When, changes
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import World, attached, cephfs, nfs, old_manila

_WORLDS = {"nfs": nfs, "cephfs": cephfs, "old manila": old_manila}
_WITHDRAWN = ("nfs", "cephfs")  # an old Manila does not tell whose a rule is


@dataclass(frozen=True)
class _Orphan:
    """A mount whose record is lost; `before` is how all was without it."""

    world: World
    before: Snapshot
    mapping: ShareMapping

    @classmethod
    def make(cls, make: Callable[[], World]) -> _Orphan:
        world, before = attached(make)
        (mapping,) = world.app.store.load()
        with world.app.store.transaction() as store:
            store.delete(mapping.id)
        world.app.domains.detach_filesystem(world.uuid, mapping.filesystem)
        world.app.domains.unmark(world.uuid, mapping.id)
        return cls(world, before, mapping)

    def prune(self, app: App) -> None:
        reconcile(app, ReconcileRequest(prune=True))

    def kill(self, after: str) -> None:
        """Prune, killed after that change."""
        at = changes(_Orphan.make(nfs).world.app, self.prune).index(after)
        with pytest.raises(Killed):
            self.prune(FaultyApp(Injector(self.world.app, Fault(at, When.AFTER, Kind.KILL))))
        self.world.app.shares.settle()

    @property
    def notes(self) -> int:
        return len(self.world.app.withdrawals.notes)


def _kills() -> list[object]:
    return [
        pytest.param(name, Fault(at, When.AFTER, Kind.KILL), id=f"{name}-{at}-{change}")
        for name in _WITHDRAWN
        for at, change in enumerate(changes(_Orphan.make(_WORLDS[name]).world.app, _prune))
    ]


def _prune(app: App) -> None:
    reconcile(app, ReconcileRequest(prune=True))


@pytest.mark.parametrize(("name", "fault"), _kills())
def test_killed_prune_is_finished_by_the_next(name: str, fault: Fault) -> None:
    orphan = _Orphan.make(_WORLDS[name])
    with pytest.raises(Killed):
        _prune(FaultyApp(Injector(orphan.world.app, fault)))
    orphan.world.app.shares.settle()
    assert run_reconcile(orphan.world.app, prune=True).problems == ()
    assert orphan.world.app.snapshot() == orphan.before
    assert orphan.notes == 0
    assert run_reconcile(orphan.world.app, prune=True).changes == ()


@pytest.mark.parametrize("name", _WITHDRAWN)
def test_reconcile_finishes_what_was_begun_and_begins_nothing(name: str) -> None:
    orphan = _Orphan.make(_WORLDS[name])
    app = orphan.world.app
    orphan.kill("withdrawals.put")
    result = run_reconcile(app)
    assert "is a mount of" in messages(result)
    assert (result.changes, orphan.notes) == ((), 1)

    orphan = _Orphan.make(_WORLDS[name])
    app = orphan.world.app
    orphan.kill("mounts.unmount")
    assert len(app.shares.all_rules) == 1
    planned = run_reconcile(app, dry_run=True)
    assert (len(app.shares.all_rules), orphan.notes) == (1, 1)
    done = run_reconcile(app)
    assert (done.problems, planned.problems) == ((), ())
    assert [line.split()[0] for line in done.changes] == ["revoke"]
    assert done.changes == planned.changes
    assert app.snapshot() == orphan.before
    assert orphan.notes == 0


def test_nothing_is_noted_for_longer_than_it_is_needed() -> None:
    orphan = _Orphan.make(old_manila)
    assert run_reconcile(orphan.world.app, prune=True).problems == ()
    assert orphan.notes == 0


def test_rule_stays_that_a_record_speaks_of_by_now() -> None:
    orphan = _Orphan.make(nfs)
    orphan.kill("mounts.unmount")
    app = orphan.world.app
    app.restart()
    orphan.world.add()
    rules = app.shares.all_rules
    assert run_reconcile(app, dry_run=True).changes == ()
    assert orphan.notes == 1
    result = run_reconcile(app)
    assert (result.changes, result.problems) == ((), ())
    assert (app.shares.all_rules, orphan.notes) == (rules, 0)


def test_rule_for_a_client_that_no_record_has_goes_in_the_end() -> None:
    """The host has another address when the share is attached again."""
    world, before = attached(nfs)
    app = world.app
    (mapping,) = app.store.load()
    copy = app.domains.define("copy")
    app.domains.attach_filesystem(copy, mapping.filesystem)
    world.remove()
    app.reconfigure(nfs_access_to="203.0.113.0/24")
    app.mounts.address = "203.0.113.9"
    world.add()
    assert run_reconcile(app).changes == ()
    assert len(app.shares.all_rules) == 2
    app.domains.undefine(copy)
    world.remove()
    result = run_reconcile(app)
    assert [line.split()[0] for line in result.changes] == ["revoke"]
    assert app.snapshot() == before
    assert app.withdrawals.notes == {}


def test_rule_stays_while_a_domain_has_the_filesystem() -> None:
    orphan = _Orphan.make(nfs)
    orphan.kill("mounts.unmount")
    app = orphan.world.app
    neighbour = app.domains.find("neighbour").uuid
    app.domains.attach_filesystem(neighbour, orphan.mapping.filesystem)
    assert "is used by domain neighbour" in messages(run_reconcile(app))
    assert (len(app.shares.all_rules), orphan.notes) == (1, 1)
    app.domains.detach_filesystem(neighbour, orphan.mapping.filesystem)
    assert run_reconcile(app).problems == ()
    assert (app.shares.all_rules, orphan.notes) == ((), 0)


def _another_project(world: World) -> Callable[[], None]:
    own, world.app.shares.project = world.app.shares.project, "another"

    def back() -> None:
        world.app.shares.project = own

    return back


def _another_user(world: World) -> Callable[[], None]:
    world.app.shares.log_in_as_another()
    return world.app.shares.log_in_as_maker


def _dead(world: World) -> Callable[[], None]:
    world.app.shares.dead = True

    def back() -> None:
        world.app.shares.dead = False

    return back


@pytest.mark.parametrize(
    ("hinder", "said"),
    [
        (_another_project, "these credentials are of project another"),
        (_another_user, "another"),
        (_dead, "does not answer"),
    ],
)
def test_what_cannot_be_withdrawn_now_is_not_forgotten(
    hinder: Callable[[World], Callable[[], None]], said: str
) -> None:
    orphan = _Orphan.make(nfs)
    orphan.kill("mounts.unmount")
    app = orphan.world.app
    back = hinder(orphan.world)
    assert said in messages(run_reconcile(app))
    assert orphan.notes == 1
    back()
    assert run_reconcile(app).problems == ()
    assert (app.shares.all_rules, orphan.notes) == ((), 0)


def test_share_that_is_gone_needs_nothing_more() -> None:
    orphan = _Orphan.make(cephfs)
    orphan.kill("mounts.unmount")
    app = orphan.world.app
    app.shares.delete(orphan.mapping.share_id)
    assert run_reconcile(app).problems == ()
    assert (app.secrets.files, orphan.notes) == ({}, 0)


def test_rule_that_was_made_since_stays() -> None:
    """Only what was noted goes, and only what this host's sharectl made."""
    orphan = _Orphan.make(nfs)
    orphan.kill("mounts.unmount")
    app = orphan.world.app
    (noted,) = app.shares.all_rules
    noted.metadata = {"made": "by hand"}
    assert run_reconcile(app).problems == ()
    assert (len(app.shares.all_rules), orphan.notes) == (1, 0)


@pytest.mark.parametrize("killed", [False, True])
def test_nothing_goes_while_a_domain_that_may_use_it_cannot_be_looked_at(killed: bool) -> None:
    orphan = _Orphan.make(nfs)
    app = orphan.world.app
    if killed:
        orphan.kill("mounts.unmount")
    neighbour = app.domains.find("neighbour").uuid
    app.domains.attach_filesystem(neighbour, orphan.mapping.filesystem)
    app.domains.hanging.add(neighbour)
    result = run_reconcile(app, prune=True)
    assert result.changes == ()
    assert "does not answer for domain" in messages(result)
    assert len(app.shares.all_rules) == 1

    app.domains.hanging.clear()
    app.domains.detach_filesystem(neighbour, orphan.mapping.filesystem)
    assert run_reconcile(app, prune=True).problems == ()
    assert app.snapshot() == orphan.before


def test_domain_that_hangs_and_has_nothing_of_it_holds_nothing_up() -> None:
    orphan = _Orphan.make(nfs)
    app = orphan.world.app
    orphan.kill("mounts.unmount")
    app.domains.hanging.add(app.domains.find("neighbour").uuid)
    assert [line.split()[0] for line in run_reconcile(app).changes] == ["revoke"]
    assert orphan.notes == 0


def test_domain_that_begins_to_hang_before_the_lock_was_got_counts() -> None:
    orphan = _Orphan.make(nfs)
    app = orphan.world.app
    neighbour = app.domains.find("neighbour").uuid

    def elsewhere() -> None:
        app.domains.attach_filesystem(neighbour, orphan.mapping.filesystem)
        app.domains.hanging.add(neighbour)

    app.restart()
    app.locks.while_waiting = elsewhere
    result = reconcile(app, ReconcileRequest(prune=True))
    assert "does not answer for domain" in messages(result)
    assert (result.changes, orphan.notes, len(app.shares.all_rules)) == ((), 0, 1)
