"""Access rules: which one serves a wish, and which ones are ours."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace

from sharectl.model.enums import AccessLevel, AccessType, RuleState
from sharectl.model.mapping import ShareMapping
from sharectl.model.share import Access, AccessRule

MANAGED_BY = "managed-by"
HOST = "sharectl-host"
USER = "sharectl-user"
SHARECTL = "sharectl"
# Manila's limit is 255; libcephfs and shells are happier with less, and periods are refused.
_CEPHX_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_DIGITS = 8  # of project and share, enough to tell those of one host apart
_HOST_LENGTH = 40


def rule_metadata(host: str, user: str) -> dict[str, str]:
    """What a rule of ours carries, so that any sharectl knows whose it is."""
    return {MANAGED_BY: SHARECTL, HOST: host, USER: user}


def cephx_id(host: str, project_id: str, share_id: str) -> str:
    """The cephx id of this host for a share of that project.

    By project, since Ceph binds an id to the first project that uses it. By share, since denying
    an id on one share takes its right to ask the monitors away (`fs subvolume deauthorize`,
    measured with Ceph 16.2): no other share could be mounted with it from then on.
    """
    name = _CEPHX_UNSAFE.sub("-", host.partition(".")[0] or host)[:_HOST_LENGTH].strip("-")
    short = (re.sub(r"[^0-9a-zA-Z]", "", part)[:_DIGITS] for part in (project_id, share_id))
    return "-".join(("sharectl", name, *short)).rstrip("-")


def check_access_to(kind: AccessType, to: str) -> str:
    """`to` when a rule of that kind can be for it; raises `ValueError`.

    It becomes part of a mount option, so that a comma in it would end that.
    """
    if kind is AccessType.IP:
        ipaddress.ip_network(to, strict=False)
    elif not to or _CEPHX_UNSAFE.search(to.replace(".", "-")):
        raise ValueError(f"no cephx id is {to!r}")
    return to


def is_ours(rule: AccessRule, host: str, mappings: tuple[ShareMapping, ...]) -> bool:
    """Whether this host's sharectl made the rule.

    By the rule's metadata, or by the id that a mapping recorded. On servers without metadata a
    rule that a mapping has asked for, and not yet got an id of, counts too: Manila allows no
    other rule for this very client.
    """
    if any(item.rule_id == rule.id for item in mappings):
        return True
    if rule.metadata is None:
        return any(_asked_for(rule, item) for item in mappings)
    return made_by(rule.metadata, host)


def _asked_for(rule: AccessRule, mapping: ShareMapping) -> bool:
    if not mapping.owns_rule or mapping.rule_id is not None:
        return False
    return is_for(rule, mapping.access)


def made_by(metadata: Mapping[str, str], host: str) -> bool:
    """Whether rule metadata names sharectl on `host` as the maker."""
    return metadata.get(MANAGED_BY) == SHARECTL and metadata.get(HOST) == host


def revealed(
    rules: tuple[AccessRule, ...], mappings: tuple[ShareMapping, ...], host: str
) -> tuple[AccessRule, ...]:
    """`rules` of a share, with what Manila hides of ours filled in from the share's `mappings`.

    Manila hides whom a locked rule is for from all but its maker, so another user of the project
    would else take our rule for none. It is for the client of the mapping that recorded its id.
    One that nobody recorded and whose metadata names this host is for a client that has no other
    rule. What is not known to be ours stays hidden.
    """
    if all(item.access_to is not None for item in rules):
        return rules
    recorded = {item.rule_id: item.access_to for item in mappings}
    first = [replace(item, access_to=item.access_to or recorded.get(item.id)) for item in rules]
    return tuple(
        replace(item, access_to=_client_without_rule(item, first, mappings))
        if item.access_to is None and made_by(item.metadata or {}, host)
        else item
        for item in first
    )


def _client_without_rule(
    rule: AccessRule, rules: list[AccessRule], mappings: tuple[ShareMapping, ...]
) -> str | None:
    for mapping in mappings:
        if rule.access_type != mapping.access_type:
            continue
        if not any(is_for(item, mapping.access) for item in rules):
            return mapping.access_to
    return None


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
