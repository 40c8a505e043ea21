"""The world of a history: one Manila, hosts beside each other, and what they must never do."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from sharectl.model.enums import AccessType
from tests.fakes.process import FakeClock
from tests.fakes.store import FakeSecrets
from tests.simulation.host import Host
from tests.simulation.kernel import BASE, Made, SimMounts
from tests.simulation.libvirt import DISK, SESSION, SimDomains
from tests.simulation.manila import SimShares

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sharectl.config import Config
    from tests.fakes.rules import Rule
    from tests.simulation.libvirt import Served
    from tests.simulation.scheduler import Process

DOMAINS = ("guest", "neighbour")
SHARES = ("docs", "data")
NFS_PATH = "192.0.2.1:/exports/docs"
CEPH_PATH = "192.0.2.21:6789:/volumes/_nogroup/data"


class World:
    """Two hosts of one name, and the shares that both may attach.

    Attributes:
        attached: UUIDs of domains and shares that were attached at any time.
        detaching: who last made a mapping one to be detached, by its ID.
        swaps: how often shares have changed their names.
        silent: whether Manila did not tell everything at some time.
        violations: what has happened that must never happen.
    """

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.manila = SimShares()
        self.violations: list[str] = []
        self.attached: set[tuple[str, str]] = set()
        self.detaching: dict[str, Process] = {}
        self.swaps = 0
        self.silent = False
        self.hosts = {
            "h1": self._host("h1", "node1.example.org", "198.51.100.7", 1),
            "h2": self._host("h2", "node1.example.org", "198.51.100.8", 101),
        }
        for host in self.hosts.values():
            for name in DOMAINS:
                host.domains.define(name)
        self.manila.open("docs", "NFS", NFS_PATH)
        self.manila.open("data", "CEPHFS", CEPH_PATH, metadata={"__mount_options": "fs=vol"})

    def _host(self, name: str, node: str, address: str, first: int) -> Host:
        secrets = FakeSecrets(self._config().secrets_dir)
        mounts = SimMounts(self.manila, secrets, address)
        domains = SimDomains(mounts)
        domains._numbers = count(first)
        session = SimDomains(mounts)
        session._numbers = count(first + 50)
        session.upgrade(uri=SESSION)
        session.define("mine")
        return Host(name, name[-1] * 32, node, mounts, domains, session, secrets)

    @staticmethod
    def _config() -> Config:
        from sharectl.config import Config

        return Config()

    def violated(self, what: str) -> None:
        """Something happened that must never happen."""
        self.violations.append(what)

    def granted(self, host: Host, rule: Any) -> Any:
        """Remember whose the new rule is."""
        self.manila.owners[rule.id] = host.name
        return rule

    def revoked(
        self, host: Host, process: Process, revoke: Callable[..., None], share_id: str, rule_id: str
    ) -> None:
        """Carry it out, and look whose rule it was and who lived by it."""
        rule = self.manila.rule(rule_id)
        owner = self.manila.owners.get(rule_id)
        if rule is not None and owner != host.name:
            self.violated(f"{process.verb}: revoked {rule_id} of {owner or 'somebody else'}")
        living = list(self._living_by(rule)) if rule is not None else []
        revoke(share_id, rule_id)
        after = self.manila.rule(rule_id)
        if after is None or after.state.value in ("queued_to_deny", "denying"):
            for name in living:
                self.violated(f"{process.verb}: revoked {rule_id} from under guest {name}")

    def _living_by(self, rule: Rule) -> Iterator[str]:
        """Running guests that have nothing but that rule."""
        for host in self.hosts.values():
            for name, served in host.served_guests:
                made = host.mounts.made.get(id(served.mount))
                if made is None or made.share_id != rule.share_id:
                    continue
                if host.mounts.is_cut_off(served.mount):
                    continue
                if self._needs(host, made, rule):
                    yield f"{name} of {host.name}"

    def _needs(self, host: Host, made: Made, rule: Rule) -> bool:
        if made.key is not None:
            return made.key == rule.key
        level = self.manila.level_for(rule.share_id, AccessType.IP, host.mounts.address)
        state, rule.state = rule.state, rule.state.__class__.ERROR
        without = self.manila.level_for(rule.share_id, AccessType.IP, host.mounts.address)
        rule.state = state
        return without != level

    def unmounted(
        self, host: Host, process: Process, unmount: Callable[..., None], *args: Any, **kwargs: Any
    ) -> None:
        """Carry it out, and look what is gone and who was served from it."""
        before = list(host.mounts.mounted)
        unmount(*args, **kwargs)
        gone = [item for item in before if not any(item is it for it in host.mounts.mounted)]
        for item in gone:
            if id(item) not in host.mounts.made:
                self.violated(f"{process.verb}: unmounted {item.label}, which is not ours")
            for name, served in host.served_guests:
                if served.mount is item:
                    self.violated(f"{process.verb}: unmounted from under guest {name}")

    def check_known(self, host: Host, process: Process, share_id: str) -> None:
        """The last record of a share is gone: so must be the rules that it knew of.

        A mount that stays, since another domain has it, leads to them as well.
        """
        if any(item.share_id == share_id for item in host.store.mappings):
            return
        if share_id in host.given_up:
            return
        if any(item.mount_point == f"{BASE}/{share_id}" for item in host.mounts.list()):
            return
        noted = {rule_id for note in host.withdrawals.list() for rule_id in note.rules}
        for rule in self.manila.all_rules:
            if rule.id in noted:
                continue
            if rule.share_id == share_id and self.manila.owners.get(rule.id) == host.name:
                self.violated(f"{process.verb}: forgot the share while {rule.id} is there")

    def started(self, host: Host, libvirt: SimDomains, uuid: str, owned: frozenset[str]) -> None:
        """A guest runs: each of its shares must be the right one, and its own.

        `owned` are the shares that were recorded for it when it began to start.
        """
        name = f"guest {libvirt.name_of(uuid)} of {host.name}"
        hook = host.hook and libvirt is host.domains
        for item in libvirt.extra(uuid).served:
            if item.mount.fs_type == "tmpfs":
                self.violated(f"{name} started on the empty mount point")
            elif hook and item.tag != DISK:  # else nobody looks at more
                self._check_served(host, libvirt, uuid, item, owned)

    def _check_served(
        self, host: Host, libvirt: SimDomains, uuid: str, item: Served, owned: frozenset[str]
    ) -> None:
        name = f"guest {libvirt.name_of(uuid)} of {host.name}"
        point = "/".join(item.source.split("/")[: BASE.count("/") + 2])
        share_id = point.rpartition("/")[2]
        made = host.mounts.made.get(id(item.mount))
        could_look = id(item.mount) in libvirt.extra(uuid).mounts_then
        if could_look and (made is None or made.share_id != share_id):
            self.violated(f"{name} started on {item.mount.label}")
        own = [m for m in host.store.mappings if (m.domain_uuid, m.share_id) == (uuid, share_id)]
        if not own and share_id in owned:
            return  # somebody forgot it meanwhile
        if not own:
            self.violated(f"{name} started with share {share_id}, which is not its own")
        elif not own[0].wanted:
            self.violated(f"{name} started with {share_id}, which is being detached")
        elif item.writable and own[0].access_level == "ro":
            self.violated(f"{name} started with {share_id} writable, and is to read only")
