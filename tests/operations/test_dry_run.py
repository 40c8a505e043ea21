"""A dry run says what the real run then does, if nothing changes in between."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sharectl.errors import ExitCode, SharectlError
from tests.fakes.mounts import umount
from tests.operations.reconciling import run_reconcile
from tests.operations.scenarios import SCENARIOS, World, attached

Make = Callable[[], World]
Damage = Callable[[World], None]


def _verdict(run: Callable[[], object]) -> tuple[ExitCode, object]:
    try:
        return ExitCode.OK, run()
    except SharectlError as error:
        return error.exit_code, (error.message, error.advice)


def _memory_gone(world: World) -> None:
    (device,) = world.app.domains.find(world.uuid).filesystems
    world.app.domains.detach_filesystem(world.uuid, device, ())
    xml = world.app.domains.xml_of(world.uuid)
    if "<memoryBacking" in xml:
        start, end = xml.index("<memoryBacking"), xml.index("</memoryBacking>") + 16
        world.app.domains.edit(world.uuid, xml[start:end], "")


def _device_gone(world: World) -> None:
    (device,) = world.app.domains.find(world.uuid).filesystems
    world.app.domains.detach_filesystem(world.uuid, device, ())


def _runs_unmounted(world: World) -> None:
    world.app.domains.start(world.uuid)
    umount(world.app.mounts, world.mount_point)


DAMAGES: dict[str, Damage] = {
    "nothing": lambda world: None,
    "unmounted": lambda world: umount(world.app.mounts, world.mount_point),
    "device gone": _device_gone,
    "memory gone": _memory_gone,
    "runs unmounted": _runs_unmounted,
    "domain gone": lambda world: world.app.domains.undefine(world.uuid),
}


@pytest.mark.parametrize("make", SCENARIOS.values(), ids=SCENARIOS)
def test_add(make: Make) -> None:
    world = make()
    before = world.app.snapshot()
    planned = _verdict(lambda: world.asking(dry_run=True).add().actions)
    assert world.app.snapshot() == before
    done = _verdict(lambda: world.add().actions)
    assert planned[0] is done[0]
    assert str(_described(planned)) == str(_described(done))


def _described(verdict: tuple[ExitCode, object]) -> list[str]:
    actions = verdict[1]
    assert isinstance(actions, tuple)
    return [item if isinstance(item, str) else item.describe() for item in actions]


@pytest.mark.parametrize("make", SCENARIOS.values(), ids=SCENARIOS)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_reconcile(make: Make, damage: Damage) -> None:
    world, _ = attached(make)
    damage(world)
    planned, done = run_reconcile(world.app, dry_run=True), run_reconcile(world.app)
    assert planned.changes == done.changes
    said = [[item.message for item in outcome.problems] for outcome in (planned, done)]
    assert said[0] == said[1]


@pytest.mark.parametrize("make", SCENARIOS.values(), ids=SCENARIOS)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_remove(make: Make, damage: Damage) -> None:
    world, _ = attached(make)
    uuid = world.uuid
    damage(world)
    planned = _verdict(lambda: world.remove(domain=uuid, dry_run=True).actions)
    done = _verdict(lambda: world.remove(domain=uuid).actions)
    assert planned[0] is done[0]
    if planned[0] is ExitCode.OK:
        assert _described(planned) == _described(done)
