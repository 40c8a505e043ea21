"""What is made of Manila's answers, with a client that gives them at once."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from sharectl.adapters.manila_session import ManilaSession
from sharectl.adapters.manila_shares import ManilaShares
from sharectl.model.enums import AccessLevel, AccessType
from sharectl.model.share import Access

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
