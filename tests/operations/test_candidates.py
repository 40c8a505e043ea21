"""A share with several export locations: which one add and reconcile mount, and what is left."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sharectl.errors import Refused, ServerDead, SharectlError, Unavailable
from sharectl.model.enums import Intent
from sharectl.model.mapping import ShareMapping
from sharectl.model.share import ExportLocation
from sharectl.operations.add import add
from sharectl.operations.preflight import AddRequest
from tests.fakes.faults import Fault, FaultyApp, Injector, Killed, Kind, When, changes
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import CEPH_PATH, NFS_PATH, World, cephfs, nfs

_SECOND = "[2001:db8::2]:/exports/one"
_SERVER, _SECOND_SERVER = "192.0.2.1", "2001:db8::2"
_OTHER_ADDRESS = "2001:db8::7"
_CEPH_SECOND = "192.0.2.31:6789:/volumes/_nogroup/two"


def _two(make: Callable[[], World] = nfs, second: str = _SECOND) -> World:
    """A world whose share has a second location; this host has another address towards that."""
    world = make()
    first = CEPH_PATH if make is cephfs else NFS_PATH
    locations = ExportLocation(second, id="loc-2"), ExportLocation(first, True, "loc-1")
    world.app.shares.change(world.share_id, export_locations=locations)
    world.app.mounts.addresses[_SECOND_SERVER] = _OTHER_ADDRESS
    return world


def _mapping(world: World) -> ShareMapping:
    return world.app.store.load()[0]


def _clients(world: World) -> list[str]:
    world.app.shares.settle()
    return [rule.access.to for rule in world.app.shares.all_rules]


def _reboot(world: World) -> None:
    for item in [m for m in world.app.mounts.mounted if m.mount_point.startswith("/run/sharectl")]:
        world.app.mounts.mounted.remove(item)
    world.app.mounts.noted.clear()
    world.app.mounts.folders.clear()
    world.app.restart()


def test_preferred_one_is_mounted() -> None:
    world = _two()
    world.add()
    assert _mapping(world).export_location == NFS_PATH
    assert world.app.mounts.waits == [15]


def test_next_one_when_the_first_does_not_answer() -> None:
    world = _two()
    before = world.app.snapshot()
    world.app.mounts.dead.add(_SERVER)
    result = world.add()
    mapping = _mapping(world)
    assert (mapping.export_location, mapping.access_to) == (_SECOND, _OTHER_ADDRESS)
    assert (mapping.intent, mapping.outdated_rules) == (Intent.ATTACHED, ())
    assert result.view.mapping.export_location == _SECOND
    assert _clients(world) == [_OTHER_ADDRESS]
    assert any(f"{NFS_PATH} cannot be used: file server" in it for it in world.app.report.steps)
    assert run_reconcile(world.app).changes == ()
    world.remove()
    assert world.app.snapshot() == before


def test_next_monitors_of_cephfs() -> None:
    world = _two(cephfs, _CEPH_SECOND)
    world.app.mounts.dead |= {"192.0.2.21", "192.0.2.22"}
    world.add()
    mapping = _mapping(world)
    assert mapping.export_location == _CEPH_SECOND
    assert _clients(world) == [mapping.access_to]


def test_one_without_a_route_comes_last() -> None:
    world = _two()
    world.app.mounts.unrouted.add(_SERVER)
    world.add()
    assert _mapping(world).export_location == _SECOND
    assert _clients(world) == [_OTHER_ADDRESS]


def test_second_one_without_a_route_is_told_too() -> None:
    world = _two()
    before = world.app.snapshot()
    world.app.mounts.dead.add(_SERVER)
    world.app.mounts.unrouted.add(_SECOND_SERVER)
    with pytest.raises(ServerDead, match="from any of its 2 export locations") as caught:
        world.add()
    for text in (NFS_PATH, "did not answer", _SECOND, "no route", "everything was undone"):
        assert text in caught.value.message
    assert world.app.snapshot() == before


def test_no_route_to_any_is_refused_before_the_first_effect() -> None:
    world = _two()
    before = world.app.snapshot()
    world.app.mounts.unrouted |= {_SERVER, _SECOND_SERVER}
    with pytest.raises(Unavailable, match=r"no route.*no route"):
        world.add()
    assert world.app.snapshot() == before


def test_all_dead_is_undone_and_names_all() -> None:
    world = _two()
    before = world.app.snapshot()
    world.app.mounts.dead |= {_SERVER, _SECOND_SERVER}
    with pytest.raises(ServerDead) as caught:
        world.add()
    assert f"{NFS_PATH}: file server {_SERVER} did not answer" in caught.value.message
    assert f"{_SECOND}: file server {_SECOND_SERVER} did not answer" in caught.value.message
    assert world.app.snapshot() == before


def test_other_failure_of_the_second_tells_of_the_first() -> None:
    world = _two()
    world.app.mounts.dead.add(_SERVER)
    world.app.shares.not_applied.add(_OTHER_ADDRESS)
    with pytest.raises(Refused, match=f"tried before: {NFS_PATH}: file server"):
        world.add()
    assert (world.app.store.load(), _clients(world)) == ((), [])


def test_other_domains_of_the_share_move_along() -> None:
    world = _two()
    world.add()
    _reboot(world)
    world.app.mounts.dead.add(_SERVER)
    add(world.app, AddRequest("neighbour", "docs"))
    assert {item.export_location for item in world.app.store.load()} == {_SECOND}
    assert run_reconcile(world.app).problems == ()
    assert _clients(world) == [_OTHER_ADDRESS]


def test_reconcile_after_a_boot_mounts_what_answers() -> None:
    world = _two()
    world.add()
    _reboot(world)
    world.app.mounts.dead.add(_SERVER)
    done = run_reconcile(world.app)
    assert done.problems == ()
    assert _mapping(world).export_location == _SECOND
    assert _clients(world) == [_OTHER_ADDRESS]
    world.app.mounts.dead.clear()
    assert run_reconcile(world.app).changes == ()  # it stays where it is


def test_reconcile_leaves_a_mount_that_is_there() -> None:
    world = _two()
    world.add()
    world.app.mounts.dead.add(_SERVER)
    assert "does not answer" in messages(run_reconcile(world.app))
    assert _mapping(world).export_location == NFS_PATH


def test_reconcile_waits_for_a_dead_server_once() -> None:
    world = _two()
    world.add()
    add(world.app, AddRequest("neighbour", "other"))
    other = world.app.shares.find("other")
    both = (*other.export_locations, ExportLocation("[2001:db8::2]:/exports/other"))
    world.app.shares.change(other.id, export_locations=both)
    _reboot(world)
    world.app.mounts.dead.add(_SERVER)
    world.app.mounts.waits.clear()
    assert run_reconcile(world.app).problems == ()
    assert {item.export_location for item in world.app.store.load()} == {
        _SECOND, "[2001:db8::2]:/exports/other",
    }  # fmt: skip
    assert len(world.app.mounts.waits) == 3


def test_not_under_a_guest_that_runs_with_the_mount_point() -> None:
    world = _two()
    world.add()
    world.app.domains.start(world.uuid)
    mount_point = world.mount_point
    world.app.mounts.take_away(mount_point)
    world.app.mounts.dead.add(_SERVER)
    assert "runs with what lay there" in messages(run_reconcile(world.app))
    assert _mapping(world).export_location == NFS_PATH


@pytest.mark.parametrize("wanted", [_SECOND, "loc-2"])
def test_chosen_one_is_kept(wanted: str) -> None:
    world = _two().asking(export_location=wanted)
    world.add()
    assert _mapping(world).export_location == _SECOND
    assert world.add().actions == ()
    _reboot(world)
    world.app.mounts.dead.add(_SECOND_SERVER)
    assert f"{_SECOND_SERVER} did not answer" in messages(run_reconcile(world.app))
    assert _mapping(world).export_location == _SECOND


def test_chosen_one_that_is_dead_ends_the_add() -> None:
    world = _two().asking(export_location=NFS_PATH)
    before = world.app.snapshot()
    world.app.mounts.dead.add(_SERVER)
    with pytest.raises(ServerDead, match=_SERVER):
        world.add()
    assert world.app.snapshot() == before


def test_choice_of_what_is_mounted_is_recorded() -> None:
    world = _two()
    world.add()
    assert not _mapping(world).location_chosen
    world.asking(export_location="loc-1").add()
    assert _mapping(world).location_chosen
    assert _mapping(world).intent is Intent.ATTACHED


@pytest.mark.parametrize("wanted", ["192.0.2.9:/x", "loc-3", ""])
def test_choice_of_another_share_is_refused(wanted: str) -> None:
    world = _two()
    with pytest.raises(Refused, match="has no export location") as caught:
        world.asking(export_location=wanted).add()
    assert NFS_PATH in caught.value.advice
    assert _SECOND in caught.value.advice


def test_equal_add_with_another_location_is_refused() -> None:
    world = _two()
    world.add()
    with pytest.raises(Refused, match=r"is already attached .*, from 192.0.2.1:/exports/one"):
        world.asking(export_location="loc-2").add()


def test_one_mount_serves_all_domains() -> None:
    world = _two()
    world.add()
    with pytest.raises(Refused, match=r"is mounted from .* for domain guest, and one host mount"):
        add(world.app, AddRequest("neighbour", "docs", export_location=_SECOND))
    add(world.app, AddRequest("neighbour", "docs", export_location=NFS_PATH))


def test_dry_run_shows_the_location() -> None:
    world = _two().asking(export_location="loc-2", dry_run=True)
    assert any(f"mount {_SECOND} on" in item.describe() for item in world.add().actions)


def _on_the_way(*, with_metadata: bool) -> World:
    """The first location does not answer."""
    world = _two()
    world.app.shares.with_metadata = with_metadata
    world.app.mounts.dead.add(_SERVER)
    return world


def _changes() -> list[str]:
    world = _on_the_way(with_metadata=True)
    return changes(world.app, world.add)


_CHANGES = _changes()
_DEAD = _CHANGES.index("mounts.mount")  # the one that fails by itself
_KILLS = [(step, when) for step in range(len(_CHANGES)) for when in When]


@pytest.mark.parametrize("with_metadata", [True, False], ids=["", "old"])
@pytest.mark.parametrize(("step", "when"), [item for item in _KILLS if item != (_DEAD, When.AFTER)])
def test_reconcile_finishes_what_a_kill_left(step: int, when: When, *, with_metadata: bool) -> None:
    world = _on_the_way(with_metadata=with_metadata)
    before = world.app.snapshot()
    with pytest.raises(Killed):
        world.add(FaultyApp(Injector(world.app, Fault(step, when, Kind.KILL))))
    world.app.restart()
    assert run_reconcile(world.app).problems == ()
    if world.app.store.load():
        assert _mapping(world).export_location == _SECOND
        assert _clients(world) == [_OTHER_ADDRESS]
        world.remove()
    assert world.app.snapshot() == before


@pytest.mark.parametrize("kind", [Kind.ERROR, Kind.SIGNAL, Kind.BROKEN])
@pytest.mark.parametrize("step", [it for it in range(len(_CHANGES)) if it != _DEAD])
def test_failure_on_the_way_is_undone(step: int, kind: Kind) -> None:
    world = _on_the_way(with_metadata=True)
    before = world.app.snapshot()
    with pytest.raises(SharectlError):
        world.add(FaultyApp(Injector(world.app, Fault(step, When.AFTER, kind))))
    assert world.app.leftovers(before) == []
    world.app.restart()
    if world.app.store.load():
        run_reconcile(world.app)
    if world.app.store.load():
        world.remove()
    assert world.app.snapshot() == before
