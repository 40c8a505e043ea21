"""Whose an access rule is: this host's, another sharectl host's, or somebody else's.

A rule that sharectl makes says so in its metadata (Manila 2.45): the host by name and ID, who
asked, and the domains that it serves. Rules made before hosts had IDs have the name alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sharectl.model.access import is_for
from sharectl.model.identity import HostIdentity
from sharectl.model.mapping import ShareMapping
from sharectl.model.share import AccessRule

MANAGED_BY = "managed-by"
HOST = "sharectl-host"
HOST_ID = "sharectl-host-id"
USER = "sharectl-user"
SHARECTL = "sharectl"
_DOMAIN = "sharectl-domain-"  # and the domain's UUID
_LONGEST = 255  # characters of a value, in Manila


def rule_metadata(host: HostIdentity, mapping: ShareMapping) -> dict[str, str]:
    """The metadata of a rule that this host makes for `mapping`."""
    named = {MANAGED_BY: SHARECTL, HOST: host.name, HOST_ID: host.id, USER: mapping.requested_by}
    return {key: value[:_LONGEST] for key, value in {**named, **domain_note(mapping)}.items()}


def domain_note(mapping: ShareMapping) -> dict[str, str]:
    """What the rule says of the mapping's domain: that it serves it, at which level and tag."""
    return {domain_key(mapping.domain_uuid): f"{mapping.access_level} {mapping.tag}"}


def domain_key(uuid: str) -> str:
    """The metadata key for the domain with that UUID."""
    return _DOMAIN + uuid


def missing_notes(rule: AccessRule, host: HostIdentity, mapping: ShareMapping) -> dict[str, str]:
    """What a rule of this host does not say yet of `mapping` and of the host.

    Nothing on servers whose rules have no metadata. An earlier version noted neither the host ID
    nor the domains.
    """
    if rule.metadata is None:
        return {}
    wanted = rule_metadata(host, mapping)
    del wanted[USER]  # who asked first
    return {key: value for key, value in wanted.items() if rule.metadata.get(key) != value}


def is_ours(rule: AccessRule, host: HostIdentity, mappings: tuple[ShareMapping, ...]) -> bool:
    """Whether this host's sharectl made the rule.

    By the host ID in the rule's metadata: a record may have been copied with its host. Where that
    names none (old servers, earlier versions), by the rule's ID that a mapping recorded; and a rule
    that a mapping has asked for, and not yet got an ID of, counts too: Manila allows no other rule
    for this very client.
    """
    if is_of_sharectl(rule) and rule.metadata and HOST_ID in rule.metadata:
        return rule.metadata[HOST_ID] == host.id
    if any(rule.id == item.rule_id or rule.id in item.outdated_rules for item in mappings):
        return True
    if rule.metadata is None:
        return any(_asked_for(rule, item) for item in mappings)
    if not is_of_sharectl(rule):
        return False
    return rule.metadata.get(HOST) == host.name and any(_asked_for(rule, it) for it in mappings)


def _asked_for(rule: AccessRule, mapping: ShareMapping) -> bool:
    if not mapping.owns_rule or mapping.rule_id is not None:
        return False
    return is_for(rule, mapping.access)


def is_of_sharectl(rule: AccessRule) -> bool:
    """Whether the metadata names sharectl as the maker, on whatever host."""
    return rule.metadata is not None and rule.metadata.get(MANAGED_BY) == SHARECTL


def is_of_other_host(
    rule: AccessRule, host: HostIdentity, mappings: tuple[ShareMapping, ...]
) -> bool:
    """Whether the sharectl of another host made the rule, which goes when that host removes it."""
    return is_of_sharectl(rule) and not is_ours(rule, host, mappings)


def maker(rule: AccessRule) -> str:
    """The sharectl host that made the rule, for messages: its name, and its ID where it has one."""
    metadata = rule.metadata or {}
    name, host_id = metadata.get(HOST) or "(unnamed)", metadata.get(HOST_ID)
    return f"{name} (host ID {host_id})" if host_id else name


def usable(
    rules: tuple[AccessRule, ...], host: HostIdentity, mappings: tuple[ShareMapping, ...]
) -> tuple[AccessRule, ...]:
    """The rules that this host may lean on: all but those of other sharectl hosts."""
    return tuple(item for item in rules if not is_of_other_host(item, host, mappings))


def revealed(
    rules: tuple[AccessRule, ...], mappings: tuple[ShareMapping, ...], host: HostIdentity
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
        if item.access_to is None and _names(item.metadata or {}, host)
        else item
        for item in first
    )


def _names(metadata: Mapping[str, str], host: HostIdentity) -> bool:
    if metadata.get(MANAGED_BY) != SHARECTL:
        return False
    named = metadata.get(HOST_ID)
    return named == host.id if named else metadata.get(HOST) == host.name


def _client_without_rule(
    rule: AccessRule, rules: list[AccessRule], mappings: tuple[ShareMapping, ...]
) -> str | None:
    for mapping in mappings:
        if rule.access_type != mapping.access_type:
            continue
        if not any(is_for(item, mapping.access) for item in rules):
            return mapping.access_to
    return None
