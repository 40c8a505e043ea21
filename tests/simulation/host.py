"""What the kernel and libvirt of a simulated host know beyond what the fakes keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharectl.config import Config
from sharectl.errors import MountFailed, Refused, Unavailable
from sharectl.model import domain_xml
from sharectl.model.domain import Filesystem, is_within
from sharectl.model.enums import Health, ShareProtocol
from sharectl.model.mounts import HostMount, MountRequest, mounted_at
from sharectl.model.xml import parse
from tests.fakes.domains import FakeDomains
from tests.fakes.mounts import FakeMounts
from tests.fakes.store import FakeSecrets, MemoryStore

if TYPE_CHECKING:
    from tests.fakes.process import FakeClock
    from tests.simulation.manila import SimShares
    from tests.simulation.scheduler import Process

BASE = str(Config().mount_base)
SESSION = "qemu:///session"
LIBVIRT_SECONDS = 30.0


@dataclass(frozen=True)
class Made:
    """A mount that sharectl made: `mount` itself, of which share, and with which cephx key."""

    mount: HostMount
    share_id: str
    key: str | None


@dataclass(frozen=True)
class Served:
    """What a guest has had since it started: the mount that lay at its source then."""

    tag: str
    source: str
    mount: HostMount
    writable: bool


class SimMounts(FakeMounts):
    """`FakeMounts` that know which mount is whose.

    Attributes:
        staged: whether the folder of a mount point appears only with the mount on it.
        folders: mount points that exist with nothing mounted.
        made: mounts that sharectl made, by identity; also those that are gone.
    """

    staged = False

    def __init__(self, shares: SimShares, secrets: FakeSecrets, address: str) -> None:
        super().__init__(shares, secrets, address=address)
        self.folders: set[str] = set()
        self.made: dict[int, Made] = {}
        self._shares = shares

    def mount(self, request: MountRequest, key_file: Path | None, timeout: float) -> None:
        """Mount, and remember with which key."""
        super().mount(request, key_file, timeout)
        key = None
        if request.protocol is ShareProtocol.CEPHFS and key_file is not None:
            key = self.secrets.files[key_file]
        done = self.mounted[-1]
        share_id = request.mount_point.name
        self.made[id(done)] = Made(done, share_id, key)
        self.folders.discard(done.mount_point)

    def unmount(self, mount_point: str, timeout: float, *, force: bool = False) -> None:
        """Unmount, and remove the folder."""
        super().unmount(mount_point, timeout, force=force)
        self.remove_folder(mount_point)

    def remove_folder(self, mount_point: str) -> None:
        """An empty one; a mount keeps it."""
        self.folders.discard(mount_point)

    def _ask(self, mount_point: str) -> Health:
        """Nothing may be mounted there by now; a file server may refuse this client."""
        found = mounted_at(self.list(), mount_point)
        if found is None or self._is_refused(found):
            return Health.NO_ACCESS
        return super()._ask(mount_point)

    def _is_refused(self, mount: HostMount) -> bool:
        """NFS servers say so; a CephFS client that was evicted still answers a statfs."""
        made = self.made.get(id(mount))
        return made is not None and made.key is None and self.is_cut_off(mount)

    def is_cut_off(self, mount: HostMount) -> bool:
        """Whether the file server no longer answers this client; for CephFS that stays so."""
        made = self.made.get(id(mount))
        if made is None:
            return False
        if made.key is not None:
            return not self._shares.has_key(made.share_id, made.key)
        return not self._shares.lets(made.share_id, self.address)

    def reboot(self) -> None:
        """All of ours and what was laid over it is gone."""
        self.mounted = [item for item in self.mounted if not item.mount_point.startswith(BASE)]
        self.folders.clear()
        self.stale.clear()
        self.noted.clear()


@dataclass
class Extra:
    """What libvirt knows of a domain beyond the fake."""

    starting: bool = False
    served: tuple[Served, ...] = ()
    snapshot: str | None = None


class SimDomains(FakeDomains):
    """`FakeDomains` whose guests have what was mounted when they started."""

    def __init__(self, mounts: SimMounts) -> None:
        super().__init__(mounts)
        self.sim_mounts = mounts
        self._extra: dict[str, Extra] = {}

    def extra(self, uuid: str) -> Extra:
        """That of the domain."""
        return self._extra.setdefault(uuid, Extra())

    def uuid_of(self, name: str) -> str | None:
        """That of the domain with that name."""
        return next((key for key, it in self._guests.items() if it.name == name), None)

    def name_of(self, uuid: str) -> str:
        """The domain's name."""
        return self._guests[uuid].name

    def is_running(self, uuid: str) -> bool:
        """Whether it runs or is about to."""
        return self._guests[uuid].running

    def served(self) -> Iterable[tuple[str, Served]]:
        """What running guests have, with the UUID of each."""
        for uuid, guest in self._guests.items():
            if guest.running:
                yield from ((uuid, item) for item in self.extra(uuid).served)

    def filesystems_of(self, uuid: str) -> tuple[Filesystem, ...]:
        """Of the persistent definition."""
        return domain_xml.filesystems(parse(self._guests[uuid].xml))

    def foreign(self) -> dict[str, tuple[Filesystem, ...]]:
        """Filesystems that are no matter of sharectl's."""
        return {
            uuid: tuple(
                item for item in self.filesystems_of(uuid) if not is_within(item.source, BASE)
            )
            for uuid in self._guests
        }

    def begin_start(self, uuid: str) -> str:
        """The domain is active from now on, and libvirt waits for its hook; returns its XML."""
        guest = self._guests[uuid]
        if guest.running:
            raise Refused(f"domain {guest.name} is already running")
        guest.running = True
        self.extra(uuid).starting = True
        return guest.xml

    def end_start(self, uuid: str) -> None:
        """virtiofsd takes what lies at each source; what cannot be taken ends the start."""
        guest, extra = self._guests[uuid], self.extra(uuid)
        try:
            filesystems = self.filesystems_of(uuid)
            extra.served = tuple(
                self._take(uuid, item) for item in filesystems if is_within(item.source, BASE)
            )
            guest.live = filesystems
        except BaseException:
            self.stop(uuid)
            raise
        finally:
            extra.starting = False
            self.hanging.discard(uuid)

    def _take(self, uuid: str, item: Filesystem) -> Served:
        source = item.source or ""
        mounts = self.sim_mounts
        folder = source.rstrip("/")
        mount = mounted_at(mounts.list(), folder)
        if mount is None:
            if folder not in mounts.folders:
                raise Refused(f"the virtiofs export directory {source!r} does not exist")
            mount = HostMount("/run", "tmpfs", "tmpfs", frozenset({"rw"}))
        if mounts.is_cut_off(mount):
            raise MountFailed(f"virtiofsd cannot open {source}")
        mounts.daemons.setdefault(uuid, []).append(mount)
        return Served(item.tag, folder, mount, not (mount.read_only or item.readonly))

    def stop(self, uuid: str) -> None:
        """Shut off, or a start that failed."""
        super().stop(uuid)
        self.extra(uuid).served = ()
        self.extra(uuid).starting = False

    def await_jobs(self, method: str, args: Any, process: Process, clock: FakeClock) -> None:
        """Wait as libvirt does for a domain that starts, or is stuck."""
        until = clock.elapsed + LIBVIRT_SECONDS
        while stuck := self._stuck(method, args):
            if clock.elapsed >= until or stuck in self.hanging:
                if method == "look":
                    self.hanging.add(stuck)  # until it is done
                    return
                raise Unavailable(f"no answer from libvirt for domain {stuck} in 30 s")
            clock.elapsed += 1
            process.breathe()

    def _stuck(self, method: str, args: Any) -> str | None:
        if method == "host":
            return None
        asked: Iterable[str] = self._guests
        if method == "get":
            asked = args[0]
        elif method == "find":
            asked = {args[0], self.uuid_of(args[0]) or ""}
        elif method == "look":
            asked = args[0] if args and args[0] is not None else self._guests
        elif method != "list":
            asked = (args[0],)
        for uuid in asked:
            stuck = uuid in self.hanging or self.extra(uuid).starting
            if uuid in self._guests and stuck and not (method == "look" and uuid in self.hanging):
                return uuid
        return None

    def edit_filesystem(self, uuid: str, old: str, new: str) -> bool:
        """An admin replaces text in the definition; returns whether it was there."""
        guest = self._guests[uuid]
        if old not in guest.xml:
            return False
        guest.xml = guest.xml.replace(old, new)
        return True

    def take_out(self, uuid: str, item: Filesystem) -> None:
        """An admin takes a filesystem out of the definition."""
        guest = self._guests[uuid]
        guest.xml = domain_xml.remove_filesystem(guest.xml, item)

    def keep_snapshot(self, uuid: str) -> None:
        """Of the definition as it is."""
        self.extra(uuid).snapshot = self._guests[uuid].xml
        self._guests[uuid].snapshots = 1

    def revert(self, uuid: str) -> bool:
        """The definition of the snapshot is back; only while it is shut off."""
        extra, guest = self.extra(uuid), self._guests[uuid]
        if extra.snapshot is None or guest.running:
            return False
        guest.xml = extra.snapshot
        return True

    def clone(self, uuid: str, name: str) -> None:
        """A copy of the definition with a UUID and a name of its own, and the same metadata."""
        new = self.define(name)
        old = self._guests[uuid]
        xml = old.xml.replace(uuid, new).replace(f"<name>{old.name}<", f"<name>{name}<")
        self._guests[new].xml = xml


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
    store: MemoryStore = field(default_factory=MemoryStore)
    locks: dict[str, str] = field(default_factory=dict)
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
    def guests(self) -> Iterator[tuple[str, str, Served]]:
        """What running guests are served: UUID and name of the guest, and what."""
        return (
            (uuid, libvirt.name_of(uuid), served)
            for libvirt in self.libvirts.values()
            for uuid, served in libvirt.served()
        )
