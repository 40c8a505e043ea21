"""Worlds in which add and remove are tried, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sharectl.model.enums import AccessLevel, AccessType, SharedMemory
from sharectl.model.share import Access
from sharectl.operations.add import AddResult, add
from sharectl.operations.add_checks import AddRequest
from sharectl.operations.remove import RemoveRequest, RemoveResult, remove
from sharectl.ports import App
from tests.fakes import FakeApp
from tests.fakes.app import Snapshot

NFS_PATH = "192.0.2.1:/exports/one"
CEPH_PATH = "192.0.2.21:6789,192.0.2.22:6789:/volumes/_nogroup/two"
CEPH_ID = "sharectl-hyper1-01234567"
HOST_ADDRESS = "198.51.100.7"


@dataclass(frozen=True)
class World:
    """A world and what is asked for in it: share `share` for domain "guest"."""

    app: FakeApp
    share: str
    request: AddRequest

    @property
    def share_id(self) -> str:
        """The share's ID."""
        return self.app.shares.find(self.share).id

    def asking(self, **changes: object) -> World:
        """The same world, another wish (fields of `AddRequest`)."""
        return replace(self, request=replace(self.request, **changes))  # type: ignore[arg-type]

    @property
    def uuid(self) -> str:
        """The domain's UUID."""
        return self.app.domains.find(self.request.domain).uuid

    @property
    def mount_point(self) -> str:
        """Where the first mapping's share is mounted."""
        return self.app.store.load()[0].mount_point

    def add(self, app: App | None = None) -> AddResult:
        """Attach as asked; through `app` when faults lie between."""
        return add(app or self.app, self.request)

    def remove(self, app: App | None = None, **changes: object) -> RemoveResult:
        """Detach; `changes` are fields of `RemoveRequest`."""
        request = replace(RemoveRequest(self.request.domain, self.share), **changes)  # type: ignore[arg-type]
        return remove(app or self.app, request)


def attached(make: Callable[[], World]) -> tuple[World, Snapshot]:
    """A world in which the share is attached as asked, and how it was before."""
    world = make()
    before = world.app.snapshot()
    world.add()
    return world, before


def nfs() -> World:
    """A domain with shared memory, an NFS share, and a neighbour of each."""
    app = FakeApp()
    app.domains.define("guest")
    app.domains.define("neighbour")
    app.shares.create("docs", "NFS", NFS_PATH)
    app.shares.create("other", "NFS", "192.0.2.1:/exports/other")
    return World(app, "docs", AddRequest("guest", "docs"))


def cephfs() -> World:
    """A CephFS share whose key is late."""
    world = nfs()
    world.app.shares.create("data", "CEPHFS", CEPH_PATH, metadata={"__mount_options": "fs=vol"})
    world.app.shares.key_looks = 2
    return replace(world, share="data", request=AddRequest("guest", "data"))


def read_only() -> World:
    """Asked for read-only."""
    return nfs().asking(level=AccessLevel.RO)


def private_memory() -> World:
    """A domain whose memory has to be made shared first."""
    world = nfs()
    world.app.domains.define("plain", shared_memory=False)
    return world.asking(domain="plain", shared_memory=SharedMemory.MEMFD)


def old_manila() -> World:
    """A Manila without rule metadata: whose a rule is stands in the store alone."""
    world = nfs()
    world.app.shares.with_metadata = False
    return world


def second_domain() -> World:
    """The share is attached to the neighbour already."""
    world = cephfs()
    add(world.app, AddRequest("neighbour", "data"))
    return world


def foreign_rule() -> World:
    """Somebody has given this host access already."""
    world = nfs()
    access = Access(AccessType.IP, HOST_ADDRESS, AccessLevel.RW)
    world.app.shares.add_rule(world.share_id, access, metadata={"made": "by hand"})
    return world


SCENARIOS: dict[str, Callable[[], World]] = {
    make.__name__: make
    for make in (
        nfs,
        cephfs,
        private_memory,
        old_manila,
        second_domain,
        foreign_rule,
    )
}
