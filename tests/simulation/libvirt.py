"""What the libvirt of a simulated host knows beyond what the fakes keep."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from posixpath import normpath
from typing import TYPE_CHECKING, Any

from sharectl.errors import MountFailed, Refused, Unavailable
from sharectl.model import domain_xml, provenance
from sharectl.model.domain import Filesystem, is_within
from sharectl.model.mark import Mark
from sharectl.model.mounts import HostMount, mounted_at
from tests.fakes.definitions import read
from tests.fakes.domains import FakeDomains
from tests.simulation.kernel import BASE, SimMounts

if TYPE_CHECKING:
    from tests.fakes.process import FakeClock
    from tests.simulation.host import Host
    from tests.simulation.scheduler import Process

SESSION = "qemu:///session"
DISK = "(disk)"  # in place of a tag
LIBVIRT_SECONDS = 30.0


@dataclass(frozen=True)
class Served:
    """What a guest has had since it started: the mount that lay at its source then."""

    tag: str
    source: str
    mount: HostMount
    writable: bool


_DISK = re.compile(r"<source file=[\"'](" + re.escape(BASE) + r"/[^\"']*)")


@dataclass
class Extra:
    """What libvirt knows of a domain beyond the fake.

    `mounts_then` are the mounts that were there when it began to start, by identity.
    """

    starting: bool = False
    served: tuple[Served, ...] = ()
    snapshot: str | None = None
    mounts_then: frozenset[int] = frozenset()


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
        return read(self._guests[uuid].xml).filesystems

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
        extra = self.extra(uuid)
        extra.starting = True
        extra.mounts_then = frozenset(id(item) for item in self.sim_mounts.mounted)
        return guest.xml

    def end_start(self, uuid: str) -> None:
        """virtiofsd takes what lies at each source; what cannot be taken ends the start."""
        guest, extra = self._guests[uuid], self.extra(uuid)
        try:
            filesystems = self.filesystems_of(uuid)
            disks = tuple(Filesystem(DISK, it) for it in _DISK.findall(guest.xml))
            extra.served = tuple(
                self._take(uuid, item)
                for item in (*filesystems, *disks)
                if is_within(item.source, BASE)
            )
            guest.live_xml, guest.dead = guest.xml, frozenset()
        except BaseException:
            self.stop(uuid)
            raise
        finally:
            extra.starting = False
            self.hanging.discard(uuid)

    def _take(self, uuid: str, item: Filesystem) -> Served:
        source = item.source or ""
        mounts = self.sim_mounts
        folder = "/".join(normpath(source).split("/")[: BASE.count("/") + 2])
        mount = mounted_at(mounts.list(), folder)
        if mount is None:
            if folder not in mounts.folders:
                raise Refused(f"the virtiofs export directory {source!r} does not exist")
            root = folder.removeprefix("/run")
            mount = HostMount(folder, "tmpfs", "tmpfs", frozenset({"rw"}), root=root)
        if mounts.is_cut_off(mount):
            raise MountFailed(f"virtiofsd cannot open {source}")
        if item.tag != DISK:
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

    def unplug(self, uuid: str, source: str) -> None:
        """An admin takes the filesystem out of the running guest alone."""
        guest = self._guests[uuid]
        for item in self.live(uuid):
            if item.source == source:
                guest.live_xml = domain_xml.remove_filesystem(guest.live_xml, item)
                self._let_go(uuid, source)

    def end_daemon(self, uuid: str, source: str) -> None:
        """The virtiofsd of a running guest dies: whatever the guest asks of it hangs."""
        for item in self.live(uuid):
            if item.source == source and item.served:
                self.kill_daemon(uuid, item.tag)

    def _let_go(self, uuid: str, source: str) -> None:
        served = self._mounts.daemons.get(uuid, [])
        served[:] = [mount for mount in served if mount.mount_point != source]

    def live(self, uuid: str) -> tuple[Filesystem, ...]:
        """What the running guest has."""
        return FakeDomains._observe(self, uuid).live_filesystems

    def take_out_disks(self, uuid: str) -> None:
        """An admin takes those that are files on a share's mount out again."""
        guest = self._guests[uuid]
        guest.xml = re.sub(r'<disk type="file" device="disk">.*?</disk>', "", guest.xml)

    def add_disk(self, uuid: str, file: str) -> None:
        """An admin gives the domain a disk that is a file."""
        guest = self._guests[uuid]
        disk = f'<disk type="file" device="disk"><source file="{file}"/><target dev="vdz"/></disk>'
        guest.xml = guest.xml.replace("</devices>", disk + "</devices>")

    def marks_of(self, uuid: str) -> tuple[Mark, ...]:
        """In the definition's metadata."""
        return read(self._guests[uuid].xml).marks

    def forge(self, uuid: str, share_id: str, source: str, host: Host) -> None:
        """Put a filesystem and a mark into the definition."""
        guest = self._guests[uuid]
        if any(item.share_id == share_id for item in self.marks_of(uuid)):
            return
        mark = Mark(**{item.name: "" for item in fields(Mark)})
        mark = replace(
            mark, id=f"forged-{uuid}-{share_id}", share_id=share_id, tag=share_id,
            access_level="rw", host=host.node, host_id=host.id,
            created_at="2026-01-01T00:00:00+00:00",
        )  # fmt: skip
        xml = domain_xml.add_filesystem(guest.xml, Filesystem(share_id, source))
        guest.xml = provenance.replace_marks(xml, (*self.marks_of(uuid), mark))

    def leave(self, uuid: str) -> str:
        """The domain migrates away while it is shut off; returns its definition."""
        return self._guests.pop(uuid).xml

    def come(self, uuid: str, name: str, xml: str) -> None:
        """A domain of another host is defined here."""
        self.define(name)
        unused, guest = self._guests.popitem()
        guest.xml = xml
        self._guests[uuid] = guest
        self._extra.pop(unused, None)

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
