"""What happens to the world beside sharectl: steps that begin with a host or `manila`.

Each is done at once. One that makes no sense just now does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sharectl.model.enums import AccessLevel, AccessType, RuleState
from sharectl.model.mounts import HostMount, mounted_at
from sharectl.model.share import Access, ExportLocation
from tests.simulation.kernel import BASE

if TYPE_CHECKING:
    from tests.simulation.host import Host
    from tests.simulation.world import World

_RESCUE = ("ext4", "/dev/vdb1")


def act(world: World, who: str, words: list[str]) -> None:
    """Do what `words` say, of host `who` or of Manila."""
    if who == "manila":
        _MANILA[words[0]](world, words[1:])
    else:
        _HOST[words[0]](world, world.hosts[who], words[1:])


def _stop(world: World, host: Host, words: list[str]) -> None:
    for libvirt, uuid in host.everyone:
        if libvirt.name_of(uuid) == words[0] and not libvirt.extra(uuid).starting:
            libvirt.stop(uuid)


def _undefine(world: World, host: Host, words: list[str]) -> None:
    uuid = host.domains.uuid_of(words[0])
    if uuid is not None and not host.domains.is_running(uuid):
        host.domains.undefine(uuid)


def _rename(world: World, host: Host, words: list[str]) -> None:
    uuid = host.domains.uuid_of(words[0])
    taken = host.domains.uuid_of(words[1]) is not None
    if uuid is not None and not taken and not host.domains.is_running(uuid):
        host.domains.rename(uuid, words[1])


def _snapshot(world: World, host: Host, words: list[str]) -> None:
    if (uuid := host.domains.uuid_of(words[0])) is not None:
        host.domains.keep_snapshot(uuid)


def _revert(world: World, host: Host, words: list[str]) -> None:
    if (uuid := host.domains.uuid_of(words[0])) is not None:
        host.domains.revert(uuid)


def _clone(world: World, host: Host, words: list[str]) -> None:
    uuid = host.domains.uuid_of(words[0])
    if uuid is not None and host.domains.uuid_of(words[1]) is None:
        host.domains.clone(uuid, words[1])


def _edit(world: World, host: Host, words: list[str]) -> None:
    """The source gets a slash at its end, the tag another name, the driver or the device goes."""
    domain, share, how = words
    uuid, share_id = host.domains.uuid_of(domain), world.manila.id_of(share)
    if uuid is None or host.domains.is_running(uuid):
        return
    source = f"{BASE}/{share_id}"
    if how == "driver":
        host.domains.edit_filesystem(uuid, '<driver type="virtiofs"/>', "")
    elif how == "slash":
        host.domains.edit_filesystem(uuid, f'dir="{source}"/>', f'dir="{BASE}//{share_id}/"/>')
    elif how == "tag":
        host.domains.edit_filesystem(uuid, f'<target dir="{share_id}"/>', '<target dir="mine"/>')
    else:
        for item in host.domains.filesystems_of(uuid):
            if item.source == source:
                host.domains.take_out(uuid, item)


def _unplug(world: World, host: Host, words: list[str]) -> None:
    uuid = host.domains.uuid_of(words[0])
    if uuid is not None and not host.domains.extra(uuid).starting:
        host.domains.unplug(uuid, _point(world, words[1]))


def _daemon(world: World, host: Host, words: list[str]) -> None:
    uuid = host.domains.uuid_of(words[0])
    if uuid is not None and not host.domains.extra(uuid).starting:
        host.domains.end_daemon(uuid, _point(world, words[1]))


def _disk(world: World, host: Host, words: list[str]) -> None:
    """A disk of the domain is a file on the share's mount."""
    uuid = host.domains.uuid_of(words[0])
    if uuid is not None and not host.domains.is_running(uuid):
        host.domains.add_disk(uuid, _point(world, words[1]) + "/disk.img")


def _forge(world: World, host: Host, words: list[str]) -> None:
    """Somebody defines a domain with a mark and a filesystem of a share that it never had."""
    uuid, share_id = host.domains.uuid_of(words[0]), world.manila.id_of(words[1])
    known = any(item.domain_uuid == uuid for item in host.store.mappings)
    if uuid is not None and not known and not host.domains.is_running(uuid):
        host.domains.forge(uuid, share_id, f"{BASE}/{share_id}", host)


def _migrate(world: World, host: Host, words: list[str]) -> None:
    """`virsh migrate --offline --persistent --undefinesource` to the other host."""
    (there,) = (item for item in world.hosts.values() if item is not host)
    uuid = host.domains.uuid_of(words[0])
    if uuid is None or host.domains.is_running(uuid) or uuid in there.domains.uuids:
        return
    there.domains.come(uuid, f"{words[0]}-moved", host.domains.leave(uuid))


def _slow(world: World, host: Host, words: list[str]) -> None:
    host.mounts.slow.symmetric_difference_update({_point(world, words[0])})


def _lose_store(world: World, host: Host, words: list[str]) -> None:
    """The disk with the store is gone."""
    if "store" not in host.locks:
        host.given_up.update(item.share_id for item in host.store.mappings)
        host.store._mappings.clear()


def _nat(world: World, host: Host, words: list[str]) -> None:
    """The file server sees both hosts with one address."""
    for item in world.hosts.values():
        item.mounts.address = "198.51.100.7"


def _point(world: World, share: str) -> str:
    return f"{BASE}/{world.manila.id_of(share)}"


def _umount(world: World, host: Host, words: list[str]) -> None:
    mounts = host.mounts
    top = mounted_at(mounts.list(), _point(world, words[0]))
    if top is not None:
        mounts.mounted = [item for item in mounts.mounted if item is not top]


def _cover(world: World, host: Host, words: list[str]) -> None:
    """A file system of the admin's, over ours or where ours is not."""
    point = _point(world, words[0])
    top = mounted_at(host.mounts.list(), point)
    if top is None or top.fs_type != _RESCUE[0]:
        host.mounts.mounted.append(HostMount(point, *_RESCUE, frozenset({"rw"})))


def uncover(world: World, host: Host, words: list[str]) -> None:
    """The admin's file systems go."""
    mounts = host.mounts
    mounts.mounted = [
        item
        for item in mounts.mounted
        if item.fs_type != _RESCUE[0] or not item.mount_point.startswith(BASE)
    ]


def _reboot(world: World, host: Host, words: list[str]) -> None:
    """The processes of the host are killed by the history."""
    for libvirt, uuid in host.everyone:
        libvirt.stop(uuid)
    host.mounts.reboot()


def _hook(world: World, host: Host, words: list[str]) -> None:
    host.hook = words[0] == "on"


def _libvirt(world: World, host: Host, words: list[str]) -> None:
    host.domains.dead = words[0] == "down"


def _mute(world: World, host: Host, words: list[str]) -> None:
    if (uuid := host.domains.uuid_of(words[0])) is not None:
        host.domains.hanging.symmetric_difference_update({uuid})


def _server(world: World, host: Host, words: list[str]) -> None:
    server = {"docs": "192.0.2.1", "data": "192.0.2.21"}[words[0]]
    host.mounts.dead.symmetric_difference_update({server})


def _manila(world: World, words: list[str]) -> None:
    world.manila.dead = words[0] == "down"
    world.silent = world.silent or world.manila.dead


def _lie(world: World, words: list[str]) -> None:
    world.manila.lying = not world.manila.lying
    world.silent = True


def _withdraw(world: World, words: list[str]) -> None:
    """An owner of the share withdraws all rules of sharectl's by hand."""
    share_id = world.manila.id_of(words[0])
    for rule in world.manila.all_rules:
        if rule.share_id == share_id and rule.id in world.manila.owners:
            world.manila.drop_rule(rule.id)


def _allow(world: World, words: list[str]) -> None:
    """Somebody gives the hosts' network access to the NFS share."""
    access = Access(AccessType.IP, "198.51.100.0/24", AccessLevel(words[1]))
    share_id = world.manila.id_of(words[0])
    if world.manila.exists(share_id) and not any(
        rule.access.to == access.to for rule in world.manila.all_rules
    ):
        world.manila.add_rule(share_id, access, metadata={"made": "by hand"})


def _fail(world: World, words: list[str]) -> None:
    """A rule goes to error; the file server goes on as before."""
    for rule in world.manila.all_rules:
        if rule.share_id == world.manila.id_of(words[0]) and not rule.coming:
            rule.state = RuleState.ERROR
            world.manila.still_in_force.add(rule.id)


def _swap(world: World, words: list[str]) -> None:
    """The shares change their names."""
    one, other = (world.manila.id_of(name) for name in ("docs", "data"))
    if not (world.manila.exists(one) and world.manila.exists(other)) or world.manila.binned:
        return
    world.swaps += 1
    names = world.manila.name_of(one), world.manila.name_of(other)
    world.manila.change(one, name=names[1])
    world.manila.change(other, name=names[0])


def _move(world: World, words: list[str]) -> None:
    """The share is exported elsewhere from now on."""
    share_id = world.manila.id_of(words[0])
    if world.manila.exists(share_id) and share_id not in world.manila.binned:
        path = {
            "docs": "192.0.2.1:/exports/moved",
            "data": "192.0.2.21:6789:/volumes/_nogroup/moved",
        }
        world.manila.change(share_id, export_locations=(ExportLocation(path[words[0]]),))


def _delete(world: World, words: list[str]) -> None:
    share_id = world.manila.id_of(words[0])
    if world.manila.exists(share_id):
        world.manila.delete(share_id)
        world.manila.binned.discard(share_id)


def _bin(world: World, words: list[str]) -> None:
    """The share goes into the recycle bin, or comes back."""
    share_id = world.manila.id_of(words[0])
    if not world.manila.exists(share_id):
        return
    if share_id in world.manila.binned:
        world.manila.restore(share_id)
    else:
        world.manila.soft_delete(share_id)
    world.manila.binned.symmetric_difference_update({share_id})


def _user(world: World, words: list[str]) -> None:
    """Another user of the project asks from now on, or again the one who made the rules."""
    if words[0] == "other":
        world.manila.log_in_as_another()
    else:
        world.manila.log_in_as_maker()


_HOST: dict[str, Callable[[World, Host, list[str]], None]] = {
    "stop": _stop, "undefine": _undefine, "rename": _rename, "snapshot": _snapshot,
    "revert": _revert, "clone": _clone, "edit": _edit, "umount": _umount, "cover": _cover,
    "uncover": uncover, "reboot": _reboot, "hook": _hook, "libvirt": _libvirt, "mute": _mute,
    "server": _server, "unplug": _unplug, "daemon": _daemon, "disk": _disk, "migrate": _migrate,
    "forge": _forge, "slow": _slow, "loses-store": _lose_store, "nat": _nat,
}  # fmt: skip
_MANILA: dict[str, Callable[[World, list[str]], None]] = {
    "is": _manila, "lies": _lie, "withdraw": _withdraw, "allow": _allow, "error": _fail,
    "swap": _swap, "delete": _delete, "user": _user, "moves": _move, "bins": _bin,
}  # fmt: skip
