"""What the operations rely on in Manila: the one in memory and the real one do the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import pytest

from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_session import ManilaSession
from sharectl.adapters.manila_shares import ManilaShares
from sharectl.errors import Denied, NotFound, Refused, RuleExists
from sharectl.model.enums import AccessLevel, AccessType, RuleState
from sharectl.model.share import Access, AccessRule
from sharectl.ports import Shares
from tests.fakes.shares import FakeShares
from tests.lab.cloud.cloud import Cloud
from tests.lab.cloud.places import DEMO

pytestmark = pytest.mark.filterwarnings("ignore:Support for InfluxDB")  # of openstacksdk

_GONE = "5a5a5a5a-0000-4000-8000-00000000dead"
_METADATA = {"managed-by": "sharectl", "sharectl-user": "alice"}
_CLIENT = Access(AccessType.IP, "192.0.2.9", AccessLevel.RW)
_CEPHX = Access(AccessType.CEPHX, "sharectl-contract", AccessLevel.RW)
_DEADLINE = 30.0


class Side(Protocol):
    """A Manila, and what others do to its shares."""

    shares: Shares

    def create(self, name: str, protocol: str = "NFS") -> str:
        """A new share's ID."""

    def delete(self, share_id: str) -> None: ...

    def soft_delete(self, share_id: str) -> None: ...

    def rule_of_others(self, share_id: str) -> str:
        """The ID of a new rule that is not locked."""

    def as_mate(self) -> AbstractContextManager[Shares]:
        """As another user of the project."""


class _Fake:
    """The Manila in memory."""

    def __init__(self) -> None:
        self.fake = FakeShares()
        self.shares: Shares = self.fake

    def create(self, name: str, protocol: str = "NFS") -> str:
        return self.fake.create(name, protocol, "192.0.2.1:/docs").id

    def delete(self, share_id: str) -> None:
        self.fake.delete(share_id)

    def soft_delete(self, share_id: str) -> None:
        self.fake.soft_delete(share_id)

    def rule_of_others(self, share_id: str) -> str:
        access = Access(AccessType.IP, "192.0.2.200", AccessLevel.RW)
        return self.fake.add_rule(share_id, access).id

    @contextmanager
    def as_mate(self) -> Iterator[Shares]:
        self.fake.log_in_as_another()
        yield self.fake
        self.fake.log_in_as_maker()


class _Real:
    """Manila with its dummy back end, through the real adapter."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.shares: Shares = self._log_in("demo")

    @staticmethod
    def _log_in(name: str) -> ManilaShares:
        return ManilaShares(ManilaSession(Credentials(name), 20), lambda _version: None)

    def create(self, name: str, protocol: str = "NFS") -> str:
        return self._cloud.create_share(name, protocol).id

    def delete(self, share_id: str) -> None:
        self._cloud.delete_share(share_id)

    def soft_delete(self, share_id: str) -> None:
        self._cloud.as_account(DEMO).action(share_id, "soft_delete")

    def rule_of_others(self, share_id: str) -> str:
        return self._cloud.allow(share_id, "192.0.2.200").id

    @contextmanager
    def as_mate(self) -> Iterator[Shares]:
        yield self._log_in("mate")


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.lab)])
def side(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Side:
    """Both, one after the other; the real one only in the lab."""
    if request.param == "fake":
        return _Fake()
    cloud: Cloud = request.getfixturevalue("clean_cloud")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(cloud.clouds_yaml))
    return _Real(cloud)


def _until(done: Callable[[], bool]) -> None:
    """Look until it is so; Manila has nobody to wait for."""
    end = time.monotonic() + _DEADLINE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def _rule(side: Side, share_id: str, rule_id: str) -> AccessRule | None:
    return next((item for item in side.shares.rules(share_id) if item.id == rule_id), None)


def _granted(side: Side, share_id: str, access: Access = _CLIENT) -> AccessRule:
    """A rule that is in force."""
    made = side.shares.grant(share_id, access, _METADATA)
    assert made.pending
    seen: list[AccessRule] = []

    def active() -> bool:
        found = _rule(side, share_id, made.id)
        assert found is not None
        seen.append(found)
        return found.state is RuleState.ACTIVE

    _until(active)
    return seen[-1]


def test_a_rule_is_granted_with_its_metadata(side: Side) -> None:
    share_id = side.create("docs")
    rule = _granted(side, share_id)
    assert (rule.access_type, rule.access_to, rule.access_level) == ("ip", _CLIENT.to, "rw")
    assert rule.metadata == _METADATA


def test_a_client_has_one_rule_and_nets_do_not_count(side: Side) -> None:
    share_id = side.create("docs")
    _granted(side, share_id)
    for to, level in ((_CLIENT.to, AccessLevel.RO), (f"{_CLIENT.to}/32", AccessLevel.RW)):
        with pytest.raises(RuleExists):
            side.shares.grant(share_id, Access(AccessType.IP, to, level), _METADATA)
    _granted(side, share_id, Access(AccessType.IP, "192.0.2.0/24", AccessLevel.RO))
    assert len(side.shares.rules(share_id)) == 2


def test_a_rule_that_is_leaving_is_in_the_way_until_it_is_gone(side: Side) -> None:
    share_id = side.create("slow-deny-1s")
    rule = _granted(side, share_id)
    side.shares.revoke(share_id, rule.id)
    side.shares.revoke(share_id, rule.id)
    with pytest.raises(RuleExists):
        side.shares.grant(share_id, _CLIENT, _METADATA)
    seen = _rule(side, share_id, rule.id)
    assert seen is not None
    assert seen.leaving
    _until(lambda: _rule(side, share_id, rule.id) is None)
    side.shares.revoke(share_id, rule.id)
    _granted(side, share_id)


def test_what_is_gone(side: Side) -> None:
    share_id = side.create("docs")
    rule = _granted(side, share_id)
    for ask in (
        lambda: side.shares.find(_GONE),
        lambda: side.shares.find("no such name"),
        lambda: side.shares.rules(_GONE),
        lambda: side.shares.grant(_GONE, _CLIENT, _METADATA),
        lambda: side.shares.key(_GONE, rule.id),
        lambda: side.shares.key(share_id, _GONE),
        lambda: side.shares.annotate(share_id, _GONE, {"a": "b"}),
        lambda: side.shares.annotate(share_id, _GONE, {"a": ""}),
    ):
        with pytest.raises(NotFound):
            ask()
    side.shares.revoke(share_id, _GONE)
    side.shares.revoke(_GONE, rule.id)
    assert side.shares.survey({_GONE, share_id})[_GONE].status is None
    short_lived = side.create("short-lived")
    assert side.shares.rules(short_lived) == ()
    side.delete(short_lived)
    with pytest.raises(NotFound):
        side.shares.rules(short_lived)
    assert side.shares.survey({short_lived})[short_lived].status is None


def test_a_key_is_there_when_the_rule_is(side: Side) -> None:
    share_id = side.create("docs", "CEPHFS")
    rule = _granted(side, share_id, _CEPHX)
    key = side.shares.key(share_id, rule.id)
    assert key is not None
    assert key.reveal().startswith("AQ")


def test_metadata_is_added_and_taken_away(side: Side) -> None:
    share_id = side.create("docs")
    rule = _granted(side, share_id)
    side.shares.annotate(share_id, rule.id, {"mount": "x" * 255, "sharectl-user": "", "no": ""})
    seen = _rule(side, share_id, rule.id)
    assert seen is not None
    assert seen.metadata == {"managed-by": "sharectl", "mount": "x" * 255}


def test_another_user_of_the_project_sees_and_changes_the_metadata_of_a_locked_rule(
    side: Side,
) -> None:
    share_id = side.create("docs", "CEPHFS")
    rule = _granted(side, share_id, _CEPHX)
    with side.as_mate() as mate:
        (seen,) = mate.rules(share_id)
        assert (seen.access_to, seen.metadata) == (None, _METADATA)
        asks: list[Callable[[], object]] = [
            lambda: mate.key(share_id, rule.id),
            lambda: mate.revoke(share_id, rule.id),
        ]
        for ask in asks:
            with pytest.raises(Denied, match="made by another Manila user"):
                ask()
        mate.annotate(share_id, rule.id, {"managed-by": "mate", "sharectl-user": ""})
    changed = _rule(side, share_id, rule.id)
    assert changed is not None
    assert (changed.access_to, changed.metadata) == (_CEPHX.to, {"managed-by": "mate"})


def test_a_share_in_the_recycle_bin(side: Side) -> None:
    share_id = side.create("docs")
    rule_id = side.rule_of_others(share_id)
    side.soft_delete(share_id)
    for ident in (share_id, "docs"):
        found = side.shares.find(ident)
        assert str(found.hindrance).startswith("is in the recycle bin and will be purged on 20")
    assert share_id not in {item.id for item in side.shares.list()}
    seen = side.shares.survey({share_id})[share_id]
    assert (seen.status, seen.hindrance, seen.name) == ("available", found.hindrance, "docs")
    assert [item.id for item in seen.rules] == [rule_id]
    for change in (
        lambda: side.shares.grant(share_id, _CLIENT, _METADATA),
        lambda: side.shares.revoke(share_id, rule_id),
        lambda: side.shares.revoke(share_id, _GONE),
    ):
        with pytest.raises(Refused, match="is in the recycle bin") as caught:
            change()
        assert caught.value.hint == f"take it out: openstack share restore {share_id}"
    other = side.create("docs")
    assert side.shares.find("docs").id == other


def test_two_shares_of_one_name(side: Side) -> None:
    first, second = side.create("docs"), side.create("docs")
    with pytest.raises(Refused, match="2 shares are named 'docs'"):
        side.shares.find("docs")
    assert side.shares.find(first).id == first
    assert {first, second} <= {item.id for item in side.shares.list()}
