"""A host that was copied with its records: access rules stay those of the host that made them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.model.enums import Health
from sharectl.operations.forget_host import rules_of_host, withdraw
from sharectl.operations.list import list_mappings
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import World, attached, cephfs, nfs

_BOTH = pytest.mark.parametrize("make", [nfs, cephfs])
_OWN, _NEW = "0123456789abcdef" * 2, "f" * 32


def _copied(make: Callable[[], World]) -> World:
    """The copy has got a machine ID of its own."""
    world, _ = attached(make)
    world.app.host.id = _NEW
    return world


@_BOTH
def test_rule_is_not_taken_over(make: Callable[[], World]) -> None:
    world = _copied(make)
    rules = [(rule.id, rule.metadata) for rule in world.app.shares.all_rules]
    result = run_reconcile(world.app)
    assert f"made by host hyper1.example.org (host ID {_OWN})" in messages(result)
    assert [(rule.id, rule.metadata) for rule in world.app.shares.all_rules] == rules
    (view,) = list_mappings(world.app, None, examine=True).views
    assert view.health is Health.NO_ACCESS


@_BOTH
def test_remove_leaves_the_rule_to_the_other_host(make: Callable[[], World]) -> None:
    world = _copied(make)
    rules = world.app.shares.all_rules
    hint = run_reconcile(world.app).problems[0].hint or ""
    assert hint.startswith(f"if that host has the share: sharectl remove guest {world.share_id};")
    world.remove()
    world.app.shares.settle()
    assert world.app.shares.all_rules == rules
    assert world.app.store.load() == ()


@_BOTH
def test_host_with_a_new_machine_id_gets_its_own(make: Callable[[], World]) -> None:
    world = _copied(make)
    app = world.app
    hint = run_reconcile(app).problems[0].hint or ""
    assert f"sharectl forget --from-host {_OWN} {world.share_id}; then: sharectl reconcile" in hint
    withdraw(app, rules_of_host(app, _OWN, world.share_id), 60)
    run_reconcile(app)
    assert messages(run_reconcile(app)) == ""
    (rule,) = app.shares.all_rules
    assert rule.metadata["sharectl-host-id"] == _NEW


def test_outdated_rule_of_the_other_host_stays() -> None:
    world = _copied(nfs)
    app = world.app
    (mapping,) = app.store.load()
    (rule,) = app.shares.all_rules
    moved = mapping.moved(mapping.export_location, "203.0.113.9")
    app.mounts.address = "203.0.113.9"
    with app.store.transaction() as store:
        store.put(replace(moved, outdated_rules=(rule.id,)))
    run_reconcile(app)
    world.remove()
    app.shares.settle()
    assert [item.id for item in app.shares.all_rules] == [rule.id]
