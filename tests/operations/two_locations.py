"""A share with two export locations, for what is tried with it."""

from __future__ import annotations

from collections.abc import Callable

from sharectl.model.mapping import ShareMapping
from sharectl.model.share import ExportLocation
from tests.operations.scenarios import CEPH_PATH, NFS_PATH, World, cephfs, nfs

SECOND = "[2001:db8::2]:/exports/one"
SERVER, SECOND_SERVER = "192.0.2.1", "2001:db8::2"
OTHER_ADDRESS = "2001:db8::7"
CEPH_SECOND = "192.0.2.31:6789:/volumes/_nogroup/two"


def two(make: Callable[[], World] = nfs, second: str = SECOND) -> World:
    """A world whose share has a second location; this host has another address towards that."""
    world = make()
    first = CEPH_PATH if make is cephfs else NFS_PATH
    locations = ExportLocation(second, id="loc-2"), ExportLocation(first, True, "loc-1")
    world.app.shares.change(world.share_id, export_locations=locations)
    world.app.mounts.addresses[SECOND_SERVER] = OTHER_ADDRESS
    return world


def mapping(world: World) -> ShareMapping:
    """Of the first domain."""
    return world.app.store.load()[0]


def clients(world: World) -> list[str]:
    """Who has access, once Manila is done."""
    world.app.shares.settle()
    return [rule.access.to for rule in world.app.shares.all_rules]
