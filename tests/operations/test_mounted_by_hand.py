"""The share's export, mounted at the mount point by somebody else in place of our mount."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.errors import Refused
from sharectl.operations.list import list_mappings
from tests.fakes.mounts import umount
from tests.operations.reconciling import go_stale, messages, run_reconcile
from tests.operations.scenarios import World, attached, cephfs, nfs

_BOTH = pytest.mark.parametrize("make", [nfs, cephfs])


def _mounted_again(make: Callable[[], World]) -> World:
    """An admin has unmounted it and mounted it again, as mount(8) does."""
    world, _ = attached(make)
    mounted = world.app.mounts.mounted
    place = next(n for n, it in enumerate(mounted) if it.mount_point == world.mount_point)
    mounted[place] = replace(mounted[place], device="0:99")
    return world


def _health(world: World) -> str:
    (view,) = list_mappings(world.app, None, examine=True).views
    return view.health.value


@_BOTH
def test_it_serves_and_nobody_complains(make: Callable[[], World]) -> None:
    world = _mounted_again(make)
    assert _health(world) == "ok"
    result = run_reconcile(world.app)
    assert (result.changes, messages(result)) == ((), "")
    world.app.domains.start(world.uuid)
    assert run_reconcile(world.app).problems == ()


def test_it_has_the_key_that_it_was_mounted_with() -> None:
    """What was noted of our own mount, the access rule among it, says nothing of this one."""
    world = _mounted_again(cephfs)
    app = world.app
    noted = app.mounts.noted[world.mount_point]
    app.mounts.noted[world.mount_point] = replace(noted, rule_id="rule-0")
    assert _health(world) == "ok"
    assert run_reconcile(app).problems == ()


@_BOTH
def test_stale_it_is_named_and_left_alone(make: Callable[[], World]) -> None:
    world = _mounted_again(make)
    go_stale(world)
    mounts = world.app.mounts.list()
    result = run_reconcile(world.app)
    assert "which sharectl has not made" in messages(result)
    assert f"umount {world.mount_point}" in (result.problems[0].hint or "")
    assert world.app.mounts.list() == mounts


@_BOTH
@pytest.mark.parametrize("force", [False, True])
def test_remove_does_not_take_its_access(make: Callable[[], World], force: bool) -> None:
    world = _mounted_again(make)
    before = world.app.snapshot()
    with pytest.raises(Refused, match="which sharectl has not made") as caught:
        world.remove(force=force)
    assert world.app.snapshot() == before
    command = f"umount {world.mount_point}; then: sharectl remove guest {world.share_id}"
    assert command in (caught.value.hint or "")
    umount(world.app.mounts, world.mount_point)
    world.remove(force=force)
    assert world.app.store.load() == ()
    assert world.app.shares.all_rules == ()
