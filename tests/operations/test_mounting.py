"""What a mount that was killed leaves is taken away, unless somebody is mounting just now."""

from __future__ import annotations

import pytest

from sharectl.engine.mounting import sweep
from tests.operations.reconciling import run_reconcile
from tests.operations.scenarios import attached, cephfs, nfs

_ONE, _TWO = "/run/sharectl/mnt/s1", "/run/sharectl/mnt/s2"


def test_sweep_leaves_what_another_process_works_on() -> None:
    world, _ = attached(nfs)
    world.app.mounts.left = {_ONE, _TWO}
    world.app.locks.taken_elsewhere = {"s2"}
    assert sweep(world.app) == (_ONE,)
    assert world.app.mounts.left == {_TWO}
    assert world.app.locks.taken[-1] == "share s1"


def test_reconcile_sweeps_in_silence() -> None:
    world, _ = attached(nfs)
    world.app.mounts.left = {_ONE}
    assert run_reconcile(world.app).changes == ()
    assert world.app.mounts.left == set()


def test_dry_run_leaves_it() -> None:
    world, _ = attached(nfs)
    world.app.mounts.left = {_ONE}
    run_reconcile(world.app, dry_run=True)
    assert world.app.mounts.left == {_ONE}


def test_mount_is_noted_with_its_rule() -> None:
    world, _ = attached(cephfs)
    (mapping,) = world.app.store.load()
    note = world.app.mounts.notes()[mapping.mount_point]
    assert note.rule_id == mapping.rule_id is not None
    world.remove()
    assert world.app.mounts.notes() == {}


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("dry_run", [False, True])
def test_runtime_folder_on_a_disk_is_warned_of(on_disk: bool, dry_run: bool) -> None:
    world = nfs().asking(dry_run=dry_run)
    world.app.mounts.on_disk = on_disk
    world.add()
    found = [text for text in world.app.heard.warnings if "/run/sharectl is on a disk" in text]
    assert len(found) == on_disk
