"""adopt of a domain that comes from another host, with its definition."""

from __future__ import annotations

from contextlib import suppress

import pytest

from sharectl.model.enums import Intent
from sharectl.model.mounts import HostMount, mounted_at
from sharectl.operations.adopt import AdoptRequest, adopt
from tests.fakes import FakeApp
from tests.fakes.faults import Fault, FaultyApp, Injector, Killed, Kind, When, changes
from tests.operations.reconciling import run_adopt, run_reconcile
from tests.operations.scenarios import World, attached, cephfs, nfs


def _migrated(world: World) -> FakeApp:
    """Another host to which the world's domain has come with its definition; Manila is the same."""
    domain = world.app.domains.find("guest")
    here = FakeApp()
    here.shares, here.mounts.shares = world.app.shares, world.app.shares
    here.host.name, here.mounts.address = "hyper2.example.org", "198.51.100.8"
    here.host.id = "fedcba9876543210fedcba9876543210"
    uuid = here.domains.define("guest")
    here.domains.attach_filesystem(uuid, domain.filesystems[0])
    here.domains.mark(uuid, domain.marks[0])
    return here


def test_domain_from_another_host_is_taken_over() -> None:
    world, _ = attached(cephfs)
    theirs = world.app.snapshot().rules
    here = _migrated(world)

    result = run_adopt(here)

    assert result.problems == ()
    assert result.changes == ("guest data: adopted from host hyper1.example.org",)
    (mapping,) = here.store.load()
    assert (mapping.intent, mapping.owns_rule) == (Intent.ATTACHED, True)
    assert "hyper2" in mapping.access_to
    assert [mark.host for mark in here.domains.find("guest").marks] == ["hyper2.example.org"]
    assert mapping.mount_point in [mount.mount_point for mount in here.mounts.list()]
    assert theirs < here.snapshot().rules
    assert run_reconcile(here).changes == ()


def test_what_another_host_made_stays_when_the_share_cannot_be_had_yet() -> None:
    """Manila refuses during a backup; no reconcile may take that for an add to be undone."""
    world, _ = attached(nfs)
    here = _migrated(world)
    before = here.snapshot().domains
    here.shares.change(world.share_id, status="backup_creating")
    here.shares.not_granting = "Manila says: not while the share is in 'backup_creating'"
    (problem,) = run_adopt(here).problems
    assert "sharectl reconcile guest" in problem.advice
    for _time in range(2):
        assert run_reconcile(here).changes == ()
    here.shares.not_granting = None
    assert here.snapshot().domains == before
    (waiting,) = here.store.load()
    assert (waiting.intent, bool(waiting.last_error)) == (Intent.ATTACHED, True)
    here.shares.change(world.share_id, status="available")
    result = run_reconcile(here)
    assert (result.changes[-1], result.problems) == ("guest docs: in order again", ())
    assert mounted_at(here.mounts.list(), waiting.mount_point) is not None
    assert [mark.host for mark in here.domains.find("guest").marks] == [here.host.name]


@pytest.mark.parametrize("kind", [Kind.ERROR, Kind.KILL])
def test_interrupted_take_over_is_finished_by_reconcile(kind: Kind) -> None:
    world, _ = attached(cephfs)
    for step in range(len(changes(_migrated(world), lambda app: adopt(app, AdoptRequest())))):
        world, _ = attached(cephfs)
        here = _migrated(world)
        with suppress(Killed):
            adopt(FaultyApp(Injector(here, Fault(step, When.AFTER, kind))), AdoptRequest())
        devices = here.domains.find("guest").filesystems
        assert run_reconcile(here).problems == ()
        assert here.domains.find("guest").filesystems == devices != ()
        (mapping,) = here.store.load()
        assert (mapping.intent, mapping.last_error) == (Intent.ATTACHED, None)
        assert mounted_at(here.mounts.list(), mapping.mount_point) is not None


def test_foreign_mount_where_a_share_is_to_come_is_refused_and_stays() -> None:
    world, _ = attached(nfs)
    here = _migrated(world)
    foreign = HostMount(world.mount_point, "nfs4", "192.0.2.66:/other", frozenset({"rw"}))
    here.mounts.mounted.append(foreign)
    (problem,) = run_adopt(here).problems
    assert "is a mount of 192.0.2.66:/other" in problem.message
    assert here.store.load() == ()
    assert foreign in here.mounts.list()
