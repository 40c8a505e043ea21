"""The health of a mapping, from one look at everything that concerns its share."""

from __future__ import annotations

from sharectl.model import access as rules_of
from sharectl.model.enums import Health, Intent, RuleState
from sharectl.model.mapping import ShareMapping, has_device
from sharectl.model.mount_use import is_right
from sharectl.model.mounts import mounted_at
from sharectl.model.observed import Observed

HINTS = {
    Health.NOT_MOUNTED: "mount it again: sharectl reconcile {domain}",
    Health.WRONG_SOURCE: "mount the right export: sharectl reconcile {domain}",
    Health.STALE: "mount it again: sharectl reconcile {domain}, with its guests shut off",
    Health.UNREACHABLE: "the file server does not answer: check it and the network to it",
    Health.NO_ACCESS: "grant access again: sharectl reconcile {domain}",
    Health.NO_DEVICE: "put the filesystem back: sharectl reconcile {domain}",
    Health.NO_DAEMON: "its guest hangs, and only a new start brings the share back:"
    " virsh destroy {domain} && virsh start {domain}",
    Health.DOMAIN_MISSING: "if it will not come back: sharectl reconcile --prune",
    Health.SHARE_MISSING: "take it away: sharectl remove {domain} {share}",
    Health.UNKNOWN: "not all could be looked at; the warnings say what",
}


def health_of(mapping: ShareMapping, observed: Observed) -> Health:
    """What is wrong with the mapping, worst first; `UNKNOWN` when not all could be asked."""
    return _missing(mapping, observed) or _on_host(mapping, observed)


def _missing(mapping: ShareMapping, observed: Observed) -> Health | None:
    """What is gone around the host: domain, share or access."""
    if observed.domains is not None and observed.domain(mapping.domain_uuid) is None:
        return Health.DOMAIN_MISSING
    if not observed.share_exists:
        return Health.SHARE_MISSING
    if observed.rules is not None and not _has_access(mapping, observed):
        return Health.NO_ACCESS
    return None


def _on_host(mapping: ShareMapping, observed: Observed) -> Health:
    domain = observed.domain(mapping.domain_uuid)
    mount = mounted_at(observed.mounts, mapping.mount_point)
    if mount is None:
        return Health.NOT_MOUNTED
    if not is_right(mapping, mount):
        return Health.WRONG_SOURCE
    if domain is not None and not has_device(mapping, domain):
        return Health.NO_DEVICE
    if observed.server is not Health.OK:
        return observed.server
    return Health.UNKNOWN if domain is None or observed.rules is None else Health.OK


def _has_access(mapping: ShareMapping, observed: Observed) -> bool:
    rule = rules_of.find_rule(observed.rules or (), mapping.access)
    return (
        rule is not None
        and rule.state is RuleState.ACTIVE
        and rules_of.allows(rule, mapping.access_level)
    )


def hint(health: Health, mapping: ShareMapping) -> str | None:
    """What to do about it; None when nothing has to be done."""
    if mapping.intent is Intent.DETACHING:
        return f"half detached; finish it: sharectl remove {mapping.domain_uuid} {mapping.share_id}"
    text = HINTS.get(health)
    domain = mapping.domain_uuid if health is Health.SHARE_MISSING else mapping.domain_name
    return text and text.format(domain=domain, share=mapping.share_id)
