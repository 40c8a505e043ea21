"""The filesystem in the domain's definition, and the mark in its metadata."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from sharectl.engine.domains import look_at_domains
from sharectl.engine.steps.site import Site
from sharectl.errors import NotFound, Refused, SharectlError, Unavailable
from sharectl.model import domain_xml
from sharectl.model.action import (
    AttachFilesystem,
    DetachFilesystem,
    MarkDomain,
    RememberDevice,
    UnmarkDomain,
)
from sharectl.model.mapping import has_device
from sharectl.model.marking import mark_of
from sharectl.model.xml import parse


def attach(site: Site, action: AttachFilesystem) -> None:
    """With the PCI controller that may come along recorded, lest a crash leave it behind."""
    domains, uuid = site.app.domains, action.domain_uuid
    with site.domain_lock(uuid), site.app.interrupts.shielded():
        seen = domains.look([uuid]).domains.get(uuid)
        coming = domain_xml.next_controllers(seen.xml) if seen is not None else ()
        _change_controllers(site, plus=coming)
        try:
            added = domains.attach_filesystem(uuid, action.filesystem)
        except Unavailable:
            raise  # it may yet happen
        except SharectlError:  # it may come from what libvirt was asked for after that
            _change_controllers(site, minus=_absent(site, uuid, coming))
            raise
        _change_controllers(site, minus=coming, plus=added)


def _absent(site: Site, uuid: str, coming: tuple[int, ...]) -> tuple[int, ...]:
    """Those controllers that did not come; one that cannot be looked for may be there."""
    with suppress(SharectlError):
        seen = site.app.domains.look([uuid]).domains.get(uuid)
        if seen is not None:
            there = domain_xml.pci_controllers(parse(seen.xml))
            return tuple(index for index in coming if index not in there)
    return ()


def _change_controllers(site: Site, *, minus: Iterable[int] = (), plus: Iterable[int] = ()) -> None:
    with site.app.store.transaction() as store:
        stored = site.stored(store)
        controllers = tuple(sorted({*stored.controllers} - {*minus} | {*plus}))
        if controllers != stored.controllers:
            store.put(replace(stored, controllers=controllers))


def remember_device(site: Site, action: RememberDevice) -> None:
    site.remember(device=action.filesystem.xml)


def detach(site: Site, action: DetachFilesystem) -> None:
    with (
        site.domain_lock(action.domain_uuid),
        site.app.interrupts.shielded(),
        suppress(NotFound),  # undefined since we looked
    ):
        left = site.app.domains.detach_filesystem(
            action.domain_uuid, action.filesystem, action.controllers
        )
        _change_controllers(site, minus=action.controllers, plus=left)
    _check_out(site, action)


def _check_out(site: Site, action: DetachFilesystem) -> None:
    """What is taken away next is what the filesystem would serve."""
    only = frozenset({action.domain_uuid})
    domain = look_at_domains(site.app, (site.mapping,), only=only).find(site.mapping)
    if domain is not None and has_device(site.mapping, domain):
        raise Refused(
            f"domain {domain.name} still has filesystem {action.filesystem.tag} after it was taken"
            " out",
            hint=f"take it out: virsh edit {domain.word}",
        )


def mark(site: Site, action: MarkDomain) -> None:
    """From the record as it is now, with the controllers that came with the filesystem."""
    app = site.app
    with site.domain_lock(action.domain_uuid), app.interrupts.shielded():
        with app.store.transaction() as store:
            stored = site.stored(store)
        app.domains.mark(action.domain_uuid, mark_of(stored, app.host.identity))


def unmark(site: Site, action: UnmarkDomain) -> None:
    with site.domain_lock(action.domain_uuid), suppress(NotFound):
        site.app.domains.unmark(action.domain_uuid, site.mapping.id)
