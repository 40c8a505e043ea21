"""One look at the domains of every libvirt that a share of this host may concern."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from sharectl.errors import SharectlError
from sharectl.model.domain import Domain, DomainsSeen, UnseenDomain
from sharectl.model.host_domains import HostDomains, libvirt_of
from sharectl.model.mapping import ShareMapping

if TYPE_CHECKING:
    from sharectl.ports import App


def look_at_domains(
    app: App, mappings: Iterable[ShareMapping], *, only: frozenset[str] | None = None
) -> HostDomains:
    """The domains of this run's libvirt, and of those that `mappings` were attached through.

    Args:
        app: the ports.
        mappings: what is recorded.
        only: UUIDs of the domains to look at; None for all.

    A libvirt that does not answer is told in the result: its domains are not taken for gone. Paths
    are given in their one form, so that they can be compared with mount points.
    """
    looks: list[DomainsSeen] = []
    failed: dict[str, SharectlError] = {}
    places = {libvirt_of(item): item for item in mappings}
    _look(_here(app, places.values()), app.config.libvirt_uri, only, looks, failed)
    for uri, mapping in sorted(places.items()):
        known = any(uri in look.complete for look in looks) or uri in failed
        if not known:
            there = app.at(replace(mapping, libvirt_uri=uri))
            _look(there, uri, only, looks, failed)
    seen = HostDomains.of(looks, failed)
    return replace(seen, seen=located(app, seen.seen), unseen=_placed(app, seen.unseen))


def _here(app: App, mappings: Iterable[ShareMapping]) -> App:
    """The ports with this run's libvirt: `app` may be those of where a share was attached."""
    first = next(iter(mappings), None)
    return app if first is None else app.at(replace(first, libvirt_uri=app.config.libvirt_uri))


def check_all_seen(domains: HostDomains, folder: str) -> None:
    """That it is known of each domain whether it is served from `folder`.

    Raises why it is not known: a libvirt did not answer, or did not for a domain that may be.
    """
    for error in domains.failed.values():
        raise error
    for item in domains.unseen:
        if item.may_use(folder):
            raise item.error


def _look(
    app: App,
    uri: str,
    only: frozenset[str] | None,
    looks: list[DomainsSeen],
    failed: dict[str, SharectlError],
) -> None:
    try:
        looks.append(app.domains.look(None if only is None else sorted(only)))
    except SharectlError as error:
        failed[uri] = error


def located(app: App, domains: tuple[Domain, ...]) -> tuple[Domain, ...]:
    """The domains with each path in its one form."""
    paths = {path for domain in domains for path in _paths(domain)}
    places = app.mounts.resolve(sorted(paths)) if paths else {}
    return tuple(domain.located(places) for domain in domains)


def _placed(app: App, unseen: tuple[UnseenDomain, ...]) -> tuple[UnseenDomain, ...]:
    """The same for what libvirt keeps of those that could not be looked at."""
    if not any(item.paths for item in unseen):
        return unseen
    places = app.mounts.resolve(sorted({path for item in unseen for path in item.paths or ()}))
    return tuple(
        item
        if item.paths is None
        else replace(item, paths=frozenset(places[p] for p in item.paths))
        for item in unseen
    )


def _paths(domain: Domain) -> set[str]:
    everything = (*domain.filesystems, *domain.live_filesystems)
    return {item.source for item in everything if item.source} | domain.paths
