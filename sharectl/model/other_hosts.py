"""Access rules that the sharectl of other hosts made, by host."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sharectl.errors import NotFound, Refused
from sharectl.model.identity import HostIdentity
from sharectl.model.rule_owner import HOST, HOST_ID, USER, domain_key, is_of_sharectl
from sharectl.model.share import AccessRule


@dataclass(frozen=True)
class HostRule:
    """A rule of `share_id` that the sharectl of `host` made.

    `host.id` is empty for a rule of version 0.1.0, which knew hosts by name alone.
    """

    share_id: str
    share_name: str
    rule: AccessRule
    host: HostIdentity

    def describe(self) -> str:
        """One line."""
        rule = self.rule
        to = f" {rule.access_to}" if rule.access_to is not None else ""
        domains = _domains(rule)
        serving = f", serving domain {', '.join(domains)}" if domains else ""
        return (
            f"access rule {rule.id} of share {self.share_name or self.share_id} for"
            f" {rule.access_type}{to} ({rule.access_level}), made by host {labelled(self.host)}"
            f"{serving}"
        )

    @property
    def user(self) -> str:
        """Who asked for it there; empty when that is not known."""
        return (self.rule.metadata or {}).get(USER, "")


def _domains(rule: AccessRule) -> list[str]:
    """UUIDs of the domains that the rule says it serves."""
    prefix = domain_key("")
    keys = sorted(rule.metadata or {})
    return [key.removeprefix(prefix) for key in keys if key.startswith(prefix)]


def labelled(host: HostIdentity) -> str:
    """The host for messages: its name, and its ID where it has one."""
    name = host.name or "(unnamed)"
    return f"{name} (host ID {host.id})" if host.id else name


def host_of(rule: AccessRule) -> HostIdentity | None:
    """The host whose sharectl made the rule, None for a rule that sharectl did not make."""
    if not is_of_sharectl(rule):
        return None
    metadata = rule.metadata or {}
    return HostIdentity(metadata.get(HOST, ""), metadata.get(HOST_ID, ""))


def of_host(word: str, rules: Iterable[HostRule], own: HostIdentity) -> tuple[HostRule, ...]:
    """The rules of the host that `word` names, by ID or by name.

    Args:
        word: a host ID, or a name if only one host has it.
        rules: those of other hosts.
        own: this host.

    Raises `Refused` for this host and for a name that several hosts have, `NotFound` for none.
    """
    if word == own.id:
        raise Refused(
            f"{word} is this host",
            hint="detach its shares: sharectl remove DOMAIN SHARE; what no record speaks of:"
            " sharectl reconcile --prune",
        )
    found = tuple(item for item in rules if word and word in (item.host.id, item.host.name))
    ids = sorted({item.host.id for item in found if item.host.id})
    if len(ids) > 1:
        raise Refused(
            f"{len(ids)} hosts are named {word!r}", hint="give the host ID of one: " + " ".join(ids)
        )
    if not found:
        raise NotFound(
            f"no access rule was made by the sharectl of another host {word!r}",
            hint="see which hosts have rules: sharectl shares --long",
        )
    return found


def host_names(hosts: Iterable[HostIdentity]) -> dict[HostIdentity, str]:
    """Each host's name, with its ID behind where another host has the same name."""
    every = set(hosts)
    return {
        host: labelled(host)
        if any(other.name == host.name and other != host for other in every)
        else host.name or labelled(host)
        for host in every
    }
