"""A share's mount: whether it is the right one, whose it is, and what lies over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sharectl.errors import InUse, Unavailable
from sharectl.model.access import find_rule
from sharectl.model.commands import word
from sharectl.model.enums import AccessLevel, RuleState, ShareProtocol
from sharectl.model.export_location import same_source, shows
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import (
    HostMount,
    MountNote,
    MountRequest,
    ServedMount,
    layers_at,
    mounted_at,
)
from sharectl.model.places import MountTable, place_of
from sharectl.model.share import AccessRule

if TYPE_CHECKING:
    from sharectl.model.observed import Observed  # which a start of a domain does not need


def is_right(mapping: ShareMapping, mount: HostMount) -> bool:
    """Whether `mount` is the mapping's export, writable exactly where the mapping is."""
    right = same_source(mapping.protocol, mapping.export_location, mount)
    return right and mount.read_only == (mapping.access_level is AccessLevel.RO)


def check_made(request: MountRequest, found: HostMount | None) -> HostMount:
    """What is to be seen where `request` was mounted just now, if that is the export asked for.

    Raises `Unavailable` when it is something else.
    """
    if found is not None and same_source(request.protocol, request.source, found):
        if found.read_only == (request.level is AccessLevel.RO):
            return found
        what = "it read-only" if found.read_only else "it writable"
    else:
        what = "nothing" if found is None else f"{found.source} ({found.fs_type})"
    raise Unavailable(
        f"after mounting {request.source} ({request.level}), {request.mount_point} shows {what}",
        hint="see whether nfs.options or cephfs.options of the configuration are to blame, and:"
        " dmesg | tail",
    )


def is_ours(mapping: ShareMapping, mount: HostMount, note: MountNote | None) -> bool:
    """Whether sharectl made `mount`, which is at the mapping's mount point.

    Args:
        mapping: the mapping.
        mount: what is visible at its mount point.
        note: what was noted when sharectl mounted there the last time, if it was.

    The kernel gives a device number again when it is free, so source and root have to fit as well.
    Without a note, as from an earlier version, a mount of the mapping's export counts as ours.
    """
    if note is None:
        return same_source(mapping.protocol, mapping.export_location, mount)
    return (mount.device, mount.source, mount.root) == (note.device, note.source, "/")


def is_outdated(
    mapping: ShareMapping, note: MountNote | None, rules: tuple[AccessRule, ...] | None
) -> bool:
    """Whether the mount was made with another rule than the one that is active now.

    A rule of CephFS that is made again has another key, and the server has cut off whoever came
    with the old one. Where the note or the rules are not known, nothing is known to be wrong.
    """
    if mapping.protocol is not ShareProtocol.CEPHFS or note is None or note.rule_id is None:
        return False
    rule = find_rule(rules or (), mapping.access)
    return rule is not None and rule.state is RuleState.ACTIVE and rule.id != note.rule_id


def holders(
    mapping: ShareMapping,
    mounts: tuple[HostMount, ...],
    notes: Mapping[str, MountNote],
    served: tuple[ServedMount, ...],
) -> tuple[ServedMount, ...]:
    """Who serves the mapping's share, or what lies at its mount point, to a guest.

    A virtiofsd goes on with what lay there when it started: with a mount that was taken away
    since, perhaps replaced by another of the same export, or with an empty folder.

    Args:
        mapping: the mapping.
        mounts: all mounts of the host.
        notes: what was noted of the mounts that sharectl has made, by mount point.
        served: what is served.
    """
    table, note = MountTable(mounts), notes.get(mapping.mount_point)
    here = [table.place(mapping.mount_point), table.under(mapping.mount_point)]
    places = [item for item in here if item is not None]

    def held(mount: HostMount) -> bool:
        if shows(mapping.protocol, mapping.export_location, mount):
            return True
        # The number of a file system that is gone is given again.
        noted = note is not None and (mount.device, mount.source) == (note.device, note.source)
        return noted or any(place.has(place_of(mount)) for place in places)

    return tuple(item for item in served if held(item.mount))


def is_uncovered(mapping: ShareMapping, mounts: tuple[HostMount, ...]) -> bool:
    """Whether the right mount has come to light when another was taken away.

    Raises `InUse` when one that is neither has.
    """
    mount = mounted_at(mounts, mapping.mount_point)
    if mount is not None and not is_right(mapping, mount):
        raise InUse(
            f"below what was mounted on {mapping.mount_point} there is {mount.label}",
            hint=f"see who uses it, then: umount {word(mapping.mount_point)}; then:"
            " sharectl reconcile",
        )
    return mount is not None


def check_as_seen(mount_point: str, now: HostMount | None, seen: HostMount | None) -> None:
    """Raise `InUse` when what is mounted `now` is not what was `seen` there before, nor nothing."""
    if now is not None and (seen is None or not now.same_as(seen)):
        raise InUse(
            f"{now.label} has just been mounted on {mount_point}",
            hint="see what it is, and run this again: findmnt --list " + word(mount_point),
        )


def our_mount(focus: ShareMapping, observed: Observed) -> HostMount | None:
    """What is visible at the mount point, if sharectl made it.

    Raises `InUse` when somebody has mounted something over it.
    """
    mount = mounted_at(observed.mounts, focus.mount_point)
    if mount is None or is_ours(focus, mount, observed.notes.get(focus.mount_point)):
        return mount
    check_not_covered(focus, observed)
    return None


def check_not_covered(focus: ShareMapping, observed: Observed) -> None:
    """What somebody has laid over our mount is not ours to take away."""
    *below, top = layers_at(observed.mounts, focus.mount_point)
    ours = [item for item in below if same_source(focus.protocol, focus.export_location, item)]
    if ours and not same_source(focus.protocol, focus.export_location, top):
        raise InUse(
            f"{top.label} is mounted over {focus.export_location} on {focus.mount_point}",
            hint=f"see who uses it, then: umount {word(focus.mount_point)}; then:"
            " sharectl reconcile",
        )
