"""What was seen of one share: in Manila, on the host and in the domains."""

from __future__ import annotations

from dataclasses import dataclass

from sharectl.model.domain import Domain
from sharectl.model.enums import Health
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import HostMount
from sharectl.model.share import AccessRule


@dataclass(frozen=True)
class Observed:
    """One look at everything that concerns one share on this host.

    `rules` and `domains` are None when they were not looked at: the planner then leaves that
    resource alone. A look that failed raises; it never becomes an empty tuple. `share_exists`
    is False when Manila says that there is no such share; `share_status` is None when it was not
    looked at. `server` is what the file server answered at the mount point.
    """

    mappings: tuple[ShareMapping, ...]
    rules: tuple[AccessRule, ...] | None
    mounts: tuple[HostMount, ...]
    domains: tuple[Domain, ...] | None
    share_exists: bool = True
    share_status: str | None = None
    server: Health = Health.OK

    def domain(self, uuid: str) -> Domain | None:
        """The domain with that UUID; None when it is gone, or domains were not looked at."""
        return next((item for item in self.domains or () if item.uuid == uuid), None)
