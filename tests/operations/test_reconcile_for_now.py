"""What reconcile cannot do for now is left for later: nothing is forgotten, undone or given up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.model.enums import Intent, RuleState
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from sharectl.operations.adopt import AdoptRequest, adopt
from tests.fakes.mounts import umount
from tests.operations.reconciling import lose_mount, messages, run_reconcile
from tests.operations.scenarios import NFS_PATH, World, attached, nfs


def _record(world: World, domain: str, **changes: object) -> None:
    with world.app.store.transaction() as store:
        for item in store.mappings:
            if item.domain_name == domain:
                store.put(replace(item, **changes))  # type: ignore[arg-type]


def test_gone_domain_is_pruned_only_when_manila_answers() -> None:
    world, before = attached(nfs)
    world.app.domains.undefine(world.uuid)
    world.app.shares.dead = True
    for dry_run in (True, False):
        assert run_reconcile(world.app, prune=True, dry_run=dry_run).changes == ()
    assert [item.intent for item in world.app.store.load()] == [Intent.ATTACHED]
    world.app.shares.dead = False
    assert run_reconcile(world.app, prune=True).problems == ()
    world.app.shares.settle()
    assert world.app.snapshot().rules == before.rules


@pytest.mark.parametrize("trouble", ["nothing is mounted", "rule in error"])
def test_add_that_waits_is_not_undone_for_what_a_running_guest_keeps(trouble: str) -> None:
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "docs"))
    _record(world, "neighbour", intent=Intent.ATTACHING)
    world.app.domains.start(world.uuid)
    if trouble == "rule in error":
        world.app.shares.all_rules[0].state = RuleState.ERROR
    else:
        lose_mount(world)
    assert "virsh shutdown guest" in str([e.hint for e in run_reconcile(world.app).problems])
    intents = {item.domain_name: item.intent for item in world.app.store.load()}
    assert intents == {"guest": Intent.ATTACHED, "neighbour": Intent.ATTACHING}
    assert world.app.domains.find("neighbour").filesystems


def test_remove_after_the_export_moved_under_a_running_guest_leaves_nothing() -> None:
    world, before = attached(nfs)
    world.app.domains.start(world.uuid)
    (location,) = world.app.shares.find("docs").export_locations
    moved = (replace(location, path="192.0.2.50:/exports/one"),)
    world.app.shares.change(world.share_id, export_locations=moved)
    planned = run_reconcile(world.app, dry_run=True)
    told = run_reconcile(world.app)
    assert messages(planned) == messages(told)
    assert "runs with it" in messages(told)
    assert world.app.store.load()[0].export_location == NFS_PATH, "that is what is mounted"
    world.app.domains.stop(world.uuid)
    world.remove()
    world.app.shares.settle()
    assert world.app.snapshot() == before


def test_what_is_detaching_does_not_wait_for_a_dead_server() -> None:
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "other"))
    for mapping in world.app.store.load():
        umount(world.app.mounts, mapping.mount_point)
    _record(world, "neighbour", intent=Intent.DETACHING)
    world.app.mounts.dead.add("192.0.2.1")
    result = run_reconcile(world.app)
    assert result.changes[-1] == "neighbour other: detached"
    assert len(result.problems) == 1


def test_share_is_attached_as_it_is_mounted_though_manila_prefers_another_way_now() -> None:
    world, _ = attached(nfs)
    (location,) = world.app.shares.find("docs").export_locations
    better = replace(location, path="192.0.2.50:/exports/one", preferred=True)
    world.app.shares.change(world.share_id, export_locations=(better, location))
    add(world.app, AddRequest("neighbour", "docs"))
    assert {item.export_location for item in world.app.store.load()} == {NFS_PATH}


def test_domain_defined_anew_keeps_the_rules_to_be_withdrawn() -> None:
    world, _ = attached(nfs)
    gone = "00000000-0000-4000-8000-00000000dead"
    _record(world, "guest", domain_uuid=gone, outdated_rules=("rule-old",))
    assert adopt(world.app, AdoptRequest()).problems == ()
    kept = {item.domain_uuid: item.outdated_rules for item in world.app.store.load()}
    assert kept == {gone: ("rule-old",), world.uuid: ()}
