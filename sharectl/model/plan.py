"""The plan: what must be done so that a share's mappings and the world agree.

Set arithmetic over one share: removals first, in reverse order of making; then what is missing.
Rule and mount belong to the share and stay while any mapping of this host wants them; a
filesystem belongs to its mapping. Nothing that sharectl did not make is ever in a plan.
"""

from __future__ import annotations

from dataclasses import replace

from sharectl.errors import InUse, NotFound, Refused, SharectlError, Unavailable
from sharectl.model.action import (
    Action,
    AttachFilesystem,
    DetachFilesystem,
    DisableSharedMemory,
    EnableSharedMemory,
    GrantAccess,
    MarkDomain,
    MountShare,
    RememberDevice,
    ReplaceMount,
    UnmarkDomain,
    UnmountShare,
)
from sharectl.model.checks import check_shared_memory, check_shut_off, is_out
from sharectl.model.commands import word
from sharectl.model.domain import Domain, Filesystem
from sharectl.model.enums import AccessLevel, AccessType, Health, Intent
from sharectl.model.mapping import (
    ShareMapping,
    add_command,
    changed_device,
    retagged_device,
    serves,
)
from sharectl.model.marking import mark_of
from sharectl.model.mount_use import check_not_covered, is_ours, is_outdated, is_right, our_mount
from sharectl.model.mount_users import held, users, who
from sharectl.model.mounts import HostMount, mounted_at
from sharectl.model.observed import Observed
from sharectl.model.plan_access import grant, revoke, withdraw


def plan(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    """What to do for `focus`, one of `observed.mappings`.

    Other mappings of the share are not repaired, only respected. Raises `Refused` where what is
    there is not ours and in the way, or in use; `NotFound` when the share or the domain is gone;
    `Unavailable` when it is not known who still needs what would be taken away.
    """
    if focus.wanted:
        _check_there(focus, observed)
        access = grant(focus, observed)
        return (
            *access,
            *_mount(focus, observed, access),
            *_attach(focus, observed),
            *withdraw(focus, observed),
        )
    check_all_seen(observed)
    check_detachable(focus, observed)
    return (*_detach(focus, observed), *_unmount(focus, observed), *_revoke(focus, observed))


def check_detachable(focus: ShareMapping, observed: Observed) -> None:
    """Raise `Refused` while the guest runs, or was put to sleep: it needs what it has."""
    domain = observed.domain(focus)
    if domain is not None and not is_out(focus, domain):
        check_shut_off(domain)


def _check_there(focus: ShareMapping, observed: Observed) -> None:
    again = f"sharectl remove {focus.domain_uuid} {focus.share_id}"
    if observed.domains is not None and observed.domains.is_gone(focus):
        raise NotFound(
            f"domain {focus.domain_name} ({focus.domain_uuid}) is gone",
            hint=f"take its share away: {again}, or for all such: sharectl reconcile --prune",
        )
    if not observed.share_exists:
        raise NotFound(f"share {focus.share_id} no longer exists in Manila", hint=again)


def check_all_seen(observed: Observed) -> None:
    """Raise why a domain that may need rule and mount could not be looked at."""
    for item in observed.mappings:
        if observed.domains is not None and observed.domains.is_unseen(item):
            raise observed.domains.why_unseen(item) or unknown_domain(item)
        if observed.domains is not None and (
            error := observed.domains.why_unknown(item.mount_point)
        ):
            raise error


def unknown_domain(mapping: ShareMapping) -> SharectlError:
    """Nothing is known of the mapping's domain, since its libvirt was not asked."""
    return Unavailable(
        f"libvirt at {mapping.libvirt_uri or 'qemu:///system'} was not asked for domain"
        f" {mapping.domain_name}",
        hint="see whether that libvirt runs, then run the same command again",
    )


def _mount(
    focus: ShareMapping, observed: Observed, access: tuple[Action, ...]
) -> tuple[Action, ...]:
    mount = mounted_at(observed.mounts, focus.mount_point)
    if mount is None:
        return (MountShare(focus),)
    note = observed.notes.get(focus.mount_point)
    ill = observed.server is Health.STALE or _is_cut_off(focus, observed)
    if not is_ours(focus, mount, note):
        check_not_covered(focus, observed)
        if ill or not is_right(focus, mount):
            raise foreign_mount(focus, mount)
        return ()  # the share is there, whoever has mounted it
    if not is_right(focus, mount):
        return _replace(focus, observed, f"is a mount of {mount.label} ({mount.mode})")
    if is_outdated(focus, note, observed.rules) or _gets_new_key(focus, access):
        return _replace(focus, observed, "was made with an access rule that is gone")
    return _replace(focus, observed, "is stale") if ill else ()


def _gets_new_key(focus: ShareMapping, access: tuple[Action, ...]) -> bool:
    """Whether the plan makes the rule of a CephFS share again."""
    granted = any(isinstance(action, GrantAccess) for action in access)
    return granted and focus.access_type is AccessType.CEPHX


def _is_cut_off(focus: ShareMapping, observed: Observed) -> bool:
    """A CephFS client that was denied stays so: the rule that is granted again has a new key."""
    return focus.access_type is AccessType.CEPHX and observed.server is Health.NO_ACCESS


def _replace(focus: ShareMapping, observed: Observed, found: str) -> tuple[Action, ...]:
    """Only what is known to be of sharectl; whether a guest has it is looked at when it is done."""
    mount = mounted_at(observed.mounts, focus.mount_point)
    noted = focus.mount_point in observed.notes
    if mount is not None and not noted and focus.intent is not Intent.ATTACHED:
        raise foreign_mount(focus, mount)
    return (ReplaceMount(focus, found),)


def foreign_mount(focus: ShareMapping, mount: HostMount) -> Refused:
    """The refusal to take away a mount that sharectl did not make."""
    what = f"not of {focus.export_location} ({focus.access_level})"
    if is_right(focus, mount):
        what = "which sharectl has not made"
    again = "reconcile" if focus.wanted else f"remove {focus.domain_word} {focus.share_id}"
    return Refused(
        f"{focus.mount_point} is a mount of {mount.label} ({mount.mode}), {what}",
        hint=f"see who uses it, then: umount {word(focus.mount_point)}; then: sharectl {again}",
    )


def _attach(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    domain = observed.domain(focus)
    if domain is None:
        if observed.domains is not None and focus.intent is Intent.ATTACHING:
            raise observed.domains.why_unseen(focus) or unknown_domain(focus)
        return ()
    mark = MarkDomain(domain.uuid, domain.name, focus.share_id, focus.share_name)
    device = next((item for item in domain.filesystems if serves(item, focus)), None)
    if device is not None:
        changed = changed_device(focus, domain) if focus.intent is Intent.ATTACHING else None
        if changed is not None:
            raise changed  # one that is there from before, as when the store was lost
        marked = mark_of(focus, observed.host) in domain.marks
        return (*_remember(focus, domain, device), *(() if marked else (mark,)))
    if (edited := retagged_device(focus, domain)) is not None:
        raise edited
    check_shared_memory(domain, focus.shared_memory, _with_memory(focus))
    attach = AttachFilesystem(domain.uuid, domain.name, focus.filesystem)
    if focus.shared_memory is not None and not domain.shared_memory:
        return (EnableSharedMemory(domain.uuid, domain.name, focus.shared_memory), attach, mark)
    return (attach, mark)


def _with_memory(focus: ShareMapping) -> str:
    """The command that gives the domain the shared memory that it has lost."""
    readonly = focus.access_level is AccessLevel.RO
    command = add_command(focus.domain_word, focus.share_id, focus.tag, readonly=readonly)
    return f"give it some: {command} --enable-shared-memory"


def _remember(focus: ShareMapping, domain: Domain, device: Filesystem) -> tuple[Action, ...]:
    return () if device.xml == focus.device else (RememberDevice(domain.name, device),)


def _detach(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    domain = observed.domain(focus)
    if domain is None:
        return ()
    actions: list[Action] = []
    present = next((item for item in domain.filesystems if serves(item, focus)), None)
    if present is not None:
        device = replace(focus.filesystem, xml=present.xml, written=present.written)
        actions.append(DetachFilesystem(domain.uuid, domain.name, device, focus.controllers))
    if any(item.id == focus.id for item in domain.marks):
        mark = UnmarkDomain(domain.uuid, domain.name, focus.share_id, focus.share_name)
        actions.append(mark)
    if focus.shared_memory is not None and domain.shared_memory:
        actions.append(DisableSharedMemory(domain.uuid, domain.name, focus.shared_memory))
    return tuple(actions)


def _unmount(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    mount = mounted_at(observed.mounts, focus.mount_point)
    others = (item for item in observed.mappings if item.id != focus.id and item.wanted)
    kept = any(item.mount_point == focus.mount_point for item in others)
    if mount is None or observed.domains is None or kept:
        return ()
    if users(focus, observed) or held(focus, observed):
        return ()
    if our_mount(focus, observed) is None:
        if is_right(focus, mount):  # it would lose its access
            raise foreign_mount(focus, mount)
        return ()
    return (UnmountShare(focus.share_id, focus.mount_point),)


def _revoke(focus: ShareMapping, observed: Observed) -> tuple[Action, ...]:
    """A rule stays while anything works with it, be it a file system that was unmounted."""
    if observed.rules is None or observed.domains is None:
        return ()
    kept = wanted_by_others(focus, observed)
    if not kept and (users(focus, observed) or held(focus, observed)):
        return ()
    return revoke(focus, observed, kept=kept)


def check_released(focus: ShareMapping, observed: Observed) -> None:
    """Raise `InUse` while a virtiofsd serves the share's file system, mounted or not."""
    by = who((), held(focus, observed))
    if by is not None and not users(focus, observed):
        raise InUse(
            f"{by.runs} with share {focus.share_name or focus.share_id}, for a domain that no"
            " libvirt which was asked knows",
            hint=f"{by.stop}, then run the same command again",
        )


def wanted_by_others(focus: ShareMapping, observed: Observed) -> bool:
    """Whether another mapping of the share is to stay."""
    return any(item.wanted and item.id != focus.id for item in observed.mappings)
