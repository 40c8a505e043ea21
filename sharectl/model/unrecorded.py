"""Filesystems that domains have from a share's mount point, and that no record speaks of.

A detach that was undone by a snapshot, an old definition, or a copy of a domain leaves them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from sharectl.errors import Refused
from sharectl.model.checks import how_to_record
from sharectl.model.domain import Domain, Filesystem, is_within
from sharectl.model.mapping import ShareMapping
from sharectl.model.share import is_share_id


@dataclass(frozen=True)
class Unrecorded:
    """A filesystem of `domain` that serves share `share_id` without a record."""

    domain: Domain
    filesystem: Filesystem
    share_id: str

    @property
    def live(self) -> bool:
        """Whether the running guest has it."""
        return self.filesystem in self.domain.live_filesystems

    def problem(self) -> Refused:
        """What to tell of it, and both ways out."""
        name = self.domain.name
        return Refused(
            f"domain {name} has a filesystem of share {self.share_id} (tag"
            f" {self.filesystem.tag}), and no record says that it is attached",
            hint=f"{how_to_record(self.domain, self.share_id, self.filesystem)}; or take the"
            f" filesystem out: virsh edit {self.domain.word}",
        )


def unrecorded(
    domains: Iterable[Domain], mappings: Iterable[ShareMapping], mount_base: str
) -> tuple[Unrecorded, ...]:
    """Those of the domains; paths are in their one form."""
    recorded = {(item.domain_uuid, item.share_id) for item in mappings}
    return tuple(
        Unrecorded(domain, item, share_id)
        for domain in domains
        for item in dict.fromkeys((*domain.filesystems, *domain.live_filesystems))
        if (share_id := _share_of(item, mount_base)) is not None
        and (domain.uuid, share_id) not in recorded
    )


def _share_of(item: Filesystem, mount_base: str) -> str | None:
    if item.source is None or not is_within(item.source, mount_base):
        return None
    parts = PurePosixPath(item.source).relative_to(mount_base).parts
    return parts[0] if parts and is_share_id(parts[0]) else None
