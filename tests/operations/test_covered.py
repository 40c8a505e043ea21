"""A mount of ours that somebody laid something over: told, and never taken away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.errors import Refused
from sharectl.model.mounts import HostMount, layers_at, mounted_at
from sharectl.operations.list import list_mappings
from tests.hook.starting import starting
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import World, attached, cephfs, nfs


def _top(world: World) -> HostMount:
    found = mounted_at(world.app.mounts.list(), world.mount_point)
    assert found is not None
    return found


def _foreign(world: World) -> HostMount:
    return HostMount(world.mount_point, "ext4", "/dev/vdb1", frozenset({"rw"}))


def _sub_folder(world: World) -> HostMount:
    return replace(_top(world), root="/sub")


def _read_only(world: World) -> HostMount:
    return replace(_top(world), options=frozenset({"ro"}))


@pytest.mark.parametrize("make", [nfs, cephfs])
@pytest.mark.parametrize(
    ("lay_over", "said"), [(_foreign, "/dev/vdb1 is mounted over"), (_sub_folder, "/sub of ")]
)
def test_reconcile_tells_and_leaves_it(
    make: Callable[[], World], lay_over: Callable[[World], HostMount], said: str
) -> None:
    world, _ = attached(make)
    ours, over = _top(world), lay_over(world)
    world.app.mounts.mounted.append(over)
    (view,) = list_mappings(world.app, None, examine=True).views
    assert view.health == "wrong-source"

    planned, done = run_reconcile(world.app, dry_run=True), run_reconcile(world.app)

    assert (planned.changes, done.changes) == ((), ())
    assert messages(planned) == messages(done)
    assert said in messages(done)
    assert f"umount {world.mount_point}" in (done.problems[0].hint or "")
    assert layers_at(world.app.mounts.list(), world.mount_point) == (ours, over)
    world.app.mounts.mounted.remove(over)
    assert "in order again" in run_reconcile(world.app).changes[-1]


@pytest.mark.parametrize("lay_over", [_foreign, _sub_folder])
def test_remove_tells_and_leaves_it(lay_over: Callable[[World], HostMount]) -> None:
    world, before = attached(nfs)
    over = lay_over(world)
    world.app.mounts.mounted.append(over)
    with pytest.raises(Refused, match="is mounted over") as caught:
        world.remove()
    assert f"umount {world.mount_point}" in (caught.value.hint or "")
    assert _top(world) == over
    assert world.app.store.load() != ()
    world.app.mounts.mounted.remove(over)
    world.remove()
    assert world.app.snapshot() == before


def test_domain_does_not_start_on_a_folder_of_its_share() -> None:
    start = starting(cephfs)
    assert start.mount is not None
    start.app.mounts.mounted.append(replace(start.mount, root="/sub"))
    assert "is a mount of /sub of " in start.refused()


def test_unmounting_that_uncovers_the_right_mount_is_enough() -> None:
    """As when ours was mounted below after we looked."""
    world, _ = attached(nfs)
    ours, over = _top(world), _read_only(world)
    world.app.mounts.mounted.remove(ours)
    world.app.mounts.mounted.append(over)
    unmount = world.app.mounts.unmount

    def uncover(*arguments: object, **options: object) -> None:
        world.app.mounts.mounted.insert(-1, ours)
        unmount(*arguments, **options)  # type: ignore[arg-type]

    world.app.mounts.unmount = uncover  # type: ignore[method-assign]
    result = run_reconcile(world.app)
    assert result.problems == ()
    assert layers_at(world.app.mounts.list(), world.mount_point) == (ours,)


def test_what_comes_to_light_and_is_wrong_too_is_told() -> None:
    world, _ = attached(nfs)
    over, below = _read_only(world), _foreign(world)
    world.app.mounts.mounted.remove(_top(world))
    world.app.mounts.mounted += [below, over]
    assert "there is /dev/vdb1" in messages(run_reconcile(world.app))
    assert _top(world) == below
