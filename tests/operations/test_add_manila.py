"""add: how long it waits for Manila, and which access rules it makes, uses and leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.errors import Refused, Unavailable
from sharectl.model.enums import AccessLevel, AccessType, Intent, RuleState
from sharectl.model.share import Access
from tests.operations.scenarios import (
    HOST_ADDRESS,
    World,
    cephfs,
    nfs,
    old_manila,
    read_only,
)


def test_timeout_of_zero_asks_and_does_not_wait() -> None:
    world = nfs().asking(timeout=0.0)
    world.app.shares.looks = 9
    result = world.add()

    assert result.waiting
    assert result.view.status == "attaching"
    assert world.app.clock.elapsed == 0
    (mapping,) = world.app.store.load()
    assert (mapping.intent, mapping.last_error) == (Intent.ATTACHING, None)
    assert [rule.state for rule in world.app.shares.all_rules] != [RuleState.ACTIVE]

    world.app.shares.settle()
    assert not world.add().waiting
    assert world.app.store.load()[0].intent is Intent.ATTACHED


def test_timeout_of_zero_works_when_access_is_there() -> None:
    world = nfs().asking(timeout=0.0)
    world.asking(domain="neighbour", timeout=60.0).add()
    result = world.add()
    assert (result.waiting, result.view.status) == (False, "inactive")


def test_slow_manila_is_waited_for() -> None:
    world = nfs().asking(timeout=30.0)
    world.app.shares.looks = 12
    world.add()
    assert 1 < world.app.clock.elapsed < 30


def test_waiting_ends_at_the_timeout_and_is_undone() -> None:
    world = nfs().asking(timeout=5.0)
    before = world.app.snapshot()
    world.app.shares.looks = 12
    with pytest.raises(Unavailable, match="waited 5 s for the access rule") as caught:
        world.add()
    assert "--timeout" in (caught.value.hint or "")
    assert world.app.snapshot() == before


def test_late_key_is_waited_for() -> None:
    world = cephfs()
    world.app.shares.key_looks = 8
    world.add()
    assert len(world.app.secrets.files) == 1


def test_key_that_never_comes_is_undone() -> None:
    world = cephfs().asking(timeout=20.0)
    before = world.app.snapshot()
    world.app.shares.key_looks = 10_000
    with pytest.raises(Unavailable, match="waited 20 s for the cephx key of sharectl-hyper1"):
        world.add()
    assert world.app.snapshot() == before


def test_rule_that_manila_cannot_apply_is_undone() -> None:
    world = nfs()
    before = world.app.snapshot()
    world.app.shares.not_applied = {HOST_ADDRESS}
    with pytest.raises(Refused, match="could not apply the access rule") as caught:
        world.add()
    assert "Manila's log" in (caught.value.hint or "")
    assert world.app.snapshot() == before


@pytest.mark.parametrize(
    ("to", "level", "grants"),
    [
        (HOST_ADDRESS, AccessLevel.RW, 0),
        ("198.51.100.0/24", AccessLevel.RW, 0),
        ("198.51.100.0/24", AccessLevel.RO, 1),
        ("192.0.2.0/24", AccessLevel.RW, 1),
    ],
)
@pytest.mark.parametrize("make", [nfs, old_manila])
def test_foreign_rule_is_used_when_it_is_enough_and_never_taken_away(
    make: Callable[[], World], to: str, level: AccessLevel, grants: int
) -> None:
    world = make()
    access = Access(AccessType.IP, to, level)
    world.app.shares.add_rule(world.share_id, access)
    before = world.app.snapshot()
    world.add()
    assert len(world.app.shares.all_rules) == 1 + grants
    assert world.app.store.load()[0].owns_rule == bool(grants)
    world.remove()
    assert world.app.snapshot() == before


def test_our_rule_of_another_level_is_replaced() -> None:
    world = read_only()
    world.add()
    (rule,) = world.app.shares.all_rules
    rule.access = replace(rule.access, level=AccessLevel.RW)
    rule.state = RuleState.ERROR
    world.add()
    (made,) = world.app.shares.all_rules
    assert (made.access.level, made.state) == (AccessLevel.RO, RuleState.ACTIVE)
    assert world.app.store.load()[0].rule_id == made.id
