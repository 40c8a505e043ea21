"""reconcile after an add or a remove that did not come to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from sharectl.model.enums import Intent, RuleState
from sharectl.operations.reconcile import ReconcileRequest, reconcile
from tests.fakes.domains import FakeDomains
from tests.fakes.faults import Fault, FaultyApp, Injector, Killed, Kind, When, changes
from tests.fakes.mounts import umount
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import SCENARIOS, attached, nfs


@pytest.mark.parametrize(
    ("hold", "let_go", "said"),
    [
        (FakeDomains.start, FakeDomains.stop, "domain guest is running"),
        (partial(FakeDomains.set, managed_save=True), FakeDomains.set, "a managed-save image"),
    ],
    ids=["running", "managed save"],
)
def test_detached_only_when_the_domain_can_be_without(
    hold: Callable[[FakeDomains, str], None], let_go: Callable[[FakeDomains, str], None], said: str
) -> None:
    """As by `remove`: a guest that was put to sleep cannot be woken without its share."""
    world, before = attached(nfs)
    hold(world.app.domains, world.uuid)
    (mapping,) = world.app.store.load()
    with world.app.store.transaction() as store:
        store.put(mapping.with_intent(Intent.DETACHING, mapping.updated_at))
    now = replace(world.app.snapshot(), mappings=())
    assert said in messages(run_reconcile(world.app, dry_run=True))
    result = run_reconcile(world.app)
    assert said in messages(result)
    assert result.changes == ()
    assert replace(world.app.snapshot(), mappings=()) == now
    assert said in (world.app.store.load()[0].last_error or "")
    let_go(world.app.domains, world.uuid)
    assert run_reconcile(world.app).changes[-1].endswith("detached")
    assert world.app.snapshot() == before


def test_add_that_can_never_be_finished_is_undone() -> None:
    world = nfs()
    before = world.app.snapshot()
    with pytest.raises(Killed):
        world.add(FaultyApp(Injector(world.app, Fault(1, When.AFTER, Kind.KILL))))
    (rule,) = world.app.shares.all_rules or (None,)
    if rule is not None:
        rule.state, rule.coming = RuleState.ERROR, []
    world.app.shares.not_applied.add(world.app.mounts.address)
    result = run_reconcile(world.app)
    assert "could not apply the access rule" in messages(result)
    assert result.changes[-1].endswith("detached")
    world.app.shares.not_applied.clear()
    assert world.app.snapshot() == before


@pytest.mark.parametrize("in_error", [False, True])
def test_add_that_waits_is_not_undone_while_the_share_is_backed_up(in_error: bool) -> None:
    """Its rule is withdrawn meanwhile, or goes to error: Manila refuses another."""
    world = nfs().asking(timeout=0.0)
    assert world.add().waiting
    world.app.shares.settle()
    world.app.shares.change(world.share_id, status="backup_creating")
    for rule in world.app.shares.all_rules:
        rule.state = RuleState.ERROR
        if not in_error:
            world.app.shares.revoke(rule.share_id, rule.id)
    world.app.shares.settle()
    world.app.shares.not_granting = "Manila says: not while the share is in 'backup_creating'"
    result = run_reconcile(world.app)
    assert "backup_creating" in messages(result)
    assert world.app.store.load()[0].intent is Intent.ATTACHING
    world.app.shares.not_granting = None
    world.app.shares.change(world.share_id, status="available")
    assert run_reconcile(world.app).changes[-1] == "guest docs: attached"


def _kills(verb: str) -> list[object]:
    cases: list[object] = []
    for name, make in SCENARIOS.items():
        world = make()
        if verb == "remove":
            world.add()
        for step, change in enumerate(changes(world.app, getattr(world, verb))):
            cases.append(pytest.param(name, Fault(step, When.AFTER, Kind.KILL),
                                      id=f"{name}-{step}-{change}"))  # fmt: skip
    return cases


@pytest.mark.parametrize(("scenario", "fault"), _kills("add"))
def test_killed_add_is_finished(scenario: str, fault: Fault) -> None:
    good, _ = attached(SCENARIOS[scenario])
    world = SCENARIOS[scenario]()
    with pytest.raises(Killed):
        world.add(FaultyApp(Injector(world.app, fault)))

    result = run_reconcile(world.app)

    assert result.problems == ()
    seen, wanted = world.app.snapshot(), good.app.snapshot()
    assert (seen.rules, seen.mounts, seen.keys) == (wanted.rules, wanted.mounts, wanted.keys)
    assert {item.intent for item in seen.mappings} == {Intent.ATTACHED}
    assert run_reconcile(world.app).changes == ()


@pytest.mark.parametrize(("scenario", "fault"), _kills("remove"))
def test_killed_remove_is_finished(scenario: str, fault: Fault) -> None:
    world, before = attached(SCENARIOS[scenario])
    with pytest.raises(Killed):
        world.remove(FaultyApp(Injector(world.app, fault)))
    assert run_reconcile(world.app).problems == ()
    assert world.app.snapshot() == before


def test_locked_share_is_told_and_the_rest_goes_on() -> None:
    world, _ = attached(nfs)
    umount(world.app.mounts, world.mount_point)
    world.app.restart()
    world.app.locks.taken_elsewhere.add(world.share_id)
    result = reconcile(world.app, ReconcileRequest())
    assert "holds the lock of share" in messages(result)


def test_key_stays_while_a_guest_has_the_mount() -> None:
    """Else the next mapping of the share has a mount that a boot cannot make again."""
    world, before = attached(SCENARIOS["cephfs"])
    world.app.domains.start(world.uuid)
    (mapping,) = world.app.store.load()
    with world.app.store.transaction() as store:
        store.put(mapping.with_intent(Intent.DETACHING, mapping.updated_at))
    run_reconcile(world.app)
    assert world.app.secrets.file(world.share_id) is not None
    world.app.domains.stop(world.uuid)
    run_reconcile(world.app)
    assert world.app.snapshot() == before
