"""reconcile after a share's export location has changed: the mount and the rule follow."""

from __future__ import annotations

from dataclasses import replace

from sharectl.model.mounts import mounted_at
from sharectl.operations.add import add
from sharectl.operations.preflight import AddRequest
from sharectl.operations.remove import RemoveRequest, remove
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import NFS_PATH, attached, nfs


def test_changed_export_location_is_followed() -> None:
    world, _ = attached(nfs)
    moved = "192.0.2.7:/exports/moved"
    share = world.app.shares.find("docs")
    location = replace(share.export_locations[0], path=moved)
    world.app.shares.change(share.id, export_locations=(location,))

    planned = run_reconcile(world.app, dry_run=True)
    assert planned.changes[0].endswith(f"follow the export location to {moved}")
    assert world.app.store.load()[0].export_location == NFS_PATH
    result = run_reconcile(world.app)

    assert result.problems == ()
    assert world.app.store.load()[0].export_location == moved
    mount = mounted_at(world.app.mounts.list(), world.mount_point)
    assert mount is not None
    assert mount.source == moved
    assert run_reconcile(world.app).changes == ()


def test_client_changes_with_the_route_to_the_moved_export() -> None:
    world, _ = attached(nfs)
    share = world.app.shares.find("docs")
    location = replace(share.export_locations[0], path="[2001:db8::7]:/exports/one")
    world.app.shares.change(share.id, export_locations=(location,))
    world.app.mounts.address = "2001:db8::1"
    result = run_reconcile(world.app)
    assert result.problems == ()
    assert [rule.access.to for rule in world.app.shares.all_rules] == ["2001:db8::1"]
    assert run_reconcile(world.app).changes == ()
    world.remove()
    world.app.shares.settle()
    assert world.app.shares.all_rules == ()


def test_rule_for_the_export_as_it_was_goes_once_no_guest_runs_with_it() -> None:
    world, _ = attached(nfs)
    (old,) = world.app.shares.all_rules
    share = world.app.shares.find("docs")
    location = replace(share.export_locations[0], path="[2001:db8::7]:/exports/one")
    world.app.shares.change(share.id, export_locations=(location,))
    world.app.mounts.address = "2001:db8::1"
    world.app.domains.start(world.uuid)
    for _cron in range(2):
        assert "runs with it" in messages(run_reconcile(world.app))
        assert old in world.app.shares.all_rules, "the guest's mount was made with it"
    world.app.domains.stop(world.uuid)
    assert run_reconcile(world.app).problems == ()
    assert [rule.access.to for rule in world.app.shares.all_rules] == ["2001:db8::1"]
    (mapping,) = world.app.store.load()
    assert mapping.outdated_rules == ()


def test_rule_for_the_export_as_it_was_goes_with_the_last_mapping() -> None:
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "docs"))
    share = world.app.shares.find("docs")
    location = replace(share.export_locations[0], path="[2001:db8::7]:/exports/one")
    world.app.shares.change(share.id, export_locations=(location,))
    world.app.mounts.address = "2001:db8::1"
    world.app.domains.start(world.uuid)
    run_reconcile(world.app)
    world.app.domains.stop(world.uuid)
    for domain in ("guest", "neighbour"):
        remove(world.app, RemoveRequest(domain, "docs"))
    world.app.shares.settle()
    assert world.app.shares.all_rules == ()
