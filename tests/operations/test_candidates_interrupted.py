"""add is killed, fails or is interrupted on the way from one export location to the next."""

from __future__ import annotations

import pytest

from sharectl.errors import Explained
from tests.fakes.faults import Fault, FaultyApp, Injector, Killed, Kind, When, changes
from tests.operations.reconciling import run_reconcile
from tests.operations.scenarios import World
from tests.operations.two_locations import OTHER_ADDRESS, SECOND, SERVER, clients, mapping, two


def _on_the_way(*, with_metadata: bool) -> World:
    """The first location does not answer."""
    world = two()
    world.app.shares.with_metadata = with_metadata
    world.app.mounts.dead.add(SERVER)
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
        assert mapping(world).export_location == SECOND
        assert clients(world) == [OTHER_ADDRESS]
        world.remove()
    assert world.app.snapshot() == before


@pytest.mark.parametrize("kind", [Kind.ERROR, Kind.SIGNAL, Kind.BROKEN])
@pytest.mark.parametrize("step", [it for it in range(len(_CHANGES)) if it != _DEAD])
def test_failure_on_the_way_is_undone(step: int, kind: Kind) -> None:
    world = _on_the_way(with_metadata=True)
    before = world.app.snapshot()
    with pytest.raises(Explained):
        world.add(FaultyApp(Injector(world.app, Fault(step, When.AFTER, kind))))
    assert world.app.leftovers(before) == []
    world.app.restart()
    if world.app.store.load():
        run_reconcile(world.app)
    if world.app.store.load():
        world.remove()
    assert world.app.snapshot() == before
