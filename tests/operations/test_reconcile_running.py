"""reconcile beside running guests: what they work with is left to them, and told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sharectl.model.enums import RuleState
from sharectl.model.mounts import mounted_at
from tests.operations.reconciling import go_stale, lose_mount, messages, run_reconcile, wrong_mount
from tests.operations.scenarios import World, attached, cephfs, nfs


def test_nothing_is_mounted_over_what_a_running_guest_writes_to() -> None:
    world, _ = attached(nfs)
    world.app.domains.start(world.uuid)
    lose_mount(world)
    for dry_run in (True, False):
        result = run_reconcile(world.app, dry_run=dry_run)
        assert result.changes == ()
        assert "domain guest runs with what lay there when it started" in messages(result)
    assert mounted_at(world.app.mounts.list(), world.mount_point) is None
    world.app.domains.stop(world.uuid)
    assert run_reconcile(world.app).problems == ()
    assert mounted_at(world.app.mounts.list(), world.mount_point) is not None


def test_rule_in_error_is_left_while_a_running_guest_works_with_it() -> None:
    world, _ = attached(nfs)
    (before,) = world.app.shares.all_rules
    before.state = RuleState.ERROR
    world.app.domains.start(world.uuid)
    result = run_reconcile(world.app)
    assert result.changes == ()
    assert "domain guest runs with the mount, which is not known to be cut off" in messages(result)
    assert [rule.id for rule in world.app.shares.all_rules] == [before.id]
    world.app.domains.stop(world.uuid)
    assert run_reconcile(world.app).problems == ()
    assert [rule.id for rule in world.app.shares.all_rules] != [before.id]


def test_new_key_is_kept_though_the_mount_has_to_wait() -> None:
    world, _ = attached(cephfs)
    world.app.domains.start(world.uuid)
    (rule,) = world.app.shares.all_rules
    world.app.shares.revoke(rule.share_id, rule.id)
    world.app.shares.settle()
    run_reconcile(world.app)
    (rule,) = world.app.shares.all_rules
    assert list(world.app.secrets.files.values()) == [rule.key]


@pytest.mark.parametrize("lose", [go_stale, wrong_mount])
def test_mount_that_a_running_guest_has_is_left_and_told(lose: Callable[[World], None]) -> None:
    world, _ = attached(nfs)
    world.app.domains.start(world.uuid)
    lose(world)
    result = run_reconcile(world.app)
    assert result.changes == ()
    assert "domain guest runs with it" in messages(result)
    assert "runs with it" in (world.app.store.load()[0].last_error or "")
    world.app.domains.stop(world.uuid)
    assert "in order again" in run_reconcile(world.app).changes[-1]
    assert world.app.store.load()[0].last_error is None
