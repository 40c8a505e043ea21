"""A libvirt in memory that edits real domain XML and refuses what libvirt refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import count

from sharectl.errors import NotFound, Refused, Unavailable
from sharectl.model import domain_xml, memory_xml, provenance
from sharectl.model.checks import ambiguous, transient
from sharectl.model.domain import Domain, DomainsSeen, Filesystem, UnseenDomain
from sharectl.model.enums import SharedMemory
from sharectl.model.host import HostFacts, Virtiofsd, canonical_uri
from sharectl.model.mark import Mark
from sharectl.model.mounts import mounted_at
from tests.fakes.definitions import definition, read
from tests.fakes.mounts import FakeMounts

HOST = HostFacts(
    uri="qemu:///system",
    libvirt=(11, 3, 0),
    qemu=(10, 0, 2),
    virtiofs=True,
    virtiofsd=Virtiofsd("/usr/libexec/virtiofsd"),
)


@dataclass
class _Guest:
    name: str
    xml: str
    live_xml: str = ""
    dead: frozenset[str] = frozenset()
    running: bool = False
    persistent: bool = True
    managed_save: bool = False
    snapshots: int = 0


class FakeDomains:
    """`Domains`.

    Attributes:
        facts: what `host` answers.
        dead: whether libvirt does not answer.
        hanging: UUIDs of domains on which a job hangs: nothing is answered for them, and all
            others are looked at.
    """

    def __init__(self, mounts: FakeMounts) -> None:
        self._mounts = mounts
        self._guests: dict[str, _Guest] = {}
        self._numbers = count(1)
        self.facts = HOST
        self.dead = False
        self.hanging: set[str] = set()

    def define(self, name: str, *, shared_memory: bool = True) -> str:
        """A domain that is shut off; returns its UUID."""
        uuid = f"d0d0d0d0-0000-4000-8000-{next(self._numbers):012}"
        self._guests[uuid] = _Guest(name, definition(name, uuid, shared_memory=shared_memory))
        return uuid

    def undefine(self, uuid: str) -> None:
        """The domain is gone."""
        del self._guests[uuid]

    def take_away(self, uuid: str) -> Callable[[], None]:
        """The domain is gone, until what this returns is called and defines it again."""
        guest = self._guests.pop(uuid)
        return lambda: self._guests.update({uuid: guest})

    def take_over(self, other: FakeDomains, uuid: str, *, copy: bool = False) -> None:
        """An admin defines a domain of another libvirt in this one; there it goes, or stays."""
        self._guests[uuid] = replace(other._guests[uuid])
        if not copy:
            del other._guests[uuid]

    def rename(self, uuid: str, name: str) -> None:
        """Another name for the same domain."""
        guest = self._guests[uuid]
        old, new = f"<name>{guest.name}</name>", f"<name>{name}</name>"
        guest.name, guest.xml = name, guest.xml.replace(old, new)

    def set(self, uuid: str, *, managed_save: bool = False, snapshots: int = 0) -> None:
        """Give the domain a managed-save image, or snapshots."""
        self._guests[uuid].managed_save = managed_save
        self._guests[uuid].snapshots = snapshots

    def edit(self, uuid: str, old: str, new: str) -> None:
        """An admin edits the definition."""
        guest = self._guests[uuid]
        assert old in guest.xml
        guest.xml = guest.xml.replace(old, new)

    def make_transient(self, uuid: str) -> None:
        """Running, without a definition."""
        self.start(uuid)
        self._guests[uuid].persistent = False

    def start(self, uuid: str) -> None:
        """Start, unless the source of a filesystem is not there."""
        guest = self._guests[uuid]
        for item in read(guest.xml).filesystems:
            source = item.source or ""
            if not self._mounts.exists(source):
                raise Refused(f"the virtiofs export directory {source!r} does not exist")
            if item.driver == "virtiofs":
                self._mounts.serve(uuid, source)
        guest.running, guest.live_xml, guest.dead = True, guest.xml, frozenset()

    def stop(self, uuid: str) -> None:
        """Shut off."""
        guest = self._guests[uuid]
        guest.running, guest.live_xml, guest.dead = False, "", frozenset()
        self._mounts.daemons.pop(uuid, None)

    def kill_daemon(self, uuid: str, tag: str) -> None:
        """The virtiofsd of the running guest's filesystem dies; libvirt does not notice."""
        guest = self._guests[uuid]
        (item,) = (item for item in read(guest.live_xml).filesystems if item.tag == tag)
        guest.dead |= {tag}
        served = self._mounts.daemons.get(uuid, [])
        (source,) = self._mounts.resolve([item.source or ""]).values()
        found = mounted_at(tuple(served), source)
        served[:] = [other for other in served if other is not found]

    def unplug(self, uuid: str, tag: str) -> None:
        """Somebody takes the filesystem out of the running guest, and not out of the definition."""
        guest = self._guests[uuid]
        (item,) = (item for item in read(guest.live_xml).filesystems if item.tag == tag)
        guest.live_xml = domain_xml.remove_filesystem(guest.live_xml, item)

    def xml_of(self, uuid: str) -> str:
        """The persistent definition."""
        return self._guests[uuid].xml

    @property
    def uuids(self) -> tuple[str, ...]:
        """Of all domains; also when libvirt is dead."""
        return tuple(self._guests)

    def _answer(self) -> None:
        if self.dead:
            hint = "see whether it answers: virsh list --all"
            raise Unavailable("no answer from libvirt at qemu:///system in 10 s", hint=hint)

    def host(self) -> HostFacts:
        """The facts."""
        self._answer()
        return self.facts

    def find(self, ident: str) -> Domain:
        """By name, UUID or id; ids are of running domains, in the order of their definition."""
        self._answer()
        running = [uuid for uuid, guest in self._guests.items() if guest.running]
        ids = dict(zip(map(str, range(1, len(running) + 1)), running, strict=True))
        found = [uuid for uuid, guest in self._guests.items() if guest.name == ident]
        found += [ident] if ident in self._guests else []
        found += [ids[ident]] if ident in ids else []
        if not found:
            raise NotFound(f"domain {ident!r} does not exist on this host")
        if len(set(found)) > 1:
            raise ambiguous(ident, {uuid: self._guests[uuid].name for uuid in found})
        self._check_answers(found[0])
        return self._observe(found[0])

    def look(self, uuids: Iterable[str] | None = None, *, brief: bool = False) -> DomainsSeen:
        """One by one; those in `hanging` are not seen."""
        self._answer()
        chosen = [uuid for uuid in (self._guests if uuids is None else uuids)
                  if uuid in self._guests]  # fmt: skip
        hanging = {uuid: self._unseen(uuid) for uuid in chosen if uuid in self.hanging}
        seen = {uuid: self._observe(uuid) for uuid in chosen if uuid not in hanging}
        return DomainsSeen(seen, hanging, frozenset({canonical_uri(self.facts.uri)}))

    def _unseen(self, uuid: str) -> UnseenDomain:
        guest = self._guests[uuid]
        why = f"libvirt does not answer for domain {uuid}: a hook or a job holds it"
        return UnseenDomain(uuid, guest.name, Unavailable(why), self._paths(guest))

    def _paths(self, guest: _Guest) -> frozenset[str]:
        live = read(guest.live_xml).paths if guest.running else frozenset()
        return read(guest.xml).paths | live

    def _check_answers(self, uuid: str) -> None:
        if uuid in self.hanging:
            raise Unavailable("no answer from libvirt at qemu:///system in 10 s", uncertain=True)

    def _observe(self, uuid: str) -> Domain:
        guest = self._guests[uuid]
        now, live = read(guest.xml), read(guest.live_xml) if guest.running else None
        return Domain(
            uuid=uuid,
            name=guest.name,
            persistent=guest.persistent,
            running=guest.running,
            managed_save=guest.managed_save,
            snapshots=guest.snapshots,
            shared_memory=now.shared_memory,
            filesystems=now.filesystems if guest.persistent else (),
            live_filesystems=tuple(
                replace(item, served=item.tag not in guest.dead)
                for item in (live.filesystems if live else ())
            ),
            marks=now.marks if guest.persistent else (),
            paths=self._paths(guest),
            libvirt_uri=canonical_uri(self.facts.uri),
            xml=guest.xml,
        )

    def _guest(self, uuid: str) -> _Guest:
        self._answer()
        if uuid not in self._guests:
            raise NotFound("the domain is gone: no domain with matching uuid")
        self._check_answers(uuid)
        return self._guests[uuid]

    def attach_filesystem(self, uuid: str, filesystem: Filesystem) -> tuple[int, ...]:
        """Refuse what libvirt refuses when a device is added."""
        guest = self._guest(uuid)
        if not guest.persistent:
            raise transient(guest.name, uuid)
        now = read(guest.xml)
        if (old := domain_xml.displaced(now.filesystems, filesystem)) is not None:
            guest.xml = domain_xml.remove_filesystem(guest.xml, old)
            now = read(guest.xml)
        if not now.shared_memory:
            raise Refused("libvirt refuses: unsupported configuration: 'virtiofs' requires shared"
                          " memory")  # fmt: skip
        if any(item.tag == filesystem.tag for item in now.filesystems):
            raise Refused(f"libvirt refuses: target '{filesystem.tag}' already exists")
        if filesystem.readonly and not self.facts.readonly_filesystems:
            raise Refused("libvirt refuses: virtiofs does not yet support read-only mode")
        guest.xml = domain_xml.add_filesystem(guest.xml, filesystem)
        return ()

    def detach_filesystem(
        self, uuid: str, filesystem: Filesystem, controllers: tuple[int, ...] = ()
    ) -> tuple[int, ...]:
        """Fine when it is not there."""
        guest = self._guest(uuid)
        guest.xml = domain_xml.remove_filesystem(guest.xml, filesystem)
        return ()

    def mark(self, uuid: str, mark: Mark) -> None:
        """By editing."""
        guest = self._guest(uuid)
        present = read(guest.xml).marks
        guest.xml = provenance.replace_marks(guest.xml, provenance.with_mark(present, mark))

    def unmark(self, uuid: str, mapping_id: str) -> None:
        """By editing."""
        guest = self._guest(uuid)
        present = read(guest.xml).marks
        wanted = provenance.without_mark(present, mapping_id)
        if wanted != present:
            guest.xml = provenance.replace_marks(guest.xml, wanted)

    def enable_shared_memory(self, uuid: str, kind: SharedMemory) -> None:
        """By editing."""
        guest = self._guest(uuid)
        guest.xml = memory_xml.enable(guest.xml, kind)

    def disable_shared_memory(self, uuid: str, kind: SharedMemory) -> str | None:
        """By editing, unless it is needed."""
        guest = self._guest(uuid)
        guest.xml = memory_xml.disable(guest.xml, kind) or guest.xml
        return memory_xml.why_kept(guest.xml, kind)

    def upgrade(self, **facts: object) -> None:
        """Change what `host` answers, as in `HostFacts`."""
        self.facts = replace(self.facts, **facts)  # type: ignore[arg-type]
