"""Whatever fails at whatever step of add and remove: nothing is left that is not recorded.

The steps are found by running each scenario once; then each is broken before and after its
effect, in each of the ways of `Kind`.
"""

from __future__ import annotations

from itertools import product

import pytest

from sharectl.errors import Explained
from tests.fakes.faults import Bug, Fault, FaultyApp, Injector, Killed, Kind, When, changes
from tests.operations.scenarios import SCENARIOS, World

_EXPECTED = (Explained, Bug, Killed)


def _cases(verb: str) -> list[object]:
    cases: list[object] = []
    for name, make in SCENARIOS.items():
        world = make()
        if verb == "remove":
            world.add()
        for step, change in enumerate(changes(world.app, getattr(world, verb))):
            for when, kind in product(When, Kind):
                if step and (when, kind) == (When.BEFORE, Kind.KILL):
                    continue  # the same as after the step before
                case = f"{name}-{step}-{when}-{change}-{kind}"
                cases.append(pytest.param(name, change, Fault(step, when, kind), id=case))
    return cases


def _break(world: World, verb: str, fault: Fault) -> bool:
    """Run the verb with the fault; returns whether it failed, and restarts."""
    app = FaultyApp(Injector(world.app, fault))
    try:
        getattr(world, verb)(app)
    except _EXPECTED:
        failed = True
    else:
        failed = False
    assert not world.app.locks.held
    world.app.restart()
    return failed


@pytest.mark.parametrize(("scenario", "change", "fault"), _cases("add"))
def test_failed_add_leaves_nothing_or_a_record_to_remove(
    scenario: str, change: str, fault: Fault
) -> None:
    world = SCENARIOS[scenario]()
    app, before = world.app, world.app.snapshot()

    failed = _break(world, "add", fault)

    assert failed
    assert app.leftovers(before) == []
    if _undone_at_once(change, fault):
        assert app.snapshot() == before
    if app.snapshot().mappings != before.mappings:
        world.remove()
    assert app.snapshot() == before
    world.add()
    assert len(app.store.load()) == len(before.mappings) + 1


def _undone_at_once(change: str, fault: Fault) -> bool:
    """A single failure outside the store needs no later remove."""
    once = fault.kind in (Kind.ERROR, Kind.BUG, Kind.SIGNAL)
    return once and not change.startswith("store.")


@pytest.mark.parametrize(("scenario", "change", "fault"), _cases("remove"))
def test_failed_remove_is_finished_by_the_next(scenario: str, change: str, fault: Fault) -> None:
    world = SCENARIOS[scenario]()
    app, before = world.app, world.app.snapshot()
    world.add()

    _break(world, "remove", fault)

    assert app.leftovers(before) == []
    if app.snapshot().mappings != before.mappings:
        world.remove()
    assert app.snapshot() == before
