"""list: what is recorded, with the status that libvirt shows. It never changes anything.

It answers within seconds whatever is dead, and says what it could not see. It is what scripts
call most, so nothing is imported here that it does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.errors import ConfigError, Denied, NotFound, Refused, SharectlError, Unavailable
from sharectl.model.domain import Domain
from sharectl.model.mapping import ShareMapping, find_mapping
from sharectl.operations.views import Listing, view

if TYPE_CHECKING:
    from sharectl.ports import App

_UNSEEN = (Unavailable, Denied, ConfigError)


def list_mappings(app: App, domain: str | None, *, examine: bool = False) -> Listing:
    """The mappings of a domain (its name, UUID or id), or of the host.

    `examine` is to look at their health as well, which asks Manila and the file servers.

    Raises `NotFound` for a domain that neither the store nor libvirt knows.
    """
    mappings = app.store.load()
    if domain is not None:
        mappings = of_domain(app, mappings, domain)
    if not mappings:
        return Listing(())
    if examine:
        return _examined(app, mappings)
    domains, unseen = look_at(app, {item.domain_uuid for item in mappings}, brief=True)
    views = tuple(view(item, domains.get(item.domain_uuid), seen=not unseen) for item in mappings)
    return Listing(tuple(sorted(views, key=lambda item: item.domain_name)), unseen)


def _examined(app: App, mappings: tuple[ShareMapping, ...]) -> Listing:
    from sharectl.operations.survey import Scope, survey
    from sharectl.operations.views import examined

    seen = survey(app, mappings, Scope())
    views = (examined(item, seen) for item in mappings)
    return Listing(tuple(sorted(views, key=lambda item: item.domain_name)), seen.unseen)


def look_at(
    app: App, uuids: set[str], *, brief: bool = False
) -> tuple[dict[str, Domain], tuple[SharectlError, ...]]:
    """The domains that exist, or why they could not be looked at."""
    try:
        return app.domains.get(sorted(uuids), brief=brief), ()
    except _UNSEEN as error:
        return {}, (error,)


def find_recorded(app: App, domain: str, share: str) -> ShareMapping:
    """The mapping of that domain and share, also when the domain itself is gone.

    Raises `NotFound`, and `Refused` when several of its shares have that name, or several domains
    that are gone had that one.
    """
    mappings = of_domain(app, app.store.load(), domain)
    uuids = sorted({item.domain_uuid for item in mappings})
    found = [item for uuid in uuids if (item := find_mapping(mappings, uuid, share)) is not None]
    if not found:
        raise _not_attached(app, domain, share)
    if len(found) > 1:
        raise Refused(
            f"share {share!r} is attached to {len(found)} domains that were named {domain!r}",
            hint="give the UUID of one: " + " ".join(item.domain_uuid for item in found),
        )
    return found[0]


def _not_attached(app: App, domain: str, share: str) -> NotFound:
    """What to do depends on whether the domain has the share, as after the store was lost."""
    from sharectl.model.checks import has_unrecorded

    try:
        seen = app.domains.find(domain)
    except SharectlError:
        seen = None
    if seen is not None and has_unrecorded(seen, share, str(app.config.mount_base)):
        return NotFound(
            f"no record says that share {share!r} is attached to domain {domain!r}, and the domain"
            " has it",
            hint=f"record it again: sharectl adopt {domain}",
        )
    return NotFound(
        f"share {share!r} is not attached to domain {domain!r}",
        hint=f"see what is attached: sharectl list {domain}",
    )


def of_domain(
    app: App, mappings: tuple[ShareMapping, ...], domain: str
) -> tuple[ShareMapping, ...]:
    """The mappings of the domain with that UUID, name or id.

    A name is what libvirt says now; the one in the store serves for domains that are gone, and
    when libvirt cannot be asked.
    """
    if any(item.domain_uuid == domain for item in mappings):
        return tuple(item for item in mappings if item.domain_uuid == domain)
    named = tuple(item for item in mappings if item.domain_name == domain)
    seen: dict[str, Domain] = {}
    if named:
        seen, unseen = look_at(app, {item.domain_uuid for item in named}, brief=True)
        if unseen:
            return named
    current = {uuid for uuid, item in seen.items() if item.name == domain}
    gone = tuple(item for item in named if item.domain_uuid not in seen)
    if not current:
        try:
            current = {app.domains.find(domain).uuid}
        except NotFound:
            if not gone:
                raise
    return tuple(item for item in mappings if item.domain_uuid in current) or gone
