"""A libvirt in memory that edits real domain XML and refuses what libvirt refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count

from sharectl.errors import NotFound, Refused, Unavailable
from sharectl.model import domain_xml, memory_xml, provenance
from sharectl.model.checks import transient
from sharectl.model.domain import Domain, DomainsSeen, Filesystem, UnseenDomain
from sharectl.model.enums import SharedMemory
from sharectl.model.host import HostFacts
from sharectl.model.mark import Mark
from sharectl.model.mounts import mounted_at
from sharectl.model.xml import parse, to_text
from tests.fakes.mounts import FakeMounts

_XML = """<domain type='kvm'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <metadata>
    <app:note xmlns:app='https://example.org/app'>keep me</app:note>
  </metadata>
  <memory unit='KiB'>1048576</memory>
{memory}  <vcpu>1</vcpu>
  <!-- a comment of the admin -->
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
  </devices>
</domain>
"""
_SHARED = """  <memoryBacking>
    <source type='memfd'/>
    <access mode='shared'/>
  </memoryBacking>
"""
HOST = HostFacts(
    uri="qemu:///system",
    libvirt=(11, 3, 0),
    qemu=(10, 0, 2),
    virtiofs=True,
    virtiofsd="/usr/libexec/virtiofsd",
)


@dataclass
class _Guest:
    name: str
    xml: str
    live: tuple[Filesystem, ...] = ()
    running: bool = False
    persistent: bool = True
    managed_save: bool = False
    snapshots: int = 0


@lru_cache(maxsize=1000)
def _read(xml: str) -> tuple[bool, tuple[Filesystem, ...], tuple[Mark, ...]]:
    """Whether the memory is shared, filesystems and marks; the same few texts come up again."""
    root = parse(xml)
    return memory_xml.has_shared_memory(root), domain_xml.filesystems(root), provenance.marks(root)


class FakeDomains:
    """`Domains`.

    Attributes:
        facts: what `host` answers.
        dead: whether libvirt does not answer.
        hanging: UUIDs of domains on which a job hangs.
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
        memory = _SHARED if shared_memory else ""
        xml = _XML.format(name=name, uuid=uuid, memory=memory)
        self._guests[uuid] = _Guest(name, to_text(parse(xml)))
        return uuid

    def undefine(self, uuid: str) -> None:
        """The domain is gone."""
        del self._guests[uuid]

    def take_away(self, uuid: str) -> Callable[[], None]:
        """The domain is gone, until what this returns is called and defines it again."""
        guest = self._guests.pop(uuid)
        return lambda: self._guests.update({uuid: guest})

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
        _, filesystems, _ = _read(guest.xml)
        for item in filesystems:
            source = item.source or ""
            if mounted_at(self._mounts.list(), source) is None:
                raise Refused(f"the virtiofs export directory {source!r} does not exist")
            self._mounts.serve(uuid, source)
        guest.running, guest.live = True, filesystems

    def stop(self, uuid: str) -> None:
        """Shut off."""
        self._guests[uuid].running, self._guests[uuid].live = False, ()
        self._mounts.daemons.pop(uuid, None)

    def xml_of(self, uuid: str) -> str:
        """The persistent definition."""
        return self._guests[uuid].xml

    @property
    def uuids(self) -> tuple[str, ...]:
        """Of all domains; also when libvirt is dead."""
        return tuple(self._guests)

    def _answer(self) -> None:
        if self.dead:
            raise Unavailable("no answer from libvirt at qemu:///system in 10 s")

    def host(self) -> HostFacts:
        """The facts."""
        self._answer()
        return self.facts

    def find(self, ident: str) -> Domain:
        """By name, then UUID."""
        self._answer()
        for uuid, guest in self._guests.items():
            if guest.name == ident:
                return self._observe(uuid)
        if ident in self._guests:
            return self._observe(ident)
        raise NotFound(f"domain {ident!r} does not exist on this host")

    def get(self, uuids: Iterable[str], *, brief: bool = False) -> dict[str, Domain]:
        """The existing ones."""
        self._answer()
        return {uuid: self._observe(uuid) for uuid in uuids if uuid in self._guests}

    def list(self) -> tuple[Domain, ...]:
        """All."""
        self._answer()
        return tuple(self._observe(uuid) for uuid in self._guests)

    def look(self, uuids: Iterable[str] | None = None, *, brief: bool = False) -> DomainsSeen:
        """One by one; those in `hanging` are not seen."""
        self._answer()
        chosen = [uuid for uuid in (self._guests if uuids is None else uuids)
                  if uuid in self._guests]  # fmt: skip
        hanging = {
            uuid: UnseenDomain(uuid, self._guests[uuid].name, Unavailable("a job hangs on it"))
            for uuid in chosen
            if uuid in self.hanging
        }
        seen = {uuid: self._observe(uuid) for uuid in chosen if uuid not in hanging}
        return DomainsSeen(seen, hanging, frozenset({self.facts.uri}))

    def _observe(self, uuid: str) -> Domain:
        guest = self._guests[uuid]
        shared_memory, filesystems, marks = _read(guest.xml)
        return Domain(
            uuid=uuid,
            name=guest.name,
            persistent=guest.persistent,
            running=guest.running,
            managed_save=guest.managed_save,
            snapshots=guest.snapshots,
            shared_memory=shared_memory,
            filesystems=filesystems if guest.persistent else (),
            live_filesystems=guest.live,
            marks=marks if guest.persistent else (),
            paths=frozenset(item.source or "" for item in (*filesystems, *guest.live)),
            libvirt_uri=self.facts.uri,
            xml=guest.xml,
        )

    def _guest(self, uuid: str) -> _Guest:
        self._answer()
        if uuid not in self._guests:
            raise NotFound("the domain is gone: no domain with matching uuid")
        return self._guests[uuid]

    def attach_filesystem(self, uuid: str, filesystem: Filesystem) -> tuple[int, ...]:
        """Refuse what libvirt refuses when a device is added."""
        guest = self._guest(uuid)
        if not guest.persistent:
            raise transient(guest.name)
        shared_memory, filesystems, _ = _read(guest.xml)
        if not shared_memory:
            raise Refused("libvirt refuses: unsupported configuration: 'virtiofs' requires shared"
                          " memory")  # fmt: skip
        if any(item.tag == filesystem.tag for item in filesystems):
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
        _, _, present = _read(guest.xml)
        guest.xml = provenance.replace_marks(guest.xml, provenance.with_mark(present, mark))

    def unmark(self, uuid: str, mapping_id: str) -> None:
        """By editing."""
        guest = self._guest(uuid)
        _, _, present = _read(guest.xml)
        wanted = provenance.without_mark(present, mapping_id)
        if wanted != present:
            guest.xml = provenance.replace_marks(guest.xml, wanted)

    def enable_shared_memory(self, uuid: str, kind: SharedMemory) -> None:
        """By editing."""
        guest = self._guest(uuid)
        guest.xml = memory_xml.enable(guest.xml, kind)

    def disable_shared_memory(self, uuid: str, kind: SharedMemory) -> None:
        """By editing, unless it is needed."""
        guest = self._guest(uuid)
        guest.xml = memory_xml.disable(guest.xml, kind) or guest.xml

    def upgrade(self, **facts: object) -> None:
        """Change what `host` answers, as in `HostFacts`."""
        self.facts = replace(self.facts, **facts)  # type: ignore[arg-type]
