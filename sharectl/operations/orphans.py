"""Mounts below our folder that no record speaks of: left by a store that was lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharectl.errors import Refused

if TYPE_CHECKING:
    from sharectl.operations.survey import Survey
    from sharectl.ports import App


@dataclass(frozen=True)
class Orphan:
    """A mount of ours in no record. `users` are domains that have it in a filesystem."""

    mount_point: str
    source: str
    share_id: str
    users: tuple[str, ...]

    def describe(self) -> str:
        """One line for the plan."""
        return f"unmount {self.mount_point} ({self.source}), which no record speaks of"

    def problem(self) -> Refused:
        """What to tell of it."""
        by = f", and is used by domain {', '.join(self.users)}" if self.users else ""
        return Refused(
            f"{self.mount_point} is a mount of {self.source} that no record speaks of{by}",
            hint="record it again: sharectl adopt; or, unused, unmount it: sharectl reconcile"
            " --prune",
        )


def orphans(app: App, seen: Survey) -> tuple[Orphan, ...]:
    """Those on this host; none when it is not known who uses them."""
    base = f"{app.config.mount_base}/"
    recorded = {item.mount_point for group in seen.mappings.values() for item in group}
    mounts = [
        item
        for *_covered, item in seen.mounts.values()
        if item.mount_point.startswith(base) and item.mount_point not in recorded
    ]
    if not mounts or seen.domains is None:
        return ()
    return tuple(
        Orphan(
            item.mount_point,
            item.source,
            item.mount_point.removeprefix(base).partition("/")[0],
            tuple(domain.name for domain in seen.domains if domain.uses(item.mount_point)),
        )
        for item in mounts
    )
