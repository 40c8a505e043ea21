"""Everything that `add` looks at before its first effect, cheap and local things first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from sharectl.engine.candidates import new_client, reachable
from sharectl.engine.domains import located
from sharectl.engine.observe import observe
from sharectl.errors import NotFound, Refused
from sharectl.model import checks, export_location
from sharectl.model.action import Action
from sharectl.model.cephfs import filesystem_name
from sharectl.model.domain import Domain
from sharectl.model.enums import AccessLevel, Intent, SharedMemory, ShareProtocol
from sharectl.model.mapping import ShareMapping, find_mapping, serves
from sharectl.model.mapping_checks import already_attached, check_free, check_tag
from sharectl.model.plan import plan
from sharectl.model.share import ACCESS_TYPES, Share

if TYPE_CHECKING:
    from sharectl.ports import App


@dataclass(frozen=True)
class AddRequest:
    """What the admin asked for. `timeout` is in seconds; 0 is not to wait for Manila.

    `export_location` is a path, or the ID of one; None is to take what can be reached.
    """

    domain: str
    share: str
    tag: str | None = None
    level: AccessLevel = AccessLevel.RW
    shared_memory: SharedMemory | None = None
    timeout: float = 60.0
    dry_run: bool = False
    export_location: str | None = None


@dataclass(frozen=True)
class Prepared:
    """A checked request: the mapping to make true, new or from the store, and what that takes.

    `others` are the export locations to try after that of the mapping; None is to ask Manila.
    """

    mapping: ShareMapping
    domain: Domain
    actions: tuple[Action, ...]
    new: bool
    others: tuple[str, ...] | None = None
    chosen: bool = False
    """Whether the record is to say that its export location was chosen, and does not yet."""

    @property
    def settled(self) -> bool:
        """Whether nothing is to do: attached, nothing missing, and no error to take back."""
        attached = self.mapping.intent is Intent.ATTACHED and self.mapping.last_error is None
        return attached and not self.actions and not self.chosen


def prepare(app: App, request: AddRequest) -> Prepared:
    """Check the request; reads only. Raises the error of the first check that fails.

    A name is looked up in Manila even when a record has it: it may be that of another share since.
    """
    app.host.check_root("add")
    checks.check_ident("domain", request.domain)
    checks.check_ident("share", request.share)
    if request.tag is not None:
        check_tag(request.tag)
    (domain,) = located(app, (app.domains.find(request.domain),))
    own = [item for item in app.store.load() if item.domain_uuid == domain.uuid]
    for item in own:
        if item.share_id == request.share:
            return _resume(app, request, domain, item)
    named = request.share in [item.share_name for item in own]
    if not named:
        _check_local(app, request, domain)
    share = app.shares.find(request.share)
    if (recorded := find_mapping(app.store.load(), domain.uuid, share.id)) is not None:
        return _resume(app, request, domain, recorded)
    if named:  # of another share, which had that name
        _check_local(app, request, domain)
    return _prepare_new(app, request, domain, share)


def prepare_again(app: App, request: AddRequest, prepared: Prepared) -> Prepared:
    """Look once more under the share's lock, for which another sharectl may have been waited.

    That one may have done the same, or have changed the domain. Raises as `prepare` does.
    """
    (domain,) = located(app, (_again(app, prepared.domain),))
    recorded = find_mapping(app.store.load(), domain.uuid, prepared.mapping.share_id)
    if recorded is not None:
        return _resume(app, request, domain, recorded)
    if prepared.actions:
        _check_state(domain, prepared.mapping.share_id, app)
    return prepared


def _again(app: App, domain: Domain) -> Domain:
    """By its UUID alone, which may be the name of another."""
    seen = app.domains.look([domain.uuid])
    if domain.uuid in seen.unseen:
        raise seen.unseen[domain.uuid].error
    if domain.uuid not in seen.domains:
        raise NotFound(f"domain {domain.name} is gone", hint="see: virsh list --all")
    return seen.domains[domain.uuid]


def _resume(app: App, request: AddRequest, domain: Domain, recorded: ShareMapping) -> Prepared:
    """The share is in the store already: finish, repair, or find nothing to do."""
    same = request.level is recorded.access_level and request.tag in (None, recorded.tag)
    if not recorded.wanted or not same:
        raise already_attached(recorded)
    if not _is_from(app, recorded, request.export_location):
        raise already_attached(recorded, source=True)
    observed = observe(app.at(recorded), recorded.share_id)
    if not any(serves(item, recorded) for item in domain.filesystems):
        recorded = _with_memory(recorded, request, domain)
    actions = plan(recorded, observed)
    if actions:
        checks.check_domain_state(domain)
    chosen = request.export_location is not None and not recorded.location_chosen
    return Prepared(recorded, domain, actions, new=False, chosen=chosen)


def _is_from(app: App, recorded: ShareMapping, wanted: str | None) -> bool:
    """Whether the share is mounted from the export location that is asked for."""
    if wanted in (None, recorded.export_location):
        return True
    share = app.at(recorded).shares.find(recorded.share_id)
    return export_location.named(share, wanted or "") == recorded.export_location


def _with_memory(recorded: ShareMapping, request: AddRequest, domain: Domain) -> ShareMapping:
    """The mapping, with the shared memory that its domain has lost and is to be given again."""
    memory = request.shared_memory or recorded.shared_memory
    return recorded if domain.shared_memory else replace(recorded, shared_memory=memory)


def _check_local(app: App, request: AddRequest, domain: Domain) -> None:
    """What needs no Manila. A domain that has the filesystem already may run."""
    _check_state(domain, request.share, app)
    if warning := checks.snapshot_warning(domain):
        app.events.warn(warning)
    checks.check_shared_memory(domain, request.shared_memory)
    checks.check_host(app.domains.host())


def _check_state(domain: Domain, share: str, app: App) -> None:
    if checks.unrecorded_device(domain, share, str(app.config.mount_base)) is None:
        checks.check_domain_state(domain)


def _prepare_new(app: App, request: AddRequest, domain: Domain, share: Share) -> Prepared:
    checks.check_share_id(share.id)
    protocol = checks.check_share(share)
    app.mounts.check_client(protocol)
    source, rest = sources(app, share, request.export_location)
    mapping = new_mapping(app, request, domain, share, source)
    checks.check_place(mapping, domain, str(app.config.mount_base))
    _check_state(domain, share.id, app)
    stored = app.store.load()
    if (recorded := find_mapping(stored, domain.uuid, share.id)) is not None:
        return _resume(app, request, domain, recorded)  # an equal add was quicker
    check_free(mapping, stored)
    actions = plan(mapping, observe(app, share.id, new=mapping))
    return Prepared(mapping, domain, actions, new=True, others=rest)


def new_mapping(
    app: App, request: AddRequest, domain: Domain, share: Share, source: str
) -> ShareMapping:
    """The mapping that attaches `share`, exported at `source`, to `domain`."""
    protocol = ShareProtocol(share.protocol)
    now = app.clock.now().replace(microsecond=0)
    cloud, auth_url = app.shares.cloud()
    return ShareMapping(
        id=str(uuid4()),
        domain_uuid=domain.uuid,
        domain_name=domain.name,
        share_id=share.id,
        share_name=share.name,
        protocol=protocol,
        export_location=source,
        tag=check_tag(request.tag or share.id),
        access_type=ACCESS_TYPES[protocol],
        access_to=client_of(app, share, protocol, source),
        access_level=request.level,
        mount_point=str(app.config.mount_base / share.id),
        intent=Intent.ATTACHING,
        created_at=now,
        updated_at=now,
        requested_by=app.host.user,
        filesystem_name=filesystem_name(share.metadata),
        shared_memory=None if domain.shared_memory else request.shared_memory,
        project_id=app.shares.project_id(),
        libvirt_uri=domain.libvirt_uri,
        cloud=cloud,
        auth_url=auth_url,
        location_chosen=request.export_location is not None,
    )


def sources(
    app: App, share: Share, wanted: str | None = None
) -> tuple[str, tuple[str, ...] | None]:
    """Where to mount the share from, and where else it can be tried after that.

    As other mappings have it, while Manila still lists that; then the others are None, for they
    are asked for only if it is not mounted. With `wanted`, a path or an ID, it is that one alone.

    Raises `Refused` when another one is mounted for another domain.
    """
    chosen = export_location.named(share, wanted) if wanted is not None else None
    for recorded in app.store.load():
        if recorded.share_id != share.id:
            continue
        mounted, protocol = recorded.export_location, recorded.protocol
        paths = (item.path for item in share.export_locations)
        if not any(export_location.same_export(protocol, mounted, it) for it in paths):
            continue
        if chosen is not None and not export_location.same_export(protocol, mounted, chosen):
            raise _mounted_from(recorded)
        return mounted, (() if chosen is not None else None)
    if chosen is not None:
        return chosen, ()
    first, *rest = reachable(app, share)
    return first, tuple(rest)


def _mounted_from(other: ShareMapping) -> Refused:
    return Refused(
        f"share {other.share_id} is mounted from {other.export_location} for domain"
        f" {other.domain_name}, and one host mount serves all domains",
        hint="attach it without --export-location, or first: sharectl remove"
        f" {other.domain_uuid} {other.share_id}",
    )


def client_of(app: App, share: Share, protocol: ShareProtocol, source: str) -> str:
    """Whom to grant access: this host's address towards the server, or its cephx id.

    All mappings of a share have the same, whatever the configuration has come to say: they use
    one mount, and a rule may be revoked only when nothing hangs on the mount made with it.
    """
    for recorded in app.store.load():
        if recorded.share_id == share.id:
            return recorded.access_to
    return new_client(app, share.id, protocol, source)
