"""list: what is recorded, with the status that libvirt shows. It never changes anything.

It answers within seconds whatever is dead, and says what it could not see. It is what scripts
call most, so nothing is imported here that it does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.operations.lookup import look_at, of_domain
from sharectl.operations.views import Listing, view

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from sharectl.ports import App


def list_mappings(app: App, domain: str | None, *, examine: bool = False) -> Listing:
    """The mappings of a domain (its name, UUID or id), or of the host.

    `examine` is to look at their health as well, which asks Manila and the file servers.

    Raises `NotFound` for a domain that neither the store nor libvirt knows.
    """
    stored = app.store.load()
    mappings = stored if domain is None else of_domain(app, stored, domain)
    if examine:
        return _examined(app, mappings, domain)
    if not mappings:
        return Listing(())
    domains, unseen = look_at(app, mappings)
    found = ((item, domains.get(item.domain_uuid)) for item in mappings)
    views = tuple(
        view(item, domain, seen=domain is not None or not unseen) for item, domain in found
    )
    return Listing(tuple(sorted(views, key=lambda item: item.domain_name)), unseen)


def _examined(app: App, mappings: tuple[ShareMapping, ...], domain: str | None) -> Listing:
    """All domains are looked at: one without a record may have the filesystem of a share."""
    from sharectl.engine.survey import Scope, survey
    from sharectl.model.unrecorded import unrecorded
    from sharectl.operations.views import examined

    seen = survey(app, mappings, Scope(every_domain=True))
    views = (examined(item, seen) for item in mappings)
    known = [item for group in seen.mappings.values() for item in group]
    asked = {domain, *(item.domain_uuid for item in mappings)}
    others = tuple(
        item
        for item in unrecorded(seen.domains or (), known, str(app.config.mount_base))
        if domain is None or {item.domain.name, item.domain.uuid} & asked
    )
    return Listing(tuple(sorted(views, key=lambda item: item.domain_name)), seen.unseen, others)
