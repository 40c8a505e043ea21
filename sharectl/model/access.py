"""Access rules: which one serves a wish, and whom a rule of this host is for."""

from __future__ import annotations

import ipaddress
import re

from sharectl.model.enums import AccessLevel, AccessType, RuleState
from sharectl.model.identity import HostIdentity
from sharectl.model.share import Access, AccessRule

# Manila's limit is 255; libcephfs and shells are happier with less, and periods are refused.
_CEPHX_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_DIGITS = 8  # of the share, enough to tell those of one host apart
_HOST_LENGTH = 40


def cephx_id(host: HostIdentity, share_id: str) -> str:
    """The cephx id of this host for a share.

    By host ID, since two hosts may have one name. By share, since Ceph binds an id to the first
    project that uses it, and since denying an id on one share takes its right to ask the monitors
    away (`fs subvolume deauthorize`, measured with Ceph 16.2): no other share could be mounted
    with it from then on.
    """
    label = host.name.partition(".")[0] or host.name
    name = _CEPHX_UNSAFE.sub("-", label)[:_HOST_LENGTH].strip("-")
    share = re.sub(r"[^0-9a-zA-Z]", "", share_id)[:_DIGITS]
    return "-".join(part for part in ("sharectl", name, host.short_id, share) if part)


def is_for(rule: AccessRule, access: Access) -> bool:
    """Whether the rule is for that very client."""
    if rule.access_to is None or rule.access_type != access.type:
        return False
    return _same_to(rule.access_to, access)


def serves_to(rule: AccessRule, access: Access) -> bool:
    """Whether the rule is about the one that `access` is for: the same id, or a net around it."""
    if rule.access_to is None or rule.access_type != access.type:
        return False
    if access.type is not AccessType.IP:
        return rule.access_to == access.to
    try:
        return ipaddress.ip_address(access.to) in ipaddress.ip_network(rule.access_to, strict=False)
    except (ValueError, TypeError):
        return rule.access_to == access.to


def allows(rule: AccessRule, level: AccessLevel) -> bool:
    """Whether the rule's level is enough for `level`."""
    return rule.access_level in (level, AccessLevel.RW)


def find_rule(rules: tuple[AccessRule, ...], access: Access) -> AccessRule | None:
    """The rule to use for `access`: an exact one before a net, a wide enough one before others.

    Rules that Manila is taking away do not count. The result may have the wrong level or be in
    error: then no other rule for this address can be made, since Manila refuses a second one.
    """
    candidates = [item for item in rules if serves_to(item, access) and not item.leaving]
    exact = [item for item in candidates if is_for(item, access)]
    usable = [item for item in candidates if _usable(item, access)]
    for choice in (
        [item for item in exact if item in usable],
        [item for item in usable if item.state is RuleState.ACTIVE],
        exact,
    ):
        if choice:
            return choice[0]
    return None


def _usable(rule: AccessRule, access: Access) -> bool:
    return allows(rule, access.level) and rule.state is not RuleState.ERROR


def _same_to(to: str, access: Access) -> bool:
    """Manila takes an address and the same with /32 or /128 for one and the same rule."""
    if access.type is not AccessType.IP:
        return to == access.to
    try:
        return ipaddress.ip_network(to, strict=False) == ipaddress.ip_network(access.to)
    except ValueError:
        return to == access.to
