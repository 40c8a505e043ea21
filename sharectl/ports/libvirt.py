"""What the operations need of libvirt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sharectl.model.domain import Domain, DomainsSeen, Filesystem
    from sharectl.model.enums import SharedMemory
    from sharectl.model.host import HostFacts
    from sharectl.model.mark import Mark


class Domains(Protocol):
    """The domains of one libvirt on this host."""

    def look(self, uuids: Iterable[str] | None = None, *, brief: bool = False) -> DomainsSeen:
        """Look at the domains with those UUIDs, or at all of this libvirt, one by one.

        A domain that cannot be looked at, such as one whose job hangs, is `unseen` and holds up no
        other: each has two seconds, and all together the timeout of libvirt. `brief` looks at name,
        state and filesystems alone, which costs half.

        Raises `Unavailable` when libvirt itself does not answer, and `Denied`.
        """

    def host(self) -> HostFacts:
        """Versions and abilities. Raises `Unavailable`."""

    def find(self, ident: str) -> Domain:
        """The domain with that name, UUID or id; for what a user has typed.

        Raises `NotFound`, and `Refused` when `ident` is one domain's name and another's id or UUID.
        """

    def attach_filesystem(self, uuid: str, filesystem: Filesystem) -> tuple[int, ...]:
        """Add to the persistent definition. Raises `Refused` when libvirt does.

        It takes the place of one that was this filesystem before its driver was taken away.
        Returns the indexes of PCI controllers that libvirt had to add for it.
        """

    def detach_filesystem(
        self, uuid: str, filesystem: Filesystem, controllers: tuple[int, ...] = ()
    ) -> tuple[int, ...]:
        """Take out of the persistent definition; nothing to do when it is not there.

        It is found however its path is written there: see `domain_xml.find_device`.

        `controllers` go with it; returns those that something else has come to use.
        """

    def mark(self, uuid: str, mark: Mark) -> None:
        """Write `mark` into the persistent metadata, for the older one of the same mapping.

        The caller holds the domain's lock, as for the next.
        """

    def unmark(self, uuid: str, mapping_id: str) -> None:
        """Take the mapping's mark out of the metadata; nothing to do when it is not there."""

    def enable_shared_memory(self, uuid: str, kind: SharedMemory) -> None:
        """Give the persistent definition shared memory; see `memory_xml.enable`."""

    def disable_shared_memory(self, uuid: str, kind: SharedMemory) -> str | None:
        """Undo it, unless something has come to need it.

        Returns why the memory stays shared, as the end of a sentence for the user; None when it
        does not, or when another virtiofs filesystem keeps it, which needs no word.
        """
