"""reconcile when a signal comes: it ends at once, and has told what it did until then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sharectl.errors import Interrupted
from sharectl.model.mounts import HostMount
from sharectl.operations.add import add
from sharectl.operations.add_checks import AddRequest
from sharectl.operations.reconcile import ReconcileRequest, reconcile
from tests.fakes.faults import Fault, FaultyApp, Injector, Kind, When, changes
from tests.fakes.mounts import umount
from tests.operations.reconciling import run_reconcile
from tests.operations.scenarios import World, attached, nfs

_SHIELDED = 2  # changes at most that belong to the one at which the signal comes


def _two_unwell() -> World:
    """Two shares of two domains without rule and mount, and a mount that no record speaks of."""
    world, _ = attached(nfs)
    add(world.app, AddRequest("neighbour", "other"))
    for mapping in world.app.store.load():
        umount(world.app.mounts, mapping.mount_point)
    for rule in world.app.shares.all_rules:
        world.app.shares.revoke(rule.share_id, rule.id)
    world.app.shares.settle()
    left = HostMount("/run/sharectl/mnt/s9", "nfs4", "192.0.2.1:/gone", frozenset({"rw"}))
    world.app.mounts.mounted.append(left)
    world.app.restart()
    return world


_PRUNE = ReconcileRequest(prune=True)
_CHANGES = changes(_two_unwell().app, lambda app: reconcile(app, _PRUNE))


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize("step", range(len(_CHANGES)))
def test_signal_ends_it_wherever_it_comes(step: int, when: When) -> None:
    app = _two_unwell().app
    injector = Injector(app, Fault(step, when, Kind.SIGNAL))

    with pytest.raises(Interrupted):
        reconcile(FaultyApp(injector), _PRUNE)

    assert len(injector.changes) <= step + 1 + _SHIELDED
    assert app.heard.problems == []
    rest = run_reconcile(app, prune=True)
    assert rest.problems == ()
    done = [*app.heard.changes, *rest.changes]
    whole = run_reconcile(_two_unwell().app, prune=True).changes
    assert set(done) <= set(whole)
    assert run_reconcile(app).changes == ()


def _libvirt(world: World, signal: Callable[..., None], patch: pytest.MonkeyPatch) -> None:
    patch.setattr(world.app.domains, "look", signal)


def _manila(world: World, signal: Callable[..., None], patch: pytest.MonkeyPatch) -> None:
    patch.setattr(world.app.shares, "survey", signal)


@pytest.mark.parametrize("looking_at", [_libvirt, _manila])
def test_signal_while_it_looks_is_no_failed_look(
    looking_at: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = _two_unwell()
    before = world.app.snapshot()
    looking_at(world, lambda *_: world.app.interrupts.arrive(), monkeypatch)
    with pytest.raises(Interrupted):
        reconcile(world.app, ReconcileRequest())
    assert world.app.snapshot() == before
