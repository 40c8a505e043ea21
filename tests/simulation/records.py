"""What a process may write into the store, by what it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.errors import Interrupted
from sharectl.model.enums import Intent

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from tests.simulation.host import Host
    from tests.simulation.scheduler import Process
    from tests.simulation.world import World


def deleted(world: World, host: Host, process: Process, old: ShareMapping | None) -> None:
    """A record was dropped: the share was detached, and nothing of it is left."""
    if old is None:
        return
    if process.verb.startswith("forget"):
        host.given_up.add(old.share_id)
        return
    if old.intent is Intent.ATTACHED:
        world.violated(f"{process.verb}: dropped an attached record")
    world.check_known(host, process, old.share_id)
    _check_name(world, process, old)


def written(
    world: World, host: Host, process: Process, old: ShareMapping | None, new: ShareMapping
) -> None:
    """A record was written: of the share that was asked for, and of what is true."""
    if old is None:
        _check_name(world, process, new)
        if process.verb == "adopt":
            _check_adopted(world, host, new)
    elif old.wanted and not new.wanted:
        _check_name(world, process, new)
        if process.verb.startswith("remove"):
            world.detaching[new.id] = process
    if new.intent is Intent.ATTACHED:
        world.attached.add((new.domain_uuid, new.share_id))


def _check_name(world: World, process: Process, mapping: ShareMapping) -> None:
    """A name means the share that has it now; which that is, Manila alone knows."""
    verb, *words = process.verb.split()
    if verb not in ("add", "remove") or not world.manila.exists(mapping.share_id):
        return
    name, meant = words[1], {world.manila.name_of(mapping.share_id), mapping.share_id}
    if name not in meant and not world.silent and world.swaps == process.swaps:
        world.violated(f"{process.verb}: took the share that is named {meant}")


def _check_adopted(world: World, host: Host, new: ShareMapping) -> None:
    libvirt = host.libvirt_of(new.domain_uuid)
    if libvirt is None:
        return  # undefined since it was looked at
    marks = libvirt.marks_of(new.domain_uuid)
    if not any(item.share_id == new.share_id for item in marks):
        world.violated("adopt: recorded what the domain does not have any more")
    if (new.domain_uuid, new.share_id) not in world.attached:
        world.violated("adopt: recorded what the domain has never had")


def ended(world: World, host: Host, process: Process) -> None:
    """A remove that was stopped before it did anything leaves the share attached."""
    if not isinstance(process.error, Interrupted) or process.signals > 1 or process.effects:
        return
    for mapping in host.store.mappings:
        if world.detaching.get(mapping.id) is process and not mapping.wanted:
            world.violated(f"{process.verb}: was stopped before it did anything, and is not over")
