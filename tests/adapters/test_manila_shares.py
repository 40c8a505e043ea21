"""What is made of Manila's answers, with a client that gives them at once."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import manilaclient.exceptions as manila_errors
import pytest
from keystoneauth1 import exceptions as auth_errors

from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_session import ManilaSession, translate
from sharectl.adapters.manila_shares import ManilaShares
from sharectl.errors import ConfigError, Unavailable
from sharectl.model.enums import AccessLevel, AccessType
from sharectl.model.share import Access

pytestmark = pytest.mark.filterwarnings("ignore:Support for InfluxDB")  # of openstacksdk
_RULE = {
    "id": "r1", "access_type": "ip", "access_to": "192.0.2.7", "access_level": "rw",
    "state": "active", "metadata": {},
}  # fmt: skip


class _Session:
    """A session with a server of that version, whose client is this object itself."""

    def __init__(self, version: tuple[int, int] = (2, 82)) -> None:
        self.version = version
        self.shares = SimpleNamespace(list=self._list, allow=lambda *_to, **_extra: dict(_RULE))
        self.share_access_rules = SimpleNamespace(access_list=self._rules)
        self.listed = ["one", "two", "three"]

    def _list(self, search_opts: object) -> list[Any]:
        return [
            SimpleNamespace(id=name, status="available", export_locations=())
            for name in self.listed
        ]

    def _rules(self, share_id: str) -> list[Any]:
        return [SimpleNamespace(**_RULE)]

    def call(self, function: Callable[[Any], Any], *, change: bool = False) -> Any:
        return function(self)

    def call_at(self, version: str, function: Callable[[Any], Any]) -> Any:
        return function(self)


def _shares(session: _Session) -> tuple[ManilaShares, list[str]]:
    unlocked: list[str] = []
    return ManilaShares(cast(ManilaSession, session), unlocked.append), unlocked


def test_a_manila_without_locks_is_told_when_a_rule_is_granted_and_only_then() -> None:
    shares, unlocked = _shares(_Session((2, 65)))
    shares.survey({"one", "two"})
    shares.rules("one")
    assert unlocked == []
    shares.grant("one", Access(AccessType.IP, "192.0.2.7", AccessLevel.RW), {})
    assert unlocked == ["2.65"]


def test_a_manila_with_locks_is_not_told() -> None:
    shares, unlocked = _shares(_Session())
    shares.grant("one", Access(AccessType.IP, "192.0.2.7", AccessLevel.RW), {})
    assert unlocked == []


def _failing(error: Exception, credentials: Credentials) -> Callable[[str], list[Any]]:
    def rules(share_id: str) -> list[Any]:
        if share_id == "one":
            raise translate(error, credentials)
        return [SimpleNamespace(**_RULE)]

    return rules


@pytest.mark.parametrize(
    "error", [manila_errors.Forbidden(403), manila_errors.InternalServerError(500)]
)
def test_what_fails_for_one_share_is_told_of_that_one(
    error: Exception, credentials: Credentials
) -> None:
    session = _Session()
    session.share_access_rules.access_list = _failing(error, credentials)
    seen = _shares(session)[0].survey({"one", "two", "three"})
    assert (seen["one"].status, seen["one"].error is None) == (None, False)
    for name in ("two", "three"):
        assert (seen[name].status, len(seen[name].rules), seen[name].error) == (
            "available", 1, None,
        )  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [
        manila_errors.ServiceUnavailable(503),
        manila_errors.Unauthorized(401),
        auth_errors.ConnectFailure("refused"),
        auth_errors.ConnectTimeout("timed out"),
    ],
)
def test_what_fails_for_all_is_told_once(error: Exception, credentials: Credentials) -> None:
    session = _Session()
    session.share_access_rules.access_list = _failing(error, credentials)
    with pytest.raises((Unavailable, ConfigError)):
        _shares(session)[0].survey({"one", "two", "three"})
