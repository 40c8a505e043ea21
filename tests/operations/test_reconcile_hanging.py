"""reconcile while libvirt does not answer for one domain, as during its hook or a job."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.operations.reconciling import lose_mount, messages, run_reconcile
from tests.operations.scenarios import World, attached, nfs


def test_domain_that_has_nothing_of_ours_is_of_no_concern() -> None:
    world, _ = attached(nfs)
    world.app.domains.hanging.add(world.app.domains.find("neighbour").uuid)
    silent = run_reconcile(world.app)
    assert (silent.changes, silent.problems) == ((), ())
    lose_mount(world)
    mended = run_reconcile(world.app)
    assert len(mended.changes) == 1
    assert mended.problems == ()


def _own(world: World) -> str:
    return world.uuid


def _clone(world: World) -> str:
    """It has the filesystem, and no record."""
    (mapping,) = world.app.store.load()
    uuid = world.app.domains.find("neighbour").uuid
    world.app.domains.attach_filesystem(uuid, mapping.filesystem)
    return uuid


@pytest.mark.parametrize("make", [_own, _clone])
def test_domain_that_may_have_something_of_ours_is_told(make: Callable[[World], str]) -> None:
    world, _ = attached(nfs)
    uuid = make(world)
    world.app.domains.hanging.add(uuid)
    result = run_reconcile(world.app)
    assert f"does not answer for domain {uuid}" in messages(result)
    assert result.unseen != ()
