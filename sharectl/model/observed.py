"""What was seen of one share: in Manila, on the host and in the domains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sharectl.model.domain import Domain
from sharectl.model.enums import Health
from sharectl.model.hindrance import Hindrance
from sharectl.model.host_domains import HostDomains
from sharectl.model.identity import HostIdentity
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import HostMount, MountNote, ServedMount
from sharectl.model.share import AccessRule


@dataclass(frozen=True)
class Observed:
    """One look at everything that concerns one share on this host.

    `rules` and `domains` are None when they were not looked at: the planner then leaves that
    resource alone. A look that failed raises; it never becomes an empty tuple. `share_exists`
    is False when Manila says that there is no such share; `share_status` is None when it was not
    looked at, and `share_hindrance` says why the share cannot be used now.
    `server` is what the file server answered at the mount point. `host_mounts` are all mounts of
    the host, `mounts` those that matter here. `notes` are of the mounts that
    sharectl made; `served` are the file systems that virtiofsd processes hold.
    """

    host: HostIdentity
    mappings: tuple[ShareMapping, ...]
    rules: tuple[AccessRule, ...] | None
    mounts: tuple[HostMount, ...]
    domains: HostDomains | None
    share_exists: bool = True
    share_status: str | None = None
    share_hindrance: Hindrance | None = None
    server: Health = Health.OK
    host_mounts: tuple[HostMount, ...] = ()
    notes: Mapping[str, MountNote] = field(default_factory=lambda: MappingProxyType({}))
    served: tuple[ServedMount, ...] = ()

    def domain(self, mapping: ShareMapping) -> Domain | None:
        """The mapping's domain; None when it is gone, or was not looked at."""
        return self.domains.find(mapping) if self.domains is not None else None
