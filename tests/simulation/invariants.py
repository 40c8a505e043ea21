"""What is not as it should be on a host, by the world's own knowledge and not by sharectl's."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import normpath
from typing import TYPE_CHECKING

from sharectl.model.access import allows, serves_to
from sharectl.model.domain import is_within
from sharectl.model.enums import Intent, RuleState
from sharectl.model.mounts import mounted_at
from tests.simulation.kernel import BASE
from tests.simulation.libvirt import DISK

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from sharectl.model.share import ExportLocation
    from tests.fakes.rules import Rule
    from tests.simulation.host import Host
    from tests.simulation.libvirt import SimDomains
    from tests.simulation.world import World


def faults(world: World, host: Host) -> list[str]:
    """Everything that is wrong; `reconcile` mends it, or names it."""
    found: list[str] = []
    for mapping in host.store.mappings:
        name = f"{mapping.domain_name}/{mapping.share_name}"
        found += [f"{name}: {what}" for what in _of_mapping(world, host, mapping)]
    found += _unrecorded(host)
    found += [f"{it.id}, which no record knows" for it in unknown_rules(world, host)]
    found += [f"the rules of {it.share_id} are to go" for it in host.withdrawals.list()]
    found += [f"a mount that was killed has left {point}" for point in host.mounts.left]
    known = {item.share_id for item in host.store.mappings} | host.given_up
    found += [f"key of {path.stem}" for path in host.secrets.files if path.stem not in known]
    return found


def crowded_out(world: World, host: Host) -> list[ShareMapping]:
    """Mappings whose client has the rule of another host, as behind one address."""
    return [
        mapping
        for mapping in host.store.mappings
        for rule in world.manila.all_rules
        if rule.share_id == mapping.share_id and _for_client(rule.access, mapping)
        if world.manila.owners.get(rule.id, host.name) != host.name
    ]


def _of_mapping(world: World, host: Host, mapping: ShareMapping) -> Iterator[str]:
    if mapping.intent is not Intent.ATTACHED:
        yield f"is {mapping.intent}"
    libvirt = host.libvirt_of(mapping.domain_uuid)
    if libvirt is None:
        yield "the domain is gone"
        return
    if not world.manila.exists(mapping.share_id):
        yield "the share is gone"
        return
    if mapping.share_id in world.manila.binned:
        yield "the share is in the recycle bin"
    yield from _device(libvirt, mapping)
    yield from _access(world, host, mapping)
    yield from _mount(host, mapping, world.manila.locations(mapping.share_id))
    yield from _guest(host, mapping)


def _device(libvirt: SimDomains, mapping: ShareMapping) -> Iterator[str]:
    sources = [
        item
        for item in libvirt.filesystems_of(mapping.domain_uuid)
        if normpath(item.source or "") == mapping.mount_point
    ]
    if [item.tag for item in sources] != [mapping.tag]:
        yield f"the domain has it as {[item.tag for item in sources]}, not as {mapping.tag}"
    if any(item.driver != "virtiofs" for item in sources):
        yield "the filesystem is no virtiofs"


def _access(world: World, host: Host, mapping: ShareMapping) -> Iterator[str]:
    serving = []
    for rule in world.manila.all_rules:
        shown = world.manila._shown(rule)
        if rule.share_id == mapping.share_id and rule.state is RuleState.ACTIVE:
            serving.append((rule, shown))
    enough = [
        rule.id
        for rule, shown in serving
        if _for_client(rule.access, mapping) and allows(shown, mapping.access_level)
    ]
    if not enough:
        yield "no rule lets this host have it"
    elif all(world.manila.owners.get(item, host.name) != host.name for item in enough):
        yield "it leans on the rule of another host"


def _for_client(access: object, mapping: ShareMapping) -> bool:
    from sharectl.model.share import Access, AccessRule

    assert isinstance(access, Access)
    plain = AccessRule("", access.type.value, access.to, access.level.value, RuleState.ACTIVE)
    return serves_to(plain, mapping.access)


def _mount(
    host: Host, mapping: ShareMapping, locations: tuple[ExportLocation, ...]
) -> Iterator[str]:
    mount = mounted_at(host.mounts.list(), mapping.mount_point)
    if mount is None:
        yield "it is not mounted"
        return
    made = host.mounts.made.get(id(mount))
    if made is None or made.share_id != mapping.share_id:
        yield f"{mount.label} is mounted in its place"
        return
    if not any(made.source == it.path for it in locations):
        yield f"its mount is of {made.source}, where it no longer is"
    if mount.read_only != (mapping.access_level == "ro"):
        yield f"its mount is {'read-only' if mount.read_only else 'read-write'}"
    if host.mounts.is_cut_off(mount):
        yield "the file server has cut off its mount"


def _guest(host: Host, mapping: ShareMapping) -> Iterator[str]:
    for uuid, _name, served in host.guests:
        if uuid != mapping.domain_uuid or served.tag == DISK:
            continue
        if served.source == mapping.mount_point:
            libvirt = host.libvirt_of(uuid)
            live = [it for it in libvirt.live(uuid) if it.tag == served.tag] if libvirt else []
            if not live:
                yield "it was taken out of its running guest"
            elif not all(it.served for it in live):
                yield "the virtiofsd of its guest is dead"
            if served.mount.fs_type == "tmpfs":
                yield "its guest runs with the empty mount point"
            elif host.mounts.is_cut_off(served.mount):
                yield "its guest has lost it"


def _unrecorded(host: Host) -> Iterator[str]:
    """Devices and mounts of ours that no record speaks of."""
    known = {(item.domain_uuid, item.mount_point) for item in host.store.mappings}
    for libvirt, uuid in host.everyone:
        for item in libvirt.filesystems_of(uuid):
            source = normpath(item.source or "")
            if libvirt is host.session and source.rpartition("/")[2] in host.given_up:
                continue  # nothing leads to a libvirt that no record names
            if is_within(source, BASE) and (uuid, source) not in known:
                yield f"{libvirt.name_of(uuid)} has {source}, which no record speaks of"
    points = {item.mount_point for item in host.store.mappings}
    for mount in host.mounts.list():
        covered = mounted_at(host.mounts.list(), mount.mount_point) is not mount
        if covered and mount.mount_point.rpartition("/")[2] in host.given_up:
            continue  # an admin forgot it, and laid something over it
        if id(mount) in host.mounts.made and mount.mount_point not in points:
            yield f"{mount.mount_point} is mounted, and no record speaks of it"


def unknown_rules(world: World, host: Host) -> Iterator[Rule]:
    """Rules that this host's sharectl made and that no record of the share is for."""
    for rule in world.manila.all_rules:
        if world.manila.owners.get(rule.id) != host.name or rule.share_id in host.given_up:
            continue
        own = [item for item in host.store.mappings if item.share_id == rule.share_id]
        if not any(
            rule.access.to == item.access_to or rule.id in item.outdated_rules for item in own
        ):
            yield rule
