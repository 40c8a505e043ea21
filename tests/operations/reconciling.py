"""What the tests of reconcile and adopt have in common."""

from __future__ import annotations

from dataclasses import replace

from sharectl.model.mounts import HostMount
from sharectl.model.outcome import Outcome
from sharectl.operations.adopt import AdoptRequest, adopt
from sharectl.operations.reconcile import ReconcileRequest, reconcile
from tests.fakes import FakeApp
from tests.fakes.mounts import umount
from tests.operations.scenarios import World


def run_reconcile(app: FakeApp, **request: object) -> Outcome:
    """Reconcile as another process would; `request` are fields of `ReconcileRequest`."""
    app.restart()
    return reconcile(app, ReconcileRequest(**request))  # type: ignore[arg-type]


def run_adopt(app: FakeApp, **request: object) -> Outcome:
    """The same for `adopt` and `AdoptRequest`."""
    app.restart()
    return adopt(app, AdoptRequest(**request))  # type: ignore[arg-type]


def messages(result: Outcome) -> str:
    """What went wrong, a line each."""
    return "\n".join(error.message for error in result.problems)


def lose_mount(world: World) -> None:
    """Somebody unmounts it."""
    umount(world.app.mounts, world.mount_point)


def go_stale(world: World) -> None:
    """Its file server knows the mount no more."""
    world.app.mounts.stale.add(world.mount_point)


def wrong_mount(world: World) -> None:
    """Somebody has mounted it again, read-only."""
    mount_point = world.mount_point
    mounted = world.app.mounts.mounted
    place = next(n for n, item in enumerate(mounted) if item.mount_point == mount_point)
    mounted[place] = replace(mounted[place], options=frozenset({"ro"}))


def foreign_mount(world: World) -> None:
    """An admin has mounted something else in its place."""
    mount_point = world.mount_point
    lose_mount(world)
    rescue = HostMount(mount_point, "ext4", "/dev/vdb1", frozenset({"rw"}), device="253:17")
    world.app.mounts.mounted.append(rescue)
