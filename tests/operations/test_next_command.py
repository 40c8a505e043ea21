"""Errors that say what to type next, and in whose name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sharectl.errors import MountFailed
from sharectl.hook.at_boot import mount_all
from sharectl.model.enums import AccessLevel, Health
from sharectl.model.health import hint
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from sharectl.operations.remove import RemoveRequest, remove
from sharectl.operations.show import show_mapping
from tests.fakes.mounts import umount
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import World, attached, cephfs, nfs, read_only


def test_a_domain_that_was_undefined_while_it_runs() -> None:
    world, _ = attached(nfs)
    world.app.domains.make_transient(world.uuid)
    (problem,) = run_reconcile(world.app).problems
    assert problem.message.startswith("guest docs: domain guest is transient")
    assert "gone when it is shut off" in problem.message
    assert "virsh dumpxml --inactive guest > guest.xml && virsh define guest.xml" in str(
        problem.hint
    )


@pytest.mark.parametrize("make", [nfs, read_only])
def test_an_address_of_this_host_that_has_changed(make: Callable[[], World]) -> None:
    world, _ = attached(make)
    (mapping,) = world.app.store.load()
    umount(world.app.mounts, world.mount_point)
    world.app.mounts.address = "198.51.100.99"
    (problem,) = run_reconcile(world.app).problems
    assert isinstance(problem, MountFailed)
    assert problem.message == (
        "guest docs: cannot mount 192.0.2.1:/exports/one: access was granted to 198.51.100.7, and"
        " this host is 198.51.100.99 towards 192.0.2.1 now"
    )
    readonly = mapping.access_level is AccessLevel.RO
    assert problem.hint == (
        f"with all domains that have it shut off: sharectl remove {world.uuid} {world.share_id},"
        f" likewise for the others; then: sharectl add {world.uuid} {world.share_id}"
        f" --tag {mapping.tag}{' --read-only' * readonly}"
    )
    (failure,) = mount_all(world.app)
    assert "this host is 198.51.100.99" in failure.message

    remove(world.app, RemoveRequest(world.uuid, world.share_id))
    add(world.app, AddRequest(world.uuid, world.share_id, mapping.tag, level=mapping.access_level))
    assert messages(run_reconcile(world.app)) == ""
    (rule,) = world.app.shares.all_rules
    assert rule.access.to == "198.51.100.99"


def test_access_that_was_granted_to_what_is_configured_is_no_matter_of_addresses() -> None:
    world = nfs()
    world.app.reconfigure(nfs_access_to="198.51.100.0/24")
    world.add()
    umount(world.app.mounts, world.mount_point)
    world.app.mounts.address = "203.0.113.1"
    assert "access denied by server" in messages(run_reconcile(world.app))


def test_a_refused_mount_from_the_address_of_the_rule_stays_what_it_is() -> None:
    world, _ = attached(nfs)
    umount(world.app.mounts, world.mount_point)
    (rule,) = world.app.shares.all_rules
    world.app.shares.revoke(rule.share_id, rule.id)
    world.app.shares.settle()
    (failure,) = mount_all(world.app)
    assert failure.message.endswith("access denied by server")


@pytest.mark.parametrize("make", [nfs, cephfs])
def test_a_domain_is_called_what_it_is_called_now(make: Callable[[], World]) -> None:
    world, _ = attached(make)
    uuid = world.uuid
    world.app.domains.rename(uuid, "renamed")
    world.app.domains.define("guest")
    umount(world.app.mounts, world.mount_point)
    (shown,) = show_mapping(world.app, "renamed", world.share).views
    assert hint(shown.health, shown.mapping) == "mount it again: sharectl reconcile renamed"

    planned = run_reconcile(world.app, dry_run=True).changes
    assert {line.partition(" ")[0] for line in planned} == {"renamed"}
    assert world.app.store.load()[0].domain_name == "guest", "a dry run writes nothing"
    assert run_reconcile(world.app).changes == planned
    assert world.app.store.load()[0].domain_name == "renamed"
    (shown,) = show_mapping(world.app, "renamed", world.share).views
    assert shown.health is Health.OK


def test_a_new_name_is_no_change_to_tell() -> None:
    world, _ = attached(nfs)
    world.app.domains.rename(world.uuid, "renamed")
    for dry_run in (True, False):
        done = run_reconcile(world.app, dry_run=dry_run)
        assert (done.changes, done.problems) == ((), ())
    world.app.domains.dead = True
    assert world.app.store.load()[0].domain_name == "renamed"
