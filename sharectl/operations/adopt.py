"""adopt: make mappings anew from what the domains' metadata says of them.

For a store that was lost, and for domains that come from another host: their shares are granted
to this one and mounted here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from sharectl.errors import Denied, Interrupted, NotFound, Refused, SharectlError
from sharectl.model import checks, provenance
from sharectl.model.access import find_rule
from sharectl.model.action import MarkDomain
from sharectl.model.domain import Domain
from sharectl.model.enums import AccessType, Intent
from sharectl.model.host import check_local
from sharectl.model.mapping import ShareMapping, check_free, has_device
from sharectl.model.mark import Mark
from sharectl.model.plan import plan
from sharectl.model.rule_owner import HOST, HOST_ID, is_of_sharectl, is_ours, revealed
from sharectl.operations.converge import converge
from sharectl.operations.deadlines import Deadline
from sharectl.operations.observe import observe
from sharectl.operations.outcome import Listener, Nobody, Outcome, Progress
from sharectl.operations.preflight import client_of, source_of
from sharectl.operations.records import change, one_line
from sharectl.operations.steps import Effort, Site, carry_out

if TYPE_CHECKING:
    from sharectl.model.share import AccessRule
    from sharectl.ports import App

_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class AdoptRequest:
    """What the admin asked for: domains, none for all. `timeout` in seconds, for each share."""

    domains: tuple[str, ...] = ()
    dry_run: bool = False
    timeout: float = 60.0


def adopt(app: App, request: AdoptRequest, listener: Listener | None = None) -> Outcome:
    """Record again every share that a domain's metadata speaks of and the store does not.

    `listener` hears of each as it is done.
    """
    app.interrupts.install()
    app.host.check_root("adopt")
    check_local(app.config.libvirt_uri)
    for ident in request.domains:
        checks.check_ident("domain", ident)
    domains = app.domains.list()
    if request.domains:
        wanted = {app.domains.find(ident).uuid for ident in request.domains}
        domains = tuple(item for item in domains if item.uuid in wanted)
    progress = Progress(listener or Nobody())
    for domain in domains:
        for mark in _unrecorded(app, domain):
            try:
                progress.changed(_adopt(app, domain, mark, request))
            except Interrupted:
                raise
            except SharectlError as error:
                error.message = f"{domain.name} {mark.share_name or mark.share_id}: {error.message}"
                progress.failed(error)
    return progress.outcome


def _unrecorded(app: App, domain: Domain) -> tuple[Mark, ...]:
    recorded = {item.share_id for item in app.store.load() if item.domain_uuid == domain.uuid}
    return tuple(item for item in domain.marks if item.share_id not in recorded)


def _adopt(app: App, domain: Domain, mark: Mark, request: AdoptRequest) -> str:
    mapping = provenance.mapping_of(mark, domain.uuid, domain.name, app.clock.now())
    if not has_device(mapping, domain):
        raise Refused(
            f"the metadata speaks of share {mapping.share_id}, and there is no filesystem for it",
            hint=f"attach it again: sharectl add {domain.name} {mapping.share_id}",
        )
    expected = str(app.config.mount_base / mapping.share_id)
    if mapping.mount_point != expected:
        raise Refused(
            f"its filesystem is {mapping.mount_point}, and this host mounts shares at {expected}",
            hint="set SHARECTL_RUNTIME_DIR to where the other host has it, or attach it anew",
        )
    here = mark.host == app.host.name
    done = "would be adopted" if request.dry_run else "adopted"
    what = f"{domain.name} {mapping.share_name or mapping.share_id}: {done}"
    what += "" if here else f" from host {mark.host}"
    if request.dry_run:
        return what
    with app.locks.share(mapping.share_id, _LOCK_SECONDS):
        mapping = _identified(app, mapping)
        if here:
            _record_here(app, mapping, mark, request.timeout)
        else:
            _take_over(app, mapping, request.timeout)
    return what


def _identified(app: App, mapping: ShareMapping) -> ShareMapping:
    """The mapping with an ID that is not another domain's: a copied definition has a copied mark.

    The record of a domain that is gone is its own, from when it had another UUID.
    """
    other = next((item for item in app.store.load() if item.id == mapping.id), None)
    if other is None:
        return mapping
    gone = other.domain_uuid not in app.domains.get([other.domain_uuid])
    if gone and other.share_id == mapping.share_id:
        return replace(
            mapping, rule_id=other.rule_id, owns_rule=other.owns_rule,
            outdated_rules=other.outdated_rules,
        )  # fmt: skip
    return replace(mapping, id=str(uuid4()))


def _record_here(app: App, mapping: ShareMapping, mark: Mark, timeout: float) -> None:
    """Record it, and mark the domain anew when that speaks of another's record."""
    _record(app, _with_rule(app, mapping))
    if mapping.id != mark.id:
        site = Site(app, mapping, Effort(Deadline.after(app.clock, timeout)))
        carry_out(MarkDomain(mapping.domain_uuid, mapping.domain_name, mapping.share_id), site)


def _record(app: App, mapping: ShareMapping) -> None:
    with app.store.transaction() as store:
        check_free(mapping, store.mappings)
        store.put(mapping)


def _with_rule(app: App, mapping: ShareMapping) -> ShareMapping:
    """The mapping with its rule if that is ours; its key is put back where a boot finds it."""
    try:
        rules = app.shares.rules(mapping.share_id)
    except NotFound:
        return mapping  # the share is gone; reconcile tells
    rule = find_rule(revealed(rules, (mapping,), app.host.identity), mapping.access)
    if rule is None:
        return mapping
    _keep_key(app, mapping, rule)
    ours = is_ours(rule, app.host.identity, ()) or _is_of_earlier_version(rule, app.host.name)
    return replace(mapping, rule_id=rule.id, owns_rule=True) if ours else mapping


def _is_of_earlier_version(rule: AccessRule, name: str) -> bool:
    metadata = rule.metadata or {}
    return is_of_sharectl(rule) and HOST_ID not in metadata and metadata.get(HOST) == name


def _keep_key(app: App, mapping: ShareMapping, rule: AccessRule) -> None:
    if mapping.access_type is not AccessType.CEPHX or app.secrets.file(mapping.share_id):
        return
    try:
        key = app.shares.key(mapping.share_id, rule.id)
    except Denied as error:  # made by another Manila user; it is needed only to mount anew
        app.report.warn(error.message)
        return
    if key is not None:
        app.secrets.put(mapping.share_id, key)


def _take_over(app: App, mapping: ShareMapping, timeout: float) -> None:
    """Grant the share to this host and mount it; the other host's rule is the other host's.

    It is recorded as attached, which it was: what fails is repaired, and never undone.
    """
    share = app.shares.find(mapping.share_id)
    source = source_of(app, share)
    access_to = client_of(app, share, mapping.protocol, source)
    coming = replace(mapping, export_location=source, access_to=access_to)
    observed = observe(app, coming.share_id, new=coming)
    # What is in the way is refused as for a share that comes: what is mounted there is not ours.
    plan(replace(coming, intent=Intent.ATTACHING), observed)
    _record(app, coming)
    try:
        converge(app, coming, Effort(Deadline.after(app.clock, timeout)))
    except Interrupted:
        raise
    except SharectlError as error:
        change(app, coming, Intent.ATTACHED, one_line(error))
        again = f"sharectl reconcile {coming.domain_name}"
        error.hint = f"{error.hint}; then: {again}" if error.hint else f"finish it with: {again}"
        raise
