"""reconcile of a share that has come to be exported elsewhere, and its dry run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.model.enums import Intent
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import World, attached, cephfs, nfs, second_domain

_MOVED = {"docs": "192.0.2.50:/exports/one", "data": "192.0.2.51:6789:/volumes/_nogroup/two"}


def _move(world: World) -> None:
    (location,) = world.app.shares.find(world.share).export_locations
    now = replace(location, path=_MOVED[world.share])
    world.app.shares.change(world.share_id, export_locations=(now,))


@pytest.mark.parametrize("make", [nfs, cephfs, second_domain])
@pytest.mark.parametrize("address", ["198.51.100.7", "198.51.100.99"])
def test_dry_run_tells_all_that_comes_with_it(make: Callable[[], World], address: str) -> None:
    world, _ = attached(make)
    _move(world)
    world.app.mounts.address = address
    before = world.app.snapshot()
    planned = run_reconcile(world.app, dry_run=True)
    assert world.app.snapshot() == before
    done = run_reconcile(world.app)
    assert planned.changes == done.changes
    assert (planned.problems, done.problems) == ((), ())
    renewed = make is nfs and address != "198.51.100.7"
    assert any(" revoke access " in line for line in planned.changes) is renewed
    assert sum(" unmount " in line for line in planned.changes) == 1
    assert run_reconcile(world.app).changes == ()


def test_dry_run_ends_where_a_running_guest_is_in_the_way() -> None:
    world, _ = attached(nfs)
    world.app.domains.start(world.uuid)
    _move(world)
    planned, done = run_reconcile(world.app, dry_run=True), run_reconcile(world.app)
    assert planned.changes == done.changes
    assert messages(planned) == messages(done) != ""


def test_detaching_unmounts_what_was_mounted_from_where_it_was() -> None:
    world, before = attached(nfs)
    locations = world.app.shares.find("docs").export_locations
    _move(world)
    (mapping,) = world.app.store.load()
    with world.app.store.transaction() as store:
        store.put(mapping.with_intent(Intent.DETACHING, mapping.updated_at))
    assert run_reconcile(world.app).problems == ()
    world.app.shares.change(world.share_id, export_locations=locations)
    assert world.app.snapshot() == before
