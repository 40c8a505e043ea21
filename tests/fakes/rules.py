"""Access rules as the Manila in memory keeps them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sharectl.model.enums import AccessType, RuleState
from sharectl.model.share import Access


@dataclass
class Rule:
    """An access rule as Manila keeps it. `coming` are the states of the next looks; None: gone."""

    id: str
    share_id: str
    access: Access
    metadata: Mapping[str, str]
    key: str | None
    state: RuleState = RuleState.ACTIVE
    coming: list[RuleState | None] = field(default_factory=list)


def in_force(rule: Rule) -> bool:
    """A rule counts from when it is active until its withdrawal has gone through."""
    return rule.state in (RuleState.ACTIVE, RuleState.QUEUED_TO_DENY)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def covers(access: Access, kind: AccessType, client: str) -> bool:
    if access.type is not kind:
        return False
    if kind is AccessType.IP:
        return ipaddress.ip_address(client) in _network(access.to)
    return access.to == client


def same_client(one: Access, other: Access) -> bool:
    if one.type is not other.type:
        return False
    if one.type is AccessType.IP:
        return _network(one.to) == _network(other.to)
    return one.to == other.to


def move_on(kept: dict[str, Rule], rules: Iterable[Rule]) -> None:
    """Let the `rules` that are on their way take a step; those that are gone leave `kept`."""
    for rule in rules:
        if not rule.coming:
            continue
        state = rule.coming.pop(0)
        if state is None:
            del kept[rule.id]
        else:
            rule.state = state
