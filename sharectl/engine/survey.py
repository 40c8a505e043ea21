"""One look at many mappings: the host, libvirt and Manila each asked as seldom as can be.

What could not be looked at is told and left alone; it never counts as empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sharectl.engine.domains import look_at_domains
from sharectl.engine.project import wrong_project
from sharectl.errors import SharectlError, Unavailable
from sharectl.model.domain import is_within
from sharectl.model.enums import Health
from sharectl.model.export_location import servers
from sharectl.model.host_domains import HostDomains
from sharectl.model.mapping import ShareMapping
from sharectl.model.mount_use import is_right
from sharectl.model.mounts import HostMount
from sharectl.model.rule_owner import revealed
from sharectl.model.share import ShareSeen
from sharectl.model.survey import Survey

if TYPE_CHECKING:
    from sharectl.ports import App

_PROBE_SECONDS = 3.0  # for a file server to answer


@dataclass(frozen=True)
class Scope:
    """What to look at, beside the store and the host's mounts.

    `every_domain` is for those who must know who else uses a mount.
    """

    manila: bool = True
    libvirt: bool = True
    servers: bool = True
    every_domain: bool = False


def survey(app: App, chosen: Iterable[ShareMapping], scope: Scope) -> Survey:
    """Look at everything that concerns the `chosen` mappings.

    A mount's server is asked only where the mount is the right one: nothing is to be expected
    of a foreign one.
    """
    wanted = tuple(chosen)
    stored = app.store.load()
    mappings = _by_share(stored)
    host_mounts = app.mounts.list()
    mounts = _by_mount_point(host_mounts)
    unseen: list[SharectlError] = []
    domains: HostDomains | None = None
    if scope.libvirt and (wanted or scope.every_domain):
        domains = _domains(app, stored, wanted, scope)
        if domains.failed and not (stored or _has_mounts(app, mounts)):
            domains = None  # a host without shares need not have a libvirt
        else:
            unseen += (*domains.failed.values(), *_hidden(app, domains, stored, wanted))
    shares: Mapping[str, ShareSeen] | None = None
    if scope.manila and wanted:
        shares = _shares(app, wanted, mappings)
        unseen += _errors(shares, wanted)
    return Survey(
        app.host.identity, mappings, mounts, domains, shares,
        _probe(app, wanted, mounts) if scope.servers else {}, tuple(unseen),
        app.mounts.notes(), app.mounts.served(), host_mounts,
    )  # fmt: skip


def _hidden(
    app: App,
    domains: HostDomains,
    stored: tuple[ShareMapping, ...],
    wanted: tuple[ShareMapping, ...],
) -> Iterator[SharectlError]:
    """Why domains could not be looked at, of those that may have something of ours.

    One that cannot have is of no concern: any domain is kept from answering while its own hooks
    or jobs take their time.
    """
    folders = {str(app.config.mount_base), *(item.mount_point for item in stored)}
    uuids = {item.domain_uuid for item in wanted}
    for item in domains.unseen:
        if item.uuid in uuids or any(item.may_use(folder) for folder in folders):
            yield item.error


def _by_share(mappings: Iterable[ShareMapping]) -> dict[str, tuple[ShareMapping, ...]]:
    found: dict[str, tuple[ShareMapping, ...]] = {}
    for item in mappings:
        found[item.share_id] = (*found.get(item.share_id, ()), item)
    return found


def _by_mount_point(mounts: Iterable[HostMount]) -> dict[str, tuple[HostMount, ...]]:
    found: dict[str, tuple[HostMount, ...]] = {}
    for item in mounts:
        found[item.mount_point] = (*found.get(item.mount_point, ()), item)
    return found


def _has_mounts(app: App, mounts: Iterable[str]) -> bool:
    """Whether anything is mounted below our folder, even if no record speaks of it."""
    return any(is_within(item, str(app.config.mount_base)) for item in mounts)


def _domains(
    app: App, stored: tuple[ShareMapping, ...], wanted: tuple[ShareMapping, ...], scope: Scope
) -> HostDomains:
    if scope.every_domain:
        return look_at_domains(app, stored)
    return look_at_domains(app, wanted, only=frozenset(item.domain_uuid for item in wanted))


def _shares(
    app: App,
    wanted: tuple[ShareMapping, ...],
    mappings: Mapping[str, tuple[ShareMapping, ...]],
) -> Mapping[str, ShareSeen]:
    """What Manila tells of the shares, with their rules as far as this host knows them.

    Each cloud and project is asked with the credentials that attached its shares.
    """
    clouds: dict[tuple[str, ...], list[ShareMapping]] = {}
    for item in wanted:
        clouds.setdefault((item.cloud, item.auth_url, item.project_id), []).append(item)
    found: dict[str, ShareSeen] = {}
    for group in clouds.values():
        found.update(_of_cloud(app.at(group[0]), {item.share_id for item in group}, mappings))
    return found


def _of_cloud(
    app: App, share_ids: set[str], mappings: Mapping[str, tuple[ShareMapping, ...]]
) -> dict[str, ShareSeen]:
    try:
        found = app.shares.survey(share_ids)
        return {key: _checked(app, seen, mappings.get(key, ())) for key, seen in found.items()}
    except SharectlError as error:
        return dict.fromkeys(share_ids, ShareSeen(None, error=error))


def _checked(app: App, seen: ShareSeen, mappings: tuple[ShareMapping, ...]) -> ShareSeen:
    """One that Manila does not know may be another project's: then it was not looked at."""
    if seen.error is not None:
        return seen
    if seen.status is None:
        return replace(seen, error=wrong_project(app, mappings))
    return replace(seen, rules=revealed(seen.rules, mappings, app.host.identity))


def _errors(
    shares: Mapping[str, ShareSeen], wanted: tuple[ShareMapping, ...]
) -> list[SharectlError]:
    """What Manila said of single shares; the same of several is told once, and names them."""
    names = {item.share_id: item.share_name or item.share_id for item in wanted}
    ill: dict[str, list[str]] = {}
    errors: dict[str, SharectlError] = {}
    for share_id, seen in shares.items():
        if seen.error is not None:
            errors.setdefault(seen.error.message, seen.error)
            ill.setdefault(seen.error.message, []).append(names[share_id])
    of_all = len(ill) == 1 and not any(seen.error is None for seen in shares.values())
    return [
        error
        if of_all and isinstance(error, Unavailable)
        else error.about(f"share {', '.join(sorted(ill[message]))}")
        for message, error in errors.items()
    ]


def _probe(
    app: App, wanted: tuple[ShareMapping, ...], mounts: Mapping[str, tuple[HostMount, ...]]
) -> Mapping[str, Health]:
    """What the file servers answer, asked side by side."""
    groups: dict[str, set[str]] = {}
    for item in wanted:
        layers = mounts.get(item.mount_point)
        if layers and is_right(item, layers[-1]):
            server = ",".join(servers(item.protocol, item.export_location))
            groups.setdefault(server, set()).add(item.mount_point)
    return app.mounts.probe([sorted(group) for group in groups.values()], _PROBE_SECONDS)
