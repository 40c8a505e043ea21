"""adopt: record what a domain's metadata says that it has, once Manila confirms it.

For a store that was lost, and for domains that come from another host: their shares are granted
to this one and mounted here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sharectl.engine.announce import announced
from sharectl.engine.converge import converge
from sharectl.engine.deadlines import Deadline
from sharectl.engine.domains import located
from sharectl.engine.observe import observe
from sharectl.engine.records import change, one_line
from sharectl.engine.steps import Effort
from sharectl.engine.tally import Tally
from sharectl.errors import ConfigError, Denied, NotFound, Refused, SharectlError
from sharectl.model import checks
from sharectl.model.claim import Claim, claim_of, confirming, unconfirmed
from sharectl.model.domain import Domain, Filesystem, is_within
from sharectl.model.enums import AccessLevel, AccessType, Intent
from sharectl.model.event import Task
from sharectl.model.export_location import same_source
from sharectl.model.host import check_local
from sharectl.model.mapping import ShareMapping, add_command
from sharectl.model.mapping_checks import check_free
from sharectl.model.mounts import mounted_at
from sharectl.model.outcome import Outcome
from sharectl.model.plan import plan
from sharectl.model.rule_owner import HOST, HOST_ID, is_of_sharectl
from sharectl.operations.add_checks import AddRequest, new_mapping, sources

if TYPE_CHECKING:
    from sharectl.model.mark import Mark
    from sharectl.model.share import AccessRule, Share
    from sharectl.ports import App

_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class AdoptRequest:
    """What the admin asked for: domains, none for all. `timeout` in seconds, for each share."""

    domains: tuple[str, ...] = ()
    dry_run: bool = False
    timeout: float = 60.0


@dataclass(frozen=True)
class _Place:
    """`Origin` of a share: the libvirt of its domain, and what its mark says of the cloud."""

    libvirt_uri: str
    share_id: str
    share_name: str
    cloud: str = ""
    project_id: str = ""
    auth_url: str = ""


def adopt(app: App, request: AdoptRequest) -> Outcome:
    """Record every share that a domain's metadata names and the store does not.

    Manila must confirm that the domain had it (see `claim.confirming`). All else is worked out
    as `add` does it. Each is an event when it is done.
    """
    app.interrupts.install()
    app.host.check_root("adopt")
    check_local(app.config.libvirt_uri)
    for ident in request.domains:
        checks.check_ident("domain", ident)
    tally = Tally(app.events)
    for domain in _domains(app, request, tally):
        for mark in _unrecorded(app, domain):
            try:
                done = _adopt(app, domain, mark, request)
            except SharectlError as error:
                what = f"{domain.name} {mark.share_name or mark.share_id}"
                tally.failed(error.about(what))
            else:
                if done is not None:
                    tally.changed(done)
    return tally.outcome


def _domains(app: App, request: AdoptRequest, tally: Tally) -> tuple[Domain, ...]:
    if request.domains:
        found = {item.uuid: item for item in map(app.domains.find, request.domains)}
        return tuple(found.values())
    seen = app.domains.look()
    for unseen in seen.unseen.values():
        tally.unseen(unseen.error.about(unseen.name))
    return tuple(sorted(seen.domains.values(), key=lambda item: item.name))


def _unrecorded(app: App, domain: Domain) -> tuple[Mark, ...]:
    recorded = {item.share_id for item in app.store.load() if item.domain_uuid == domain.uuid}
    return tuple(item for item in domain.marks if item.share_id not in recorded)


def _adopt(app: App, domain: Domain, mark: Mark, request: AdoptRequest) -> str | None:
    """Returns what was done, None when there is nothing to adopt any more."""
    share_id = claim_of(mark, domain).share_id
    if request.dry_run:
        return _Adoption.of(app, domain, mark).describe("would be adopted")
    with app.locks.share(share_id, _LOCK_SECONDS):
        again = _look_again(app, domain, share_id)
        if again is None:
            return None
        found = _Adoption.of(app, *again)
        _record(app, found, request.timeout)
        return found.describe("adopted")


def _look_again(app: App, domain: Domain, share_id: str) -> tuple[Domain, Mark] | None:
    """Domain and mark as they are under the share's lock, for which a `remove` may have run."""
    seen = app.domains.look([domain.uuid])
    if domain.uuid in seen.unseen:
        raise seen.unseen[domain.uuid].error
    now = seen.domains.get(domain.uuid)
    if now is None:
        return None
    mark = next((item for item in _unrecorded(app, now) if item.share_id == share_id), None)
    return None if mark is None else (now, mark)


@dataclass(frozen=True)
class _Adoption:
    """What is to be recorded. `app` has the ports of the share's cloud.

    `own` is this host's rule that confirms it, None where only another host's does, which `maker`
    names.
    """

    app: App
    mapping: ShareMapping
    own: AccessRule | None
    maker: str

    @classmethod
    def of(cls, app: App, domain: Domain, mark: Mark) -> _Adoption:
        """The checked adoption of `mark`; nothing is changed."""
        (domain,) = located(app, (domain,))
        claim = claim_of(mark, domain)
        device = _device(app, domain, claim)
        there, share = _find_share(app, domain, mark)
        rules = confirming(there.shares.rules(share.id), domain.uuid, mark)
        if not rules:
            raise unconfirmed(domain, share.id, claim.tag, claim.level)
        protocol = checks.check_protocol(share)
        source = sources(there, share)[0]
        wish = AddRequest(domain.uuid, share.id, claim.tag, claim.level)
        new = new_mapping(there, wish, domain, share, source)
        own = next((item for item in rules if _is_own(there, item, new)), None)
        mapping = replace(
            new,
            id=_free_id(app, mark.id),
            protocol=protocol,
            intent=Intent.ATTACHED,
            created_at=claim.created_at,
            requested_by=claim.requested_by or new.requested_by,
            shared_memory=claim.shared_memory,
            controllers=claim.controllers,
            device=device.xml,
            access_to=(own.access_to if own is not None else None) or new.access_to,
            rule_id=own.id if own is not None else None,
            owns_rule=own is not None,
        )
        return cls(there, mapping, own, (rules[0].metadata or {}).get(HOST, ""))

    def describe(self, done: str) -> str:
        """One line."""
        mapping = self.mapping
        what = f"{mapping.domain_name} {mapping.share_name or mapping.share_id}: {done}"
        return what if self.own is not None else f"{what} from host {self.maker}"


def _device(app: App, domain: Domain, claim: Claim) -> Filesystem:
    """The filesystem that the claim is about; what an admin has set in it is kept."""
    where = str(app.config.mount_base / claim.share_id)
    tagged = [item for item in domain.filesystems if item.tag == claim.tag]
    readonly = claim.level is AccessLevel.RO
    again = add_command(domain.word, claim.share_id, claim.tag, readonly=readonly)
    for item in tagged:
        if item.driver == "virtiofs" and is_within(item.source, where):
            return item
    if tagged:
        raise Refused(
            f"its filesystem is {tagged[0].source}, and this host mounts the share at {where}",
            hint="set SHARECTL_RUNTIME_DIR to where the other host has it; or attach it again:"
            f" virsh edit {domain.word}, take the filesystem out, then: {again}",
        )
    raise Refused(
        f"the metadata speaks of share {claim.share_id}, and there is no filesystem for it",
        hint=f"attach it again: {again}",
    )


def _find_share(app: App, domain: Domain, mark: Mark) -> tuple[App, Share]:
    """The share by its ID: in the cloud of this run, else in the one that the mark names."""
    here = _Place(domain.libvirt_uri, mark.share_id, mark.share_name)
    first = app.at(here)
    try:
        return first, _by_id(first, mark.share_id)
    except NotFound as error:
        if not mark.cloud:
            raise
        missing = error
    try:
        there = app.at(replace(here, cloud=mark.cloud, project_id=mark.project_id))
        return there, _by_id(there, mark.share_id)
    except ConfigError as error:  # this host has no credentials for it
        raise missing from error


def _by_id(app: App, share_id: str) -> Share:
    """A share may have a name that looks like an ID."""
    share = app.shares.find(share_id)
    if share.id != share_id:
        raise NotFound(f"share {share_id} does not exist in this project")
    return share


def _is_own(app: App, rule: AccessRule, mapping: ShareMapping) -> bool:
    """Whether this host made the rule, or the version 0.1.0 that was here.

    That one knew hosts by name, which two may have: so the rule must be for this host's client,
    or the key or the mount that came of it must be here.
    """
    metadata = rule.metadata or {}
    if not is_of_sharectl(rule):
        return False
    if HOST_ID in metadata:
        return metadata[HOST_ID] == app.host.id
    if metadata.get(HOST) != app.host.name:
        return False
    mount = mounted_at(app.mounts.list(), mapping.mount_point)
    mounted = mount is not None and same_source(mapping.protocol, mapping.export_location, mount)
    here = mounted or app.secrets.file(mapping.share_id) is not None
    return here or rule.access_to == mapping.access_to


def _free_id(app: App, wanted: str) -> str:
    """The ID that the mark has, unless that is none or another record's."""
    try:
        taken = str(UUID(wanted)) != wanted
    except ValueError:
        taken = True
    taken = taken or any(item.id == wanted for item in app.store.load())
    return str(uuid4()) if taken else wanted


def _record(app: App, found: _Adoption, timeout: float) -> None:
    """Record it and make it true: grant, mount and mark what is missing.

    What another host made is the other host's. It is recorded as attached, which it was: what
    fails then is repaired, and never undone.
    """
    there, mapping = found.app, found.mapping
    observed = observe(there, mapping.share_id, new=mapping)
    if found.own is None:
        # What is in the way is refused as for a share that comes: what is there is not ours.
        plan(replace(mapping, intent=Intent.ATTACHING), observed)
    with app.store.transaction() as store:
        check_free(mapping, store.mappings)
        store.put(mapping)
    try:
        if found.own is not None:
            _keep_key(there, mapping, found.own)
        with announced(app, Task.ADOPT, mapping):
            converge(there, mapping, Effort(Deadline.after(app.clock, timeout)), observed)
    except SharectlError as error:
        change(app, mapping, Intent.ATTACHED, one_line(error))
        again = f"sharectl reconcile {mapping.domain_word}"
        hint = f"{error.hint}; then: {again}" if error.hint else f"finish it with: {again}"
        raise error.hinting(hint) from error


def _keep_key(app: App, mapping: ShareMapping, rule: AccessRule) -> None:
    """Put the key back where a boot finds it."""
    if mapping.access_type is not AccessType.CEPHX or app.secrets.file(mapping.share_id):
        return
    try:
        key = app.shares.key(mapping.share_id, rule.id)
    except Denied as error:  # made by another Manila user; it is needed only to mount again
        app.events.warn(error.sentence)
        return
    if key is not None:
        app.secrets.put(mapping.share_id, key)
