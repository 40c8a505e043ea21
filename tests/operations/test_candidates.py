"""A share with several export locations: which one add and reconcile mount, and what is left."""

from __future__ import annotations

import pytest

from sharectl.errors import MountFailed, Refused, ServerDead, Unavailable
from sharectl.model.enums import Intent
from sharectl.model.share import ExportLocation
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import NFS_PATH, World, cephfs
from tests.operations.two_locations import (
    CEPH_SECOND,
    OTHER_ADDRESS,
    SECOND,
    SECOND_SERVER,
    SERVER,
    clients,
    mapping,
    two,
)


def _reboot(world: World) -> None:
    for item in [m for m in world.app.mounts.mounted if m.mount_point.startswith("/run/sharectl")]:
        world.app.mounts.mounted.remove(item)
    world.app.mounts.noted.clear()
    world.app.mounts.folders.clear()
    world.app.restart()


def test_preferred_one_is_mounted() -> None:
    world = two()
    world.add()
    assert mapping(world).export_location == NFS_PATH
    assert world.app.mounts.waits == [15]


def test_next_one_when_the_first_does_not_answer() -> None:
    world = two()
    before = world.app.snapshot()
    world.app.mounts.dead.add(SERVER)
    result = world.add()
    found = mapping(world)
    assert (found.export_location, found.access_to) == (SECOND, OTHER_ADDRESS)
    assert (found.intent, found.outdated_rules) == (Intent.ATTACHED, ())
    assert result.view.mapping.export_location == SECOND
    assert clients(world) == [OTHER_ADDRESS]
    assert any(f"{NFS_PATH} cannot be used: file server" in it for it in world.app.heard.steps)
    assert run_reconcile(world.app).changes == ()
    world.remove()
    assert world.app.snapshot() == before


def test_next_one_when_the_first_refuses() -> None:
    world = two()
    world.app.mounts.refusing.add(SERVER)
    world.add()
    assert mapping(world).export_location == SECOND
    assert clients(world) == [OTHER_ADDRESS]
    assert messages(run_reconcile(world.app)) == ""


@pytest.mark.parametrize("second", ["dead", "refusing"])
def test_all_that_failed_are_named_when_one_has_refused(second: str) -> None:
    world = two()
    before = world.app.snapshot()
    world.app.mounts.refusing.add(SERVER)
    getattr(world.app.mounts, second).add(SECOND_SERVER)
    with pytest.raises(MountFailed) as caught:
        world.add()
    assert f"{NFS_PATH}: cannot mount {NFS_PATH}: refused; {SECOND}: " in caught.value.message
    assert caught.value.hint == "ask its operator"
    assert world.app.snapshot() == before


def test_next_monitors_of_cephfs() -> None:
    world = two(cephfs, CEPH_SECOND)
    world.app.mounts.dead |= {"192.0.2.21", "192.0.2.22"}
    world.add()
    found = mapping(world)
    assert found.export_location == CEPH_SECOND
    assert clients(world) == [found.access_to]


def test_one_without_a_route_comes_last() -> None:
    world = two()
    world.app.mounts.unrouted.add(SERVER)
    world.add()
    assert mapping(world).export_location == SECOND
    assert clients(world) == [OTHER_ADDRESS]


def test_second_one_without_a_route_is_told_too() -> None:
    world = two()
    before = world.app.snapshot()
    world.app.mounts.dead.add(SERVER)
    world.app.mounts.unrouted.add(SECOND_SERVER)
    with pytest.raises(ServerDead, match="from any of its 2 export locations") as caught:
        world.add()
    for text in (NFS_PATH, "did not answer", SECOND, "no route", "everything was undone"):
        assert text in caught.value.message
    assert world.app.snapshot() == before


def test_no_route_to_any_is_refused_before_the_first_effect() -> None:
    world = two()
    before = world.app.snapshot()
    world.app.mounts.unrouted |= {SERVER, SECOND_SERVER}
    with pytest.raises(Unavailable, match=r"no route.*no route"):
        world.add()
    assert world.app.snapshot() == before


def test_all_dead_is_undone_and_names_all() -> None:
    world = two()
    before = world.app.snapshot()
    world.app.mounts.dead |= {SERVER, SECOND_SERVER}
    with pytest.raises(ServerDead) as caught:
        world.add()
    assert f"{NFS_PATH}: file server {SERVER} did not answer" in caught.value.message
    assert f"{SECOND}: file server {SECOND_SERVER} did not answer" in caught.value.message
    assert world.app.snapshot() == before


def test_other_failure_of_the_second_tells_of_the_first() -> None:
    world = two()
    world.app.mounts.dead.add(SERVER)
    world.app.shares.not_applied.add(OTHER_ADDRESS)
    with pytest.raises(Refused, match=f"tried before: {NFS_PATH}: file server"):
        world.add()
    assert (world.app.store.load(), clients(world)) == ((), [])


def test_other_domains_of_the_share_move_along() -> None:
    world = two()
    world.add()
    _reboot(world)
    world.app.mounts.dead.add(SERVER)
    add(world.app, AddRequest("neighbour", "docs"))
    assert {item.export_location for item in world.app.store.load()} == {SECOND}
    assert run_reconcile(world.app).problems == ()
    assert clients(world) == [OTHER_ADDRESS]


def test_reconcile_after_a_boot_mounts_what_answers() -> None:
    world = two()
    world.add()
    _reboot(world)
    world.app.mounts.dead.add(SERVER)
    done = run_reconcile(world.app)
    assert done.problems == ()
    assert mapping(world).export_location == SECOND
    assert clients(world) == [OTHER_ADDRESS]
    world.app.mounts.dead.clear()
    assert run_reconcile(world.app).changes == ()  # it stays where it is


def test_reconcile_mounts_the_recorded_one_beside_an_unsafe_one() -> None:
    world = two()
    world.add()
    _reboot(world)
    locations = ExportLocation("-o:/evil", preferred=True), ExportLocation(NFS_PATH)
    world.app.shares.change(world.share_id, export_locations=locations)
    assert run_reconcile(world.app).problems == ()
    assert mapping(world).export_location == NFS_PATH


def test_reconcile_says_that_a_share_is_gone() -> None:
    world = two()
    world.add()
    _reboot(world)
    world.app.shares.delete(world.share_id)
    assert "no longer exists in Manila" in messages(run_reconcile(world.app))


def test_reconcile_leaves_a_mount_that_is_there() -> None:
    world = two()
    world.add()
    world.app.mounts.dead.add(SERVER)
    assert "does not answer" in messages(run_reconcile(world.app))
    assert mapping(world).export_location == NFS_PATH


def test_reconcile_waits_for_a_dead_server_once() -> None:
    world = two()
    world.add()
    add(world.app, AddRequest("neighbour", "other"))
    other = world.app.shares.find("other")
    both = (*other.export_locations, ExportLocation("[2001:db8::2]:/exports/other"))
    world.app.shares.change(other.id, export_locations=both)
    _reboot(world)
    world.app.mounts.dead.add(SERVER)
    world.app.mounts.waits.clear()
    assert run_reconcile(world.app).problems == ()
    assert {item.export_location for item in world.app.store.load()} == {
        SECOND, "[2001:db8::2]:/exports/other",
    }  # fmt: skip
    assert len(world.app.mounts.waits) == 3


def test_not_under_a_guest_that_runs_with_the_mount_point() -> None:
    world = two()
    world.add()
    world.app.domains.start(world.uuid)
    mount_point = world.mount_point
    world.app.mounts.take_away(mount_point)
    world.app.mounts.dead.add(SERVER)
    assert "runs with what lay there" in messages(run_reconcile(world.app))
    assert mapping(world).export_location == NFS_PATH


@pytest.mark.parametrize("wanted", [SECOND, "loc-2"])
def test_chosen_one_is_kept(wanted: str) -> None:
    world = two().asking(export_location=wanted)
    world.add()
    assert mapping(world).export_location == SECOND
    assert world.add().actions == ()
    _reboot(world)
    world.app.mounts.dead.add(SECOND_SERVER)
    assert f"{SECOND_SERVER} did not answer" in messages(run_reconcile(world.app))
    assert mapping(world).export_location == SECOND


def test_chosen_one_that_is_dead_ends_the_add() -> None:
    world = two().asking(export_location=NFS_PATH)
    before = world.app.snapshot()
    world.app.mounts.dead.add(SERVER)
    with pytest.raises(ServerDead, match=SERVER):
        world.add()
    assert world.app.snapshot() == before


def test_choice_of_what_is_mounted_is_recorded() -> None:
    world = two()
    world.add()
    assert not mapping(world).location_chosen
    world.asking(export_location="loc-1").add()
    assert mapping(world).location_chosen
    assert mapping(world).intent is Intent.ATTACHED


@pytest.mark.parametrize("wanted", ["192.0.2.9:/x", "loc-3", ""])
def test_choice_of_another_share_is_refused(wanted: str) -> None:
    world = two()
    with pytest.raises(Refused, match="has no export location") as caught:
        world.asking(export_location=wanted).add()
    assert NFS_PATH in caught.value.advice
    assert SECOND in caught.value.advice


def test_equal_add_with_another_location_is_refused() -> None:
    world = two()
    world.add()
    with pytest.raises(Refused, match=r"is already attached .*, from 192.0.2.1:/exports/one"):
        world.asking(export_location="loc-2").add()


def test_one_mount_serves_all_domains() -> None:
    world = two()
    world.add()
    with pytest.raises(Refused, match=r"is mounted from .* for domain guest, and one host mount"):
        add(world.app, AddRequest("neighbour", "docs", export_location=SECOND))
    add(world.app, AddRequest("neighbour", "docs", export_location=NFS_PATH))


def test_dry_run_shows_the_location() -> None:
    world = two().asking(export_location="loc-2", dry_run=True)
    assert any(f"mount {SECOND} on" in item.describe() for item in world.add().actions)
