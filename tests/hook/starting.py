"""A domain with a share that is about to start, for the tests of the hook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from sharectl.errors import SharectlError
from sharectl.hook import before_start as hook
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import HostMount, mounted_at
from tests.fakes import FakeApp
from tests.fakes.mounts import umount
from tests.operations.scenarios import World, attached, nfs


@dataclass(frozen=True)
class Start:
    """A domain with a share that is about to start; libvirt and Manila are out of reach."""

    app: FakeApp
    uuid: str

    @property
    def mapping(self) -> ShareMapping:
        """The first that is recorded."""
        return self.app.store.load()[0]

    @property
    def mount(self) -> HostMount | None:
        """What is mounted at its mount point."""
        return mounted_at(self.app.mounts.list(), self.mapping.mount_point)

    def prepare(self) -> None:
        """What libvirt asks for."""
        self.app.domains.dead = True
        hook.prepare(self.app, self.app.domains.xml_of(self.uuid))

    def refused(self) -> str:
        """Why it must not start, as virsh shows it."""
        self.app.domains.dead = True
        return refused(self.app, self.app.domains.xml_of(self.uuid))

    def unmount(self) -> None:
        """As after a reboot of the host."""
        umount(self.app.mounts, self.mapping.mount_point)

    def change(self, **fields: object) -> None:
        """Write other values into the record."""
        with self.app.store.transaction() as store:
            store.put(replace(self.mapping, **fields))  # type: ignore[arg-type]

    def forget(self) -> None:
        """The store loses the record."""
        with self.app.store.transaction() as store:
            store.delete(self.mapping.id)


def starting(make: Callable[[], World] = nfs) -> Start:
    """The share is attached and mounted, the domain is shut off."""
    world, _ = attached(make)
    world.app.restart()
    return Start(world.app, world.uuid)


def refused(app: FakeApp, xml: str) -> str:
    """Why a domain with that XML must not start, as virsh shows it."""
    with pytest.raises(SharectlError) as caught:
        hook.prepare(app, xml)
    return f"{caught.value.message}; {caught.value.hint}"
