"""A simulated host: what its kernel, its libvirts and its disk hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sharectl.config import Config
from tests.fakes.store import FakeSecrets, FakeWithdrawals, MemoryStore
from tests.simulation.kernel import SimMounts
from tests.simulation.libvirt import DISK, SESSION, Served, SimDomains


@dataclass
class Host:
    """A host: what its kernel, its libvirt and its disk hold."""

    name: str
    id: str
    node: str
    mounts: SimMounts
    domains: SimDomains
    session: SimDomains
    secrets: FakeSecrets
    withdrawals: FakeWithdrawals = field(default_factory=FakeWithdrawals)
    store: MemoryStore = field(default_factory=MemoryStore)
    locks: dict[str, str] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    hook: bool = True
    config: Config = field(default_factory=Config)

    @property
    def libvirts(self) -> Mapping[str, SimDomains]:
        """By URI."""
        return {self.config.libvirt_uri: self.domains, SESSION: self.session}

    def libvirt_of(self, uuid: str) -> SimDomains | None:
        """The one that has the domain."""
        return next((it for it in self.libvirts.values() if uuid in it.uuids), None)

    @property
    def everyone(self) -> Iterator[tuple[SimDomains, str]]:
        """All domains, each with the libvirt that has it."""
        return ((libvirt, uuid) for libvirt in self.libvirts.values() for uuid in libvirt.uuids)

    @property
    def served_guests(self) -> Iterator[tuple[str, Served]]:
        """Names of running guests, and what they have; a virtiofsd that died serves nothing."""
        for uuid, name, served in self.guests:
            libvirt = self.libvirt_of(uuid)
            live = libvirt.live(uuid) if libvirt is not None else ()
            if served.tag == DISK or any(it.tag == served.tag and it.served for it in live):
                yield name, served

    @property
    def guests(self) -> Iterator[tuple[str, str, Served]]:
        """What running guests are served: UUID and name of the guest, and what."""
        return (
            (uuid, libvirt.name_of(uuid), served)
            for libvirt in self.libvirts.values()
            for uuid, served in libvirt.served()
        )
