"""metadata: what the guest of a domain is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.model.guest_metadata import GuestMetadata, guest_metadata
from sharectl.operations.lookup import look_at, of_domain

if TYPE_CHECKING:
    from sharectl.ports import App


def metadata_of(app: App, domain: str) -> GuestMetadata:
    """What the guest of the domain with that name, UUID or id is told.

    Raises `NotFound` when no libvirt has it, and `Unavailable`.
    """
    mappings = of_domain(app, app.store.load(), domain)
    seen, unseen = look_at(app, mappings)
    if unseen:
        raise unseen[0]
    uuids = [item.domain_uuid for item in mappings if item.domain_uuid in seen]
    found = seen[uuids[0]] if uuids else app.domains.find(domain)
    return guest_metadata(found, mappings)
