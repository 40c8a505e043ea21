"""libvirt's side: domains and their filesystems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from posixpath import normpath
from types import MappingProxyType

from sharectl.errors import SharectlError
from sharectl.model import commands
from sharectl.model.mark import Mark


@dataclass(frozen=True)
class Filesystem:
    """A `<filesystem>` element: the guest mounts `tag`, the host serves `source`.

    `driver` is as written: without one libvirt takes 9p. `xml` is the element as libvirt has it,
    without the address; it carries what an admin has set by hand, such as the queue size. Empty for
    one that is made plain. `served` tells of a running guest's filesystem whether its virtiofsd is
    alive. `written` is the source as it stands in the domain, where `source` is its one form.
    """

    tag: str
    source: str | None
    driver: str = "virtiofs"
    readonly: bool = False
    xml: str = field(default="", compare=False, repr=False)
    served: bool = field(default=True, compare=False)
    written: str | None = field(default=None, compare=False, repr=False)

    def is_device(self, tag: str, folder: str) -> bool:
        """Whether this is the virtiofs device that serves `folder`, or a part of it, as `tag`.

        An admin may have written the path another way, or made the guest see a sub-folder only.
        """
        return self.driver == "virtiofs" and self.tag == tag and is_within(self.source, folder)


@dataclass(frozen=True)
class Domain:
    """A libvirt domain as observed. Its identity is the UUID; the name is a label.

    `filesystems` are those of the persistent definition, `live_filesystems` those of the running
    guest (empty when it is shut off). `paths` are all absolute paths in either. `marks` are what
    its metadata says of our mappings. `xml` is the persistent definition as libvirt gives it.
    `libvirt_uri` is the libvirt that has it.
    """

    uuid: str
    name: str
    persistent: bool = True
    running: bool = False
    managed_save: bool = False
    snapshots: int = 0
    shared_memory: bool = False
    filesystems: tuple[Filesystem, ...] = ()
    live_filesystems: tuple[Filesystem, ...] = ()
    paths: frozenset[str] = frozenset()
    marks: tuple[Mark, ...] = ()
    libvirt_uri: str = ""
    xml: str = field(default="", repr=False)

    @property
    def word(self) -> str:
        """The domain in a command to type; see `commands.domain_word`."""
        return commands.domain_word(self.name, self.uuid)

    def located(self, places: Mapping[str, str]) -> Domain:
        """The same with each path in its one form, as `Mounts.resolve` gives it."""
        return replace(
            self,
            filesystems=tuple(_located(item, places) for item in self.filesystems),
            live_filesystems=tuple(_located(item, places) for item in self.live_filesystems),
            paths=frozenset(places.get(path, path) for path in self.paths),
        )

    def uses(self, folder: str) -> bool:
        """Whether anything in the persistent or the live definition lies in `folder`."""
        sources = (item.source for item in (*self.filesystems, *self.live_filesystems))
        return any(is_within(path, folder) for path in (*sources, *self.paths))

    def works_with(self, folder: str) -> bool:
        """Whether the running guest has anything in `folder` open, a disk for one.

        A filesystem that its definition alone has comes with the next start.
        """
        later = {item.source for item in self.filesystems}
        live: set[str | None] = {item.source for item in self.live_filesystems}
        if self.running:
            live |= self.paths - later
        return any(is_within(path, folder) for path in live)


def _located(item: Filesystem, places: Mapping[str, str]) -> Filesystem:
    source = places.get(item.source or "", item.source)
    return replace(item, source=source, written=item.written or item.source)


@dataclass(frozen=True)
class UnseenDomain:
    """A domain that exists and could not be looked at, and why.

    `name` is its UUID where the name is not known. `paths` are the absolute paths in the definition
    and the state that libvirt keeps of it on disk: what it may use. They are None where that could
    not be read, and then it may use anything.
    """

    uuid: str
    name: str
    error: SharectlError
    paths: frozenset[str] | None = None

    def may_use(self, folder: str) -> bool:
        """Whether the domain may be served from `folder`, as far as is known."""
        return self.paths is None or any(is_within(path, folder) for path in self.paths)


@dataclass(frozen=True)
class DomainsSeen:
    """One look at domains. What is neither in `domains` nor in `unseen` is gone.

    It is gone from the libvirts in `complete` alone: of any other libvirt nothing is known.

    Attributes:
        domains: those that were looked at, by UUID.
        unseen: those that exist and could not be looked at, by UUID.
        complete: URIs of the libvirts that said which domains they have.
    """

    domains: Mapping[str, Domain] = field(default_factory=lambda: MappingProxyType({}))
    unseen: Mapping[str, UnseenDomain] = field(default_factory=lambda: MappingProxyType({}))
    complete: frozenset[str] = frozenset()


def is_within(path: str | None, folder: str) -> bool:
    """Whether `path` is `folder` or below it, by name alone: nothing is looked up.

    `//`, `.` and `..` in `path` count as the kernel takes them, as far as no link is in the way.
    """
    if path is None:
        return False
    plain = "/" + normpath(path).lstrip("/") if path.startswith("/") else path
    return plain == folder or plain.startswith(folder + "/")
