"""`App` on the fakes, and the state of its world to compare before and after."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace

from sharectl.config import Config
from sharectl.model import domain_xml
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import HostMount
from sharectl.model.share import Access
from sharectl.model.xml import parse
from sharectl.ports import Origin
from sharectl.ports.events import Events
from tests.fakes.domains import FakeDomains
from tests.fakes.hook_host import FakeHookHost
from tests.fakes.mounts import FakeMounts
from tests.fakes.process import FakeClock, FakeHost, FakeInterrupts, FakeLocks, Heard
from tests.fakes.shares import FakeShares
from tests.fakes.store import FakeSecrets, FakeWithdrawals, MemoryStore


@dataclass(frozen=True)
class Snapshot:
    """Everything that sharectl can change, without what differs from run to run."""

    domains: frozenset[tuple[str, str]]
    rules: frozenset[tuple[str, Access, str]]
    mounts: tuple[HostMount, ...]
    keys: frozenset[str]
    mappings: tuple[ShareMapping, ...]


class FakeApp:
    """A host with nothing attached yet. Tests fill it through the fakes."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.heard = Heard()
        self.events = Events(self.heard)
        self.interrupts = FakeInterrupts()
        self.clock = FakeClock()
        self.host = FakeHost()
        self.locks = FakeLocks()
        self.store = MemoryStore()
        self.secrets = FakeSecrets(self.config.secrets_dir)
        self.withdrawals = FakeWithdrawals()
        self.shares = FakeShares()
        self.mounts = FakeMounts(self.shares, self.secrets)
        self.domains = FakeDomains(self.mounts)
        self.hook_host = FakeHookHost(self.clock, self.config.hook_stamp)
        self.libvirts: dict[str, FakeDomains] = {}
        self.clouds: dict[str, FakeShares] = {}

    def at(self, origin: Origin) -> FakeApp:
        """The same with another libvirt or cloud, if the origin names one that is known."""
        there = copy(self)
        there.domains = self.libvirts.get(origin.libvirt_uri, self.domains)
        there.shares = self.clouds.get(origin.cloud, self.shares)
        return there

    def reconfigure(self, **settings: object) -> None:
        """Other settings, as in `Config`."""
        self.config = replace(self.config, **settings)  # type: ignore[arg-type]

    def restart(self) -> None:
        """The next sharectl is another process in the same world."""
        self.heard = Heard()
        self.events = Events(self.heard)
        self.interrupts = FakeInterrupts()
        self.locks = FakeLocks()

    def snapshot(self) -> Snapshot:
        """The world, once what Manila has been asked for is done."""
        self.shares.settle()
        rules = self.shares.all_rules
        return Snapshot(
            domains=frozenset((uuid, self.domains.xml_of(uuid)) for uuid in self.domains.uuids),
            rules=frozenset((rule.share_id, rule.access, rule.state.value) for rule in rules),
            mounts=self.mounts.list(),
            keys=frozenset(path.stem for path in self.secrets.files),
            mappings=self.store.load(),
        )

    def leftovers(self, before: Snapshot) -> list[str]:
        """What is there beyond `before` although no mapping speaks of it."""
        now = self.snapshot()
        recorded = {item.share_id for item in now.mappings}
        tags = {(item.domain_uuid, item.tag) for item in now.mappings}
        found = [f"rule {rule}" for rule in now.rules - before.rules if rule[0] not in recorded]
        found += [
            f"mount {mount.mount_point}"
            for mount in now.mounts
            if mount not in before.mounts and mount.mount_point.rpartition("/")[2] not in recorded
        ]
        found += [f"key {key}" for key in now.keys - before.keys - recorded]
        for uuid, xml in now.domains - before.domains:
            filesystems = domain_xml.filesystems(parse(xml))
            found += [f"device {i.tag}" for i in filesystems if (uuid, i.tag) not in tags]
            if not any(item.domain_uuid == uuid for item in now.mappings):
                found.append(f"definition of {uuid}")
        return found
