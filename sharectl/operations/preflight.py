"""Everything that `add` looks at before its first effect, cheap and local things first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from sharectl.errors import NotFound
from sharectl.model import access as rules_of
from sharectl.model import checks, export_location
from sharectl.model.action import Action, AttachFilesystem
from sharectl.model.cephfs import filesystem_name
from sharectl.model.domain import Domain
from sharectl.model.enums import AccessLevel, Intent, SharedMemory, ShareProtocol
from sharectl.model.mapping import (
    ShareMapping,
    already_attached,
    check_free,
    check_tag,
    find_mapping,
)
from sharectl.model.plan import plan
from sharectl.model.share import ACCESS_TYPES, Share
from sharectl.operations.domains import located
from sharectl.operations.observe import observe

if TYPE_CHECKING:
    from sharectl.ports import App


@dataclass(frozen=True)
class AddRequest:
    """What the admin asked for. `timeout` is in seconds; 0 is not to wait for Manila."""

    domain: str
    share: str
    tag: str | None = None
    level: AccessLevel = AccessLevel.RW
    shared_memory: SharedMemory | None = None
    timeout: float = 60.0
    dry_run: bool = False


@dataclass(frozen=True)
class Prepared:
    """A checked request: the mapping to make true, new or from the store, and what that takes."""

    mapping: ShareMapping
    domain: Domain
    actions: tuple[Action, ...]
    new: bool

    @property
    def settled(self) -> bool:
        """Whether nothing is to do: attached, nothing missing, and no error to take back."""
        attached = self.mapping.intent is Intent.ATTACHED and self.mapping.last_error is None
        return attached and not self.actions


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
    observed = observe(app.at(recorded), recorded.share_id)
    actions = plan(recorded, observed)
    if actions:
        checks.check_domain_state(domain)
    if any(isinstance(action, AttachFilesystem) for action in actions):
        recorded = _with_memory(recorded, request, domain)
        actions = plan(recorded, observed)
    return Prepared(recorded, domain, actions, new=False)


def _with_memory(recorded: ShareMapping, request: AddRequest, domain: Domain) -> ShareMapping:
    """The mapping, with the shared memory that its domain has lost and is to be given again."""
    memory = request.shared_memory or recorded.shared_memory
    checks.check_shared_memory(domain, memory)
    return recorded if domain.shared_memory else replace(recorded, shared_memory=memory)


def _check_local(app: App, request: AddRequest, domain: Domain) -> None:
    """What needs no Manila. A domain that has the filesystem already may run."""
    _check_state(domain, request.share, app)
    if warning := checks.snapshot_warning(domain):
        app.report.warn(warning)
    checks.check_shared_memory(domain, request.shared_memory)
    checks.check_host(app.domains.host())


def _check_state(domain: Domain, share: str, app: App) -> None:
    if checks.unrecorded_device(domain, share, str(app.config.mount_base)) is None:
        checks.check_domain_state(domain)


def _prepare_new(app: App, request: AddRequest, domain: Domain, share: Share) -> Prepared:
    checks.check_share_id(share.id)
    protocol = checks.check_share(share)
    app.mounts.check_client(protocol)
    source = source_of(app, share)
    mapping = new_mapping(app, request, domain, share, source)
    checks.check_place(mapping, domain, str(app.config.mount_base))
    _check_state(domain, share.id, app)
    stored = app.store.load()
    if (recorded := find_mapping(stored, domain.uuid, share.id)) is not None:
        return _resume(app, request, domain, recorded)  # an equal add was quicker
    check_free(mapping, stored)
    actions = plan(mapping, observe(app, share.id, new=mapping))
    return Prepared(mapping, domain, actions, new=True)


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
    )


def source_of(app: App, share: Share) -> str:
    """Where to mount the share from: as other mappings have it, while Manila still lists that."""
    for recorded in app.store.load():
        if recorded.share_id == share.id:
            mounted = recorded.export_location
            paths = (item.path for item in share.export_locations)
            if any(export_location.same_export(recorded.protocol, mounted, it) for it in paths):
                return mounted
    return export_location.choose(share)


def client_of(app: App, share: Share, protocol: ShareProtocol, source: str) -> str:
    """Whom to grant access: this host's address towards the server, or its cephx id.

    All mappings of a share have the same, whatever the configuration has come to say: they use
    one mount, and a rule may be revoked only when nothing hangs on the mount made with it.
    """
    for recorded in app.store.load():
        if recorded.share_id == share.id:
            return recorded.access_to
    return new_client(app, share, protocol, source)


def new_client(app: App, share: Share, protocol: ShareProtocol, source: str) -> str:
    """The same for a share of which nothing is mounted yet, or no longer from there."""
    if protocol is ShareProtocol.CEPHFS:
        configured = app.config.cephfs_access_to
        return configured or rules_of.cephx_id(app.host.identity, share.id)
    if app.config.nfs_access_to:
        return app.config.nfs_access_to
    return app.mounts.local_address(export_location.parse(protocol, source).servers[0].host)
