"""forget --from-host: what a host that is gone has left in Manila is withdrawn, nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sharectl.errors import BackendError, Denied, NotFound, Refused, UsageError
from sharectl.model.enums import AccessLevel, AccessType
from sharectl.model.share import Access
from sharectl.operations.forget_host import rules_of_host, withdraw
from sharectl.operations.shares import list_shares
from tests.fakes import FakeApp
from tests.fakes.rules import Rule
from tests.operations.scenarios import World, attached, cephfs, nfs

DEAD = {
    "managed-by": "sharectl",
    "sharectl-host": "dead.example.org",
    "sharectl-host-id": "d" * 32,
    "sharectl-user": "bob",
    "sharectl-domain-d0d0d0d0-0000-4000-8000-00000000000d": "rw docs",
}


def _rule(app: FakeApp, share: str, number: int, metadata: Mapping[str, str]) -> Rule:
    access = Access(AccessType.IP, f"203.0.113.{number}", AccessLevel.RW)
    return app.shares.add_rule(app.shares.find(share).id, access, metadata=metadata)


def _left() -> tuple[World, list[Rule]]:
    """A host that works with a share, a dead one's rules on two shares, and rules of others."""
    world, _ = attached(nfs)
    app = world.app
    dead = [_rule(app, "docs", 1, DEAD), _rule(app, "other", 2, DEAD)]
    _rule(app, "docs", 3, {**DEAD, "sharectl-host-id": "e" * 32, "sharectl-host": "alive"})
    _rule(app, "docs", 4, {**DEAD, "managed-by": "another"})
    _rule(app, "docs", 5, {})
    world.app.restart()
    return world, dead


def _ids(app: FakeApp) -> set[str]:
    app.shares.settle()
    return {item.id for item in app.shares.all_rules}


@pytest.mark.parametrize("word", ["d" * 32, "dead.example.org"])
def test_only_the_rules_of_that_host_go(word: str) -> None:
    world, dead = _left()
    before = world.app.snapshot()
    all_rules = _ids(world.app)
    left = rules_of_host(world.app, word)
    assert {item.rule.id for item in left.rules} == {item.id for item in dead}
    assert _ids(world.app) == all_rules
    result = withdraw(world.app, left, 60)
    assert result.problems == ()
    assert sorted(result.changes)[0] == (
        f"withdrew access rule {dead[0].id} of share docs for ip 203.0.113.1 (rw), made by host"
        f" dead.example.org (host ID {'d' * 32}), serving domain"
        " d0d0d0d0-0000-4000-8000-00000000000d"
    )
    assert _ids(world.app) == all_rules - {item.id for item in dead}
    after = world.app.snapshot()
    assert (after.mounts, after.mappings, after.domains) == (
        before.mounts, before.mappings, before.domains,
    )  # fmt: skip


def test_of_one_share() -> None:
    world, dead = _left()
    left = rules_of_host(world.app, "dead.example.org", "other")
    assert withdraw(world.app, left, 60).problems == ()
    assert dead[0].id in _ids(world.app)
    assert dead[1].id not in _ids(world.app)
    with pytest.raises(NotFound):
        rules_of_host(world.app, "dead.example.org", "nothing")


def test_this_host_is_refused_by_id_and_not_found_by_name() -> None:
    world, _ = _left()
    with pytest.raises(Refused, match="is this host") as caught:
        rules_of_host(world.app, world.app.host.id)
    assert "sharectl remove DOMAIN SHARE" in (caught.value.hint or "")
    with pytest.raises(NotFound, match="no access rule was made by the sharectl of another host"):
        rules_of_host(world.app, world.app.host.name)


def test_a_host_that_was_installed_again_withdraws_its_old_rules_by_name() -> None:
    world, _ = attached(cephfs)
    (old,) = [item.id for item in world.app.shares.all_rules]
    mapping = world.app.store.load()[0]
    with world.app.store.transaction() as store:
        store.delete(mapping.id)
    world.app.host.id = "a" * 32
    left = rules_of_host(world.app, world.app.host.name)
    assert withdraw(world.app, left, 60).problems == ()
    assert old not in _ids(world.app)


def test_two_hosts_with_one_name_are_told_apart_by_id() -> None:
    world, dead = _left()
    _rule(world.app, "other", 9, {**DEAD, "sharectl-host-id": "f" * 32})
    with pytest.raises(Refused, match=r"2 hosts are named 'dead\.example\.org'") as caught:
        rules_of_host(world.app, "dead.example.org")
    assert caught.value.hint == f"give the host ID of one: {'d' * 32} {'f' * 32}"
    assert len(rules_of_host(world.app, "d" * 32).rules) == len(dead)


def test_rules_of_the_earlier_version_go_by_name() -> None:
    world, _ = attached(nfs)
    old = {"managed-by": "sharectl", "sharectl-host": "old"}
    rule = _rule(world.app, "docs", 1, old)
    left = rules_of_host(world.app, "old")
    assert [item.rule.id for item in left.rules] == [rule.id]
    assert "made by host old" in left.rules[0].describe()
    with pytest.raises(UsageError):
        rules_of_host(world.app, "")


def test_what_manila_does_not_allow_names_whom_to_ask() -> None:
    world, dead = _left()
    world.app.shares.of_others = {dead[0].id}
    result = withdraw(world.app, rules_of_host(world.app, "d" * 32), 60)
    (problem,) = result.problems
    assert isinstance(problem, Denied)
    assert problem.hint == (
        "ask bob, who asked for it on host dead.example.org, or an admin of OpenStack, to run:"
        f" openstack share access delete --unrestrict {world.share_id} {dead[0].id}"
    )
    assert len(result.changes) == 1
    assert _ids(world.app) >= {dead[0].id}
    assert dead[1].id not in _ids(world.app)


def test_without_waiting() -> None:
    world, _ = _left()
    world.app.shares.looks = 50
    result = withdraw(world.app, rules_of_host(world.app, "d" * 32), 0)
    assert [line.partition(" ")[0] for line in result.changes] == ["withdrawing", "withdrawing"]


def test_a_rule_that_became_this_host_s_meanwhile_stays() -> None:
    world, dead = _left()
    left = rules_of_host(world.app, "d" * 32, "docs")
    dead[0].metadata = {**DEAD, "sharectl-host-id": world.app.host.id}
    result = withdraw(world.app, left, 60)
    assert (result.changes, result.problems) == ((), ())
    assert dead[0].id in _ids(world.app)


def test_a_share_that_cannot_be_looked_at_is_told() -> None:
    world, dead = _left()
    world.app.shares.ill[world.share_id] = BackendError("Manila fails")
    result = withdraw(world.app, rules_of_host(world.app, "d" * 32), 60)
    assert [item.message for item in result.problems] == ["share docs: Manila fails"]
    assert dead[0].id in _ids(world.app)
    assert dead[1].id not in _ids(world.app)


def test_root_alone() -> None:
    world, _ = _left()
    world.app.host.root = False
    with pytest.raises(Denied):
        rules_of_host(world.app, "d" * 32)


def test_shares_names_the_hosts() -> None:
    world, _ = _left()
    own = world.app.host.name
    found = {item.share.name: item.hosts for item in list_shares(world.app, with_hosts=True).views}
    assert found == {
        "docs": ("alive", "dead.example.org", own),
        "other": ("dead.example.org",),
    }
    assert {item.hosts for item in list_shares(world.app).views} == {None}
    _rule(world.app, "other", 9, {**DEAD, "sharectl-host-id": "f" * 32})
    found = {item.share.name: item.hosts for item in list_shares(world.app, with_hosts=True).views}
    assert found["other"] == (
        f"dead.example.org (host ID {'d' * 32})", f"dead.example.org (host ID {'f' * 32})",
    )  # fmt: skip


def test_shares_tells_what_it_could_not_look_at() -> None:
    world, _ = _left()
    world.app.shares.ill[world.share_id] = BackendError("Manila fails")
    found = list_shares(world.app, with_hosts=True)
    assert [item.message for item in found.unseen] == [f"share {world.share_id}: Manila fails"]
    assert {item.share.name: item.hosts is None for item in found.views} == {
        "docs": True, "other": False,
    }  # fmt: skip
