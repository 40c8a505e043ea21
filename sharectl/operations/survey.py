"""One look at many mappings: the host, libvirt and Manila each asked as seldom as can be.

What could not be looked at is told and left alone; it never counts as empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sharectl.errors import Interrupted, SharectlError
from sharectl.model.access import revealed
from sharectl.model.domain import Domain, is_within
from sharectl.model.enums import Health
from sharectl.model.export_location import servers
from sharectl.model.mapping import ShareMapping
from sharectl.model.mount_use import is_right
from sharectl.model.mounts import HostMount
from sharectl.model.observed import Observed
from sharectl.model.share import ShareSeen
from sharectl.operations.observe import wrong_project

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


@dataclass(frozen=True)
class Survey:
    """What was seen. `domains` and `shares` are None when they were not looked at.

    `mappings` are all of the host by share; `mounts` those by mount point, each list in the order
    in which they cover each other; `unseen` says what could not be looked at, and why.
    """

    mappings: Mapping[str, tuple[ShareMapping, ...]]
    mounts: Mapping[str, tuple[HostMount, ...]]
    domains: tuple[Domain, ...] | None
    shares: Mapping[str, ShareSeen] | None
    servers: Mapping[str, Health]
    unseen: tuple[SharectlError, ...]

    def for_share(self, share_id: str) -> Survey:
        """The same for a repair of that share: if it could not be looked at, Manila was not."""
        return self if self._seen(share_id) is not None else replace(self, shares=None)

    def _seen(self, share_id: str) -> ShareSeen | None:
        share = self.shares.get(share_id) if self.shares is not None else None
        return share if share is not None and share.error is None else None

    def observed(self, mapping: ShareMapping) -> Observed:
        """What concerns the share of `mapping`."""
        share = self._seen(mapping.share_id)
        return Observed(
            mappings=self.mappings.get(mapping.share_id, (mapping,)),
            rules=share.rules if share is not None else None,
            mounts=self.mounts.get(mapping.mount_point, ()),
            domains=self.domains,
            share_exists=share is None or share.status is not None,
            share_status=share.status if share is not None else None,
            server=self.servers.get(mapping.mount_point, Health.OK),
        )


def survey(app: App, chosen: Iterable[ShareMapping], scope: Scope) -> Survey:
    """Look at everything that concerns the `chosen` mappings.

    A mount's server is asked only where the mount is the right one: nothing is to be expected
    of a foreign one.
    """
    wanted = tuple(chosen)
    mappings = _by_share(app.store.load())
    mounts = _by_mount_point(app.mounts.list())
    unseen: list[SharectlError] = []
    domains: tuple[Domain, ...] | None = None
    if scope.libvirt and (wanted or (scope.every_domain and _has_mounts(app, mounts))):
        try:
            domains = _domains(app, wanted, scope)
        except Interrupted:
            raise
        except SharectlError as error:
            unseen.append(error)
    shares: Mapping[str, ShareSeen] | None = None
    if scope.manila and wanted:
        try:
            shares = _shares(app, wanted, mappings)
            unseen += _errors(shares, wanted)
        except Interrupted:
            raise
        except SharectlError as error:
            unseen.append(error)
    answers = _probe(app, wanted, mounts) if scope.servers else {}
    return Survey(mappings, mounts, domains, shares, answers, tuple(unseen))


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


def _domains(app: App, wanted: tuple[ShareMapping, ...], scope: Scope) -> tuple[Domain, ...]:
    if scope.every_domain:
        return app.domains.list()
    return tuple(app.domains.get(sorted({item.domain_uuid for item in wanted})).values())


def _shares(
    app: App,
    wanted: tuple[ShareMapping, ...],
    mappings: Mapping[str, tuple[ShareMapping, ...]],
) -> Mapping[str, ShareSeen]:
    """What Manila tells of the shares, with their rules as far as this host knows them."""
    found = app.shares.survey({item.share_id for item in wanted})
    host = app.host.name
    return {
        key: _checked(app, replace(seen, rules=revealed(seen.rules, own, host)), own)
        for key, seen in found.items()
        for own in (mappings.get(key, ()),)
    }


def _checked(app: App, seen: ShareSeen, mappings: tuple[ShareMapping, ...]) -> ShareSeen:
    """One that Manila does not know may be another project's: then it was not looked at."""
    if seen.status is not None or seen.error is not None:
        return seen
    return replace(seen, error=wrong_project(app, mappings))


def _errors(
    shares: Mapping[str, ShareSeen], wanted: tuple[ShareMapping, ...]
) -> Iterator[SharectlError]:
    """What Manila said of single shares; the same of several is told once."""
    names = {item.share_id: item.share_name or item.share_id for item in wanted}
    ill: dict[str, list[str]] = {}
    errors: dict[str, SharectlError] = {}
    for share_id, seen in shares.items():
        if seen.error is not None:
            errors.setdefault(seen.error.message, seen.error)
            ill.setdefault(seen.error.message, []).append(names[share_id])
    for message, error in errors.items():
        error.message = f"share {', '.join(sorted(ill[message]))}: {message}"
        yield error


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
