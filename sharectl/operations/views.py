"""What is shown of a mapping: the record, what was observed, and what could not be seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sharectl.errors import SharectlError
from sharectl.model.domain import Domain
from sharectl.model.enums import Health, Intent
from sharectl.model.mapping import ShareMapping, status_of

if TYPE_CHECKING:
    from sharectl.model.survey import Survey
    from sharectl.model.unrecorded import Unrecorded

UNSEEN = "unknown"


@dataclass(frozen=True)
class MappingView:
    """A mapping with its status and health, as words to show.

    `windows` tells whether the domain's metadata says that Windows runs in it. `advice` is what to
    do about ill health.
    """

    mapping: ShareMapping
    domain_name: str
    status: str
    health: Health = Health.UNKNOWN
    windows: bool = False
    advice: str | None = None


@dataclass(frozen=True)
class Listing:
    """What `list` found, what no record speaks of, and what it could not look at."""

    views: tuple[MappingView, ...]
    unseen: tuple[SharectlError, ...] = ()
    unrecorded: tuple[Unrecorded, ...] = ()


def view(mapping: ShareMapping, domain: Domain | None, *, seen: bool) -> MappingView:
    """`mapping` with its status; `seen` tells whether libvirt could be asked for the domain."""
    name = domain.name if domain is not None else mapping.domain_name
    mapping = replace(mapping, domain_name=name)  # hints name the domain that it is now
    if not seen and mapping.intent is Intent.ATTACHED and mapping.last_error is None:
        return MappingView(mapping, name, UNSEEN)
    return MappingView(mapping, name, status_of(mapping, domain).value)


def examined(mapping: ShareMapping, seen: Survey) -> MappingView:
    """`mapping` with the status and health that a survey shows."""
    from sharectl.model.guest_mount import is_windows
    from sharectl.model.health import advice, health_of

    observed = seen.observed(mapping)
    unseen = observed.domains is None or observed.domains.is_unseen(mapping)
    domain = observed.domain(mapping)
    shown = view(mapping, domain, seen=not unseen)
    windows = domain is not None and is_windows(domain.xml)
    health = health_of(mapping, observed)
    advised = advice(health, shown.mapping, observed)
    return replace(shown, health=health, windows=windows, advice=advised)
