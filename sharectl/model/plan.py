"""The plan: what must be done so that a share's mappings and the world agree.

Set arithmetic over one share: removals first, in reverse order of making; then what is missing.
Rule and mount belong to the share and stay while any mapping of this host wants them; a
filesystem belongs to its mapping. Nothing that sharectl did not make is ever in a plan.
"""

from __future__ import annotations

from sharectl.errors import Refused
from sharectl.model import access as rules_of
from sharectl.model.action import (
    Action,
    AttachFilesystem,
    AwaitAccess,
    DetachFilesystem,
    DisableSharedMemory,
    EnableSharedMemory,
    GrantAccess,
    MountShare,
    RevokeAccess,
    UnmountShare,
)
from sharectl.model.domain import is_within
from sharectl.model.enums import RuleState
from sharectl.model.export_location import same_source
from sharectl.model.mapping import ShareMapping, has_device, serves
from sharectl.model.mounts import HostMount, mounted_at
from sharectl.model.observed import Observed
from sharectl.model.share import AccessRule


def plan(focus: ShareMapping, observed: Observed, host: str) -> tuple[Action, ...]:
    """What to do for `focus`, one of `observed.mappings`, on the host named `host`.

    Other mappings of the share are not repaired, only respected. Raises `Refused` where what is
    there is not ours and in the way.
    """
    if focus.wanted:
        return (*_grant(focus, observed, host), *_mount(focus, observed), *_attach(focus, observed))
    return (*_detach(focus, observed), *_unmount(focus, observed), *_revoke(focus, observed, host))


def _grant(focus: ShareMapping, observed: Observed, host: str) -> tuple[Action, ...]:
    if observed.rules is None:
        return ()
    access, share = focus.access, focus.share_id
    grant, wait = GrantAccess(share, access), AwaitAccess(share, access)
    rule = rules_of.find_rule(observed.rules, access)
    if rule is None:
        return (grant, wait)
    ours = rules_of.is_ours(rule, host, observed.mappings)
    if rule.state is RuleState.ERROR or not rules_of.allows(rule, access.level):
        if not ours:
            raise foreign_rule(rule, focus)
        return (RevokeAccess(share, rule), grant, wait)
    return () if rule.state is RuleState.ACTIVE else (wait,)


def foreign_rule(rule: AccessRule, focus: ShareMapping) -> Refused:
    """The refusal to work around a rule that somebody else made and that is not enough."""
    why = (
        "is in state error"
        if rule.state is RuleState.ERROR
        else f"only gives {rule.access_level} access"
    )
    return Refused(
        f"access rule {rule.id} for {rule.access_type} {rule.access_to} on share"
        f" {focus.share_id} was not made by sharectl and {why}",
        hint=f"ask its owner, or: openstack share access delete {focus.share_id} {rule.id}",
    )


def _mount(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    mount = mounted_at(observed.mounts, focus.mount_point)
    if mount is None:
        return (MountShare(focus),)
    if not is_right(focus, mount):
        raise Refused(
            f"{focus.mount_point} is a mount of {mount.source}, not of {focus.export_location}"
            f" ({focus.access_level})",
            hint=f"see who uses it, then: umount {focus.mount_point}",
        )
    return ()


def is_right(mapping: ShareMapping, mount: HostMount) -> bool:
    """Whether `mount` is the mapping's export, and not writable where it must not be."""
    if not same_source(mapping.protocol, mapping.export_location, mount):
        return False
    return mount.read_only or mapping.access_level == "rw"


def _attach(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    domain = observed.domain(focus.domain_uuid)
    if domain is None or has_device(focus, domain):
        return ()
    attach = AttachFilesystem(domain.uuid, domain.name, focus.filesystem)
    if focus.shared_memory is not None and not domain.shared_memory:
        return (EnableSharedMemory(domain.uuid, domain.name, focus.shared_memory), attach)
    return (attach,)


def _detach(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    domain = observed.domain(focus.domain_uuid)
    if domain is None:
        return ()
    actions: list[Action] = []
    if has_device(focus, domain):
        device = focus.filesystem
        actions.append(DetachFilesystem(domain.uuid, domain.name, device, focus.controllers))
    if focus.shared_memory is not None and domain.shared_memory:
        actions.append(DisableSharedMemory(domain.uuid, domain.name, focus.shared_memory))
    return tuple(actions)


def _unmount(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    mount = mounted_at(observed.mounts, focus.mount_point)
    if mount is None or observed.domains is None or wanted_by_others(focus, observed):
        return ()
    if not same_source(focus.protocol, focus.export_location, mount) or users(focus, observed):
        return ()
    return (UnmountShare(focus.share_id, focus.mount_point),)


def users(focus: ShareMapping, observed: Observed) -> tuple[str, ...]:
    """Names of the domains that use the mapping's mount point once its own filesystem is out."""
    found = []
    for domain in observed.domains or ():
        own = domain.uuid == focus.domain_uuid
        persistent = [item for item in domain.filesystems if not (own and serves(item, focus))]
        sources = [item.source for item in (*persistent, *domain.live_filesystems)]
        if any(is_within(source, focus.mount_point) for source in sources):
            found.append(domain.name)
    return tuple(found)


def _revoke(focus: ShareMapping, observed: Observed, host: str) -> tuple[Action, ...]:
    if observed.rules is None or wanted_by_others(focus, observed) or users(focus, observed):
        return ()
    rules = [
        item
        for item in observed.rules
        if rules_of.serves_to(item, focus.access)
        and rules_of.is_ours(item, host, observed.mappings)
    ]
    return tuple(RevokeAccess(focus.share_id, item) for item in rules)


def wanted_by_others(focus: ShareMapping, observed: Observed) -> bool:
    """Whether another mapping of the share is to stay."""
    return any(item.wanted and item.id != focus.id for item in observed.mappings)
