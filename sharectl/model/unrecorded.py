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
from sharectl.model.mapping import ShareMapping, has_device, has_live_device, serves
from sharectl.model.share import is_share_id


@dataclass(frozen=True)
class Unrecorded:
    """A filesystem of `domain` that serves share `share_id` without a record.

    `recorded` is the mapping of the same domain and share, which another filesystem of the domain
    is for; None without one.
    """

    domain: Domain
    filesystem: Filesystem
    share_id: str
    recorded: ShareMapping | None = None

    @property
    def live(self) -> bool:
        """Whether the running guest has it."""
        return self.filesystem in self.domain.live_filesystems

    def problem(self) -> Refused:
        """What to tell of it, and both ways out."""
        name, tag = self.domain.name, self.filesystem.tag
        out = f"take the filesystem out: virsh edit {self.domain.word}"
        if self.recorded is not None:
            return Refused(
                f"domain {name} has a second filesystem of share {self.share_id} (tag {tag}), and"
                f" the record says {self.recorded.tag}",
                hint=f"{out}; then start the domain again if it runs",
            )
        return Refused(
            f"domain {name} has a filesystem of share {self.share_id} (tag {tag}), and no record"
            " says that it is attached",
            hint=f"{how_to_record(self.domain, self.share_id, self.filesystem)}; or {out}",
        )


def unrecorded(
    domains: Iterable[Domain], mappings: Iterable[ShareMapping], mount_base: str
) -> tuple[Unrecorded, ...]:
    """Those of the domains; paths are in their one form.

    Not a filesystem for a part of a share that the domain has: that is its admin's use of it.
    """
    known = {(item.domain_uuid, item.share_id): item for item in mappings}
    found = []
    for domain in domains:
        for item in dict.fromkeys((*domain.filesystems, *domain.live_filesystems)):
            share_id = _share_of(item, mount_base)
            if share_id is None:
                continue
            recorded = known.get((domain.uuid, share_id))
            if recorded is None or _is_second(item, recorded, domain):
                found.append(Unrecorded(domain, item, share_id, recorded))
    return tuple(found)


def _is_second(item: Filesystem, recorded: ShareMapping, domain: Domain) -> bool:
    """Whether it stands beside that of the record; alone it would be that one, edited."""
    if serves(item, recorded) or item.source != recorded.mount_point:
        return False
    return has_device(recorded, domain) or has_live_device(recorded, domain)


def _share_of(item: Filesystem, mount_base: str) -> str | None:
    if item.source is None or not is_within(item.source, mount_base):
        return None
    parts = PurePosixPath(item.source).relative_to(mount_base).parts
    return parts[0] if parts and is_share_id(parts[0]) else None
