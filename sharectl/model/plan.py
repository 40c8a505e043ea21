"""The plan: what must be done so that a share's mappings and the world agree.

Set arithmetic over one share: removals first, in reverse order of making; then what is missing.
Rule and mount belong to the share and stay while any mapping of this host wants them; a
filesystem belongs to its mapping. Nothing that sharectl did not make is ever in a plan.
"""

from __future__ import annotations

from sharectl.errors import InUse, NotFound, Refused
from sharectl.model import access as rules_of
from sharectl.model.action import (
    Action,
    AttachFilesystem,
    AwaitAccess,
    DetachFilesystem,
    DisableSharedMemory,
    EnableSharedMemory,
    GrantAccess,
    MarkDomain,
    MountShare,
    ReplaceMount,
    RevokeAccess,
    UnmarkDomain,
    UnmountShare,
)
from sharectl.model.domain import is_within
from sharectl.model.enums import Health, Intent, RuleState, ShareProtocol
from sharectl.model.export_location import same_source
from sharectl.model.mapping import ShareMapping, has_device, serves
from sharectl.model.mark import Mark
from sharectl.model.mount_use import check_not_covered, is_right, live_users
from sharectl.model.mounts import HostMount, mounted_at
from sharectl.model.observed import Observed
from sharectl.model.share import AccessRule


def plan(focus: ShareMapping, observed: Observed, host: str) -> tuple[Action, ...]:
    """What to do for `focus`, one of `observed.mappings`, on the host named `host`.

    Other mappings of the share are not repaired, only respected. Raises `Refused` where what is
    there is not ours and in the way, or in use; `NotFound` when the share or the domain is gone.
    """
    if not focus.wanted:
        return (
            *_detach(focus, observed),
            *_unmount(focus, observed),
            *_revoke(focus, observed, host),
        )
    _check_there(focus, observed)
    return (
        *_grant(focus, observed, host),
        *_mount(focus, observed),
        *_attach(focus, observed, host),
        *_withdraw(focus, observed),
    )


def _check_there(focus: ShareMapping, observed: Observed) -> None:
    again = f"sharectl remove {focus.domain_uuid} {focus.share_id}"
    if observed.domains is not None and observed.domain(focus.domain_uuid) is None:
        raise NotFound(
            f"domain {focus.domain_name} ({focus.domain_uuid}) is gone",
            hint=f"take its share away: {again}, or for all such: sharectl reconcile --prune",
        )
    if not observed.share_exists:
        raise NotFound(f"share {focus.share_id} no longer exists in Manila", hint=again)


def _grant(focus: ShareMapping, observed: Observed, host: str) -> tuple[Action, ...]:
    if observed.rules is None:
        return ()
    access, share = focus.access, focus.share_id
    grant, wait = GrantAccess(share, access), AwaitAccess(share, access)
    rule = rules_of.find_rule(observed.rules, access)
    if rule is None:
        _check_available(focus, observed)
        return (grant, wait)
    ours = rules_of.is_ours(rule, host, observed.mappings)
    if rule.state is RuleState.ERROR or not rules_of.allows(rule, access.level):
        if not ours:
            raise foreign_rule(rule, focus)
        _check_spared(rule, focus, observed)
        return (RevokeAccess(share, rule), grant, wait)
    return () if rule.state is RuleState.ACTIVE else (wait,)


def _check_spared(rule: AccessRule, focus: ShareMapping, observed: Observed) -> None:
    """To make a rule anew cuts off, for good on CephFS, whoever works with it all the same."""
    mount = mounted_at(observed.mounts, focus.mount_point)
    if mount is None or not is_right(focus, mount) or observed.server is not Health.OK:
        return
    if using := live_users(focus.mount_point, observed.domains or ()):
        raise InUse(
            f"access rule {rule.id} on share {focus.share_id} is in state {rule.state} and has to"
            f" be made anew, and domain {', '.join(using)} runs with the mount, which answers",
            hint=f"virsh shutdown {using[0]}, wait until it is off, then: sharectl reconcile",
        )


def _check_available(focus: ShareMapping, observed: Observed) -> None:
    """A share that is backed up or moved has no rules meanwhile (Nova's bug 2089007)."""
    if observed.share_status not in (None, "available"):
        raise Refused(
            f"share {focus.share_id} is in status {observed.share_status!r} and its access rule"
            " is gone",
            hint="access is granted again once the share is available: sharectl reconcile",
        )


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
        check_not_covered(focus, observed)
        return _replace(focus, mount, f"is a mount of {mount.label}")
    if observed.server is Health.STALE or _is_cut_off(focus, observed):
        return _replace(focus, mount, "is stale")
    return ()


def _is_cut_off(focus: ShareMapping, observed: Observed) -> bool:
    """A CephFS client that was denied stays so: the rule that is granted again has a new key."""
    return focus.protocol is ShareProtocol.CEPHFS and observed.server is Health.NO_ACCESS


def _replace(focus: ShareMapping, mount: HostMount, found: str) -> tuple[Action, ...]:
    """Only where ours has been; whether a guest is served from it is looked at when it is done."""
    if focus.intent is Intent.ATTACHED:
        return (ReplaceMount(focus, found),)
    raise Refused(
        f"{focus.mount_point} is a mount of {mount.label}, not of {focus.export_location}"
        f" ({focus.access_level})",
        hint=f"see who uses it, then: umount {focus.mount_point}",
    )


def _attach(focus: ShareMapping, observed: Observed, host: str) -> tuple[Action, ...]:
    domain = observed.domain(focus.domain_uuid)
    if domain is None:
        return ()
    mark = MarkDomain(domain.uuid, domain.name, focus.share_id)
    if has_device(focus, domain):
        return () if Mark.of(focus, host) in domain.marks else (mark,)
    attach = AttachFilesystem(domain.uuid, domain.name, focus.filesystem)
    if focus.shared_memory is not None and not domain.shared_memory:
        return (EnableSharedMemory(domain.uuid, domain.name, focus.shared_memory), attach, mark)
    return (attach, mark)


def _detach(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    domain = observed.domain(focus.domain_uuid)
    if domain is None:
        return ()
    actions: list[Action] = []
    if has_device(focus, domain):
        device = focus.filesystem
        actions.append(DetachFilesystem(domain.uuid, domain.name, device, focus.controllers))
    if any(item.id == focus.id for item in domain.marks):
        actions.append(UnmarkDomain(domain.uuid, domain.name, focus.share_id))
    if focus.shared_memory is not None and domain.shared_memory:
        actions.append(DisableSharedMemory(domain.uuid, domain.name, focus.shared_memory))
    return tuple(actions)


def _unmount(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    mount = mounted_at(observed.mounts, focus.mount_point)
    if mount is None or observed.domains is None or wanted_by_others(focus, observed):
        return ()
    if users(focus, observed):
        return ()
    if not same_source(focus.protocol, focus.export_location, mount):
        check_not_covered(focus, observed)
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
    if observed.rules is None or observed.domains is None:
        return ()
    if wanted_by_others(focus, observed) or users(focus, observed):
        return ()
    rules = [
        item
        for item in observed.rules
        if rules_of.serves_to(item, focus.access)
        and rules_of.is_ours(item, host, observed.mappings)
    ]
    own = tuple(RevokeAccess(focus.share_id, item) for item in rules)
    return (*own, *(item for item in _withdraw(focus, observed) if item not in own))


def _withdraw(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    """Rules for the client that mounted the export where it was, once that is mounted anew.

    Only those that the records knew: another host may have this one's name.
    """
    return tuple(
        RevokeAccess(focus.share_id, item)
        for item in observed.rules or ()
        if item.id in focus.outdated_rules
        and not any(rules_of.is_for(item, other.access) for other in observed.mappings)
    )


def wanted_by_others(focus: ShareMapping, observed: Observed) -> bool:
    """Whether another mapping of the share is to stay."""
    return any(item.wanted and item.id != focus.id for item in observed.mappings)
