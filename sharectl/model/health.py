"""The health of a mapping, from one look at everything that concerns its share."""

from __future__ import annotations

from sharectl.errors import Refused, SharectlError
from sharectl.model import access as rules_of
from sharectl.model.checks import transient
from sharectl.model.domain import Domain
from sharectl.model.enums import Health, Intent, RuleState
from sharectl.model.mapping import (
    ShareMapping,
    changed_device,
    has_device,
    has_live_device,
    retagged_device,
    serves,
)
from sharectl.model.mount_use import is_ours, is_outdated, is_right
from sharectl.model.mounts import mounted_at
from sharectl.model.observed import Observed
from sharectl.model.rule_owner import usable

_AGAIN = "virsh shutdown {domain}, wait until it is off, then: virsh start {domain}"
# What each word means, and what to do. `{domain}` and `{share}` are filled in.
TEXTS = {
    Health.NOT_MOUNTED: ("it is not mounted", "mount it again: sharectl reconcile {domain}"),
    Health.WRONG_SOURCE: (
        "something else is mounted in its place",
        "mount the right export: sharectl reconcile {domain}",
    ),
    Health.STALE: (
        "its mount is stale",
        "mount it again: sharectl reconcile {domain}, with its guests shut off",
    ),
    Health.UNREACHABLE: (
        "its file server does not answer",
        "check the file server and the network to it; guests go on when it is back",
    ),
    Health.NO_ACCESS: (
        "this host has no access to it",
        "grant access again: sharectl reconcile {domain}",
    ),
    Health.NO_DEVICE: (
        "the domain does not have its filesystem",
        "put the filesystem back: sharectl reconcile {domain}",
    ),
    Health.NO_DAEMON: (
        "its virtiofsd has died, and the guest hangs when it uses the share",
        "only a new start brings it back: virsh destroy {domain} && virsh start {domain}",
    ),
    Health.DOMAIN_MISSING: (
        "its domain is gone",
        "if it will not come back: sharectl reconcile --prune",
    ),
    Health.SHARE_MISSING: (
        "the share no longer exists in Manila",
        "take it away: sharectl remove {domain} {share}",
    ),
    Health.UNKNOWN: (
        "not all of it could be looked at",
        "the warnings say what; once that answers: sharectl reconcile",
    ),
}


def health_of(mapping: ShareMapping, observed: Observed) -> Health:
    """What is wrong with the mapping, worst first; `UNKNOWN` when not all could be asked."""
    return _missing(mapping, observed) or _on_host(mapping, observed)


def _missing(mapping: ShareMapping, observed: Observed) -> Health | None:
    """What is gone around the host: domain, share or access."""
    if observed.domains is not None and observed.domains.is_gone(mapping):
        return Health.DOMAIN_MISSING
    if not observed.share_exists:
        return Health.SHARE_MISSING
    if observed.share_hindrance or (
        observed.rules is not None and not _has_access(mapping, observed)
    ):
        return Health.NO_ACCESS
    return None


def _on_host(mapping: ShareMapping, observed: Observed) -> Health:
    mount = mounted_at(observed.mounts, mapping.mount_point)
    if mount is None:
        return Health.NOT_MOUNTED
    if not is_right(mapping, mount):
        return Health.WRONG_SOURCE
    note = observed.notes.get(mapping.mount_point)
    if is_ours(mapping, mount, note) and is_outdated(mapping, note, observed.rules):
        return Health.STALE
    domain = observed.domain(mapping)
    if domain is not None and (found := _in_domain(mapping, domain)) is not None:
        return found
    if observed.server is not Health.OK:
        return observed.server
    return Health.UNKNOWN if domain is None or observed.rules is None else Health.OK


def _in_domain(mapping: ShareMapping, domain: Domain) -> Health | None:
    """What is wrong with the filesystem, in the definition or in the running guest."""
    if not has_device(mapping, domain) or lacks_live_device(mapping, domain):
        return Health.NO_DEVICE
    if changed_device(mapping, domain) is not None:
        return Health.NO_DEVICE
    if any(serves(item, mapping) and not item.served for item in domain.live_filesystems):
        return Health.NO_DAEMON
    return None


def lacks_live_device(mapping: ShareMapping, domain: Domain) -> bool:
    """Whether the guest runs without the filesystem, as when somebody has unplugged it."""
    return domain.running and not has_live_device(mapping, domain)


def _has_access(mapping: ShareMapping, observed: Observed) -> bool:
    rules = usable(observed.rules or (), observed.host, observed.mappings)
    rule = rules_of.find_rule(rules, mapping.access)
    return (
        rule is not None
        and rule.state is RuleState.ACTIVE
        and rules_of.allows(rule, mapping.access_level)
    )


def hint(health: Health, mapping: ShareMapping) -> str | None:
    """What to do about it; None when nothing has to be done."""
    if mapping.intent is Intent.DETACHING:
        return f"half detached; finish it: sharectl remove {mapping.domain_uuid} {mapping.share_id}"
    if health not in TEXTS:
        return None
    domain = mapping.domain_uuid if health is Health.SHARE_MISSING else mapping.domain_word
    return TEXTS[health][1].format(domain=domain, share=mapping.share_id)


def advice(health: Health, mapping: ShareMapping, observed: Observed) -> str | None:
    """What to do about it, by its cause; None when nothing has to be done."""
    known = problem(health, mapping, observed) if mapping.wanted else None
    return known.hint if known is not None else hint(health, mapping)


def problem(health: Health, mapping: ShareMapping, observed: Observed) -> SharectlError | None:
    """What `reconcile` tells of ill health that it cannot mend; None for good health."""
    if health is Health.OK or health not in TEXTS:
        return None
    what, advice = TEXTS[health][0], hint(health, mapping)
    domain = observed.domain(mapping)
    if domain is not None and health is Health.NO_DEVICE:
        changed = _hindered(mapping, domain)
        if changed is not None:
            return changed
    if observed.share_hindrance and health is Health.NO_ACCESS:
        what, advice = f"the share {observed.share_hindrance}", observed.share_hindrance.hint
    elif domain is not None and health is Health.NO_DEVICE and lacks_live_device(mapping, domain):
        what = "the running guest does not have its filesystem"
        advice = _AGAIN.format(domain=mapping.domain_word)
    elif health is Health.NO_ACCESS:
        what, advice = "the file server denies access to it", _denied(mapping)
    return Refused(what, hint=advice)


def _hindered(mapping: ShareMapping, domain: Domain) -> SharectlError | None:
    """Why `reconcile` does not put the filesystem back, or that does not help."""
    if not domain.persistent:
        return transient(domain.name, domain.uuid)
    if has_device(mapping, domain):
        return changed_device(mapping, domain)
    return retagged_device(mapping, domain)


def _denied(mapping: ShareMapping) -> str:
    """Manila counts the rule as active, so that a new one is for the operator to ask for."""
    return (
        f"see what the server exports to {mapping.access_to}: openstack share access list"
        f" {mapping.share_id}; a new rule comes, with the guests shut off, of: sharectl remove"
        f" {mapping.domain_uuid} {mapping.share_id}; then: {mapping.add_again}"
    )
