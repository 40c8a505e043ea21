"""What one look at many mappings has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sharectl.errors import SharectlError
from sharectl.model.enums import Health
from sharectl.model.host_domains import HostDomains
from sharectl.model.identity import HostIdentity
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import HostMount, MountNote, ServedMount
from sharectl.model.observed import Observed
from sharectl.model.share import ShareSeen


@dataclass(frozen=True)
class Survey:
    """What was seen. `domains` and `shares` are None when they were not looked at.

    `mappings` are all of the host by share; `mounts` those by mount point, each list in the order
    in which they cover each other; `unseen` says what could not be looked at, and why.
    """

    host: HostIdentity
    mappings: Mapping[str, tuple[ShareMapping, ...]]
    mounts: Mapping[str, tuple[HostMount, ...]]
    domains: HostDomains | None
    shares: Mapping[str, ShareSeen] | None
    servers: Mapping[str, Health]
    unseen: tuple[SharectlError, ...]
    notes: Mapping[str, MountNote] = field(default_factory=lambda: MappingProxyType({}))
    served: tuple[ServedMount, ...] = ()
    host_mounts: tuple[HostMount, ...] = ()

    def share(self, share_id: str) -> ShareSeen | None:
        """What Manila told of the share; None when it could not be asked."""
        share = self.shares.get(share_id) if self.shares is not None else None
        return share if share is not None and share.error is None else None

    def observed(self, mapping: ShareMapping) -> Observed:
        """What concerns the share of `mapping`."""
        share = self.share(mapping.share_id)
        return Observed(
            host=self.host,
            mappings=self.mappings.get(mapping.share_id, (mapping,)),
            rules=share.rules if share is not None else None,
            mounts=self.mounts.get(mapping.mount_point, ()),
            domains=self.domains,
            share_exists=share is None or share.status is not None,
            share_status=share.status if share is not None else None,
            share_hindrance=share.hindrance if share is not None else None,
            server=self.servers.get(mapping.mount_point, Health.OK),
            notes=self.notes,
            served=self.served,
            host_mounts=self.host_mounts,
        )

    def is_whole(self, mapping: ShareMapping) -> bool:
        """Whether Manila and libvirt were looked at: only then can an add or remove be finished."""
        if self.share(mapping.share_id) is None or self.domains is None:
            return False
        return not any(self.domains.is_unseen(item) for item in self.observed(mapping).mappings)
