"""What libvirt's objects tell of a domain, as values of ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import libvirt

from sharectl.adapters import libvirt_answers as answers
from sharectl.adapters import virtiofsd_lock
from sharectl.errors import NotFound
from sharectl.model import domain_xml, memory_xml
from sharectl.model.domain import Domain, Filesystem
from sharectl.model.domain_xml import paths

T = TypeVar("T")


def lookup(connection: Any, ident: str) -> Any:
    """The domain with that name, UUID or id; `Refused` when these are several domains.

    virsh takes an id before a UUID before a name, others a name first: none of them is meant.
    """
    ways: list[Callable[[], Any]] = [
        lambda: connection.lookupByName(ident),
        lambda: connection.lookupByUUIDString(ident),
    ]
    if ident.isascii() and ident.isdigit() and int(ident) < 2**31:
        ways.append(lambda: connection.lookupByID(int(ident)))
    found = [domain for way in ways if (domain := or_none(way)) is not None]
    if not found:
        raise NotFound(
            f"domain {ident!r} does not exist on this host", hint="see: virsh list --all"
        )
    names = {answers.uuid(domain): answers.name(domain) for domain in found}
    if len(names) > 1:
        from sharectl.model.checks import ambiguous  # looking does without

        raise ambiguous(ident, names)
    return found[0]


def or_none(function: Callable[..., T], *arguments: object) -> T | None:
    """`function(*arguments)`, or None when libvirt says that there is no such domain."""
    try:
        return function(*arguments)
    except libvirt.libvirtError as error:
        if error.get_error_code() in (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_INVALID_ARG):
            return None
        raise


def glimpse(uri: str, domain: Any) -> Domain:
    """What `list` shows: state and filesystems."""
    live, definition = _definitions(domain)
    return Domain(
        uuid=answers.uuid(domain),
        name=answers.name(domain),
        persistent=definition is not None,
        running=live is not None,
        filesystems=domain_xml.filesystems(definition[1]) if definition else (),
        live_filesystems=_live(uri, live[1]) if live else (),
        libvirt_uri=uri,
    )


def observe(uri: str, domain: Any) -> Domain:
    """Everything; `uri` is the libvirt that has it, in its one spelling."""
    from sharectl.model import provenance  # `list` does without

    live, definition = _definitions(domain)
    xml, root = definition or live or answers.definition(domain, 0)
    running = live[1] if live else None
    return Domain(
        uuid=answers.uuid(domain),
        name=answers.name(domain),
        persistent=definition is not None,
        running=live is not None,
        managed_save=_count(domain.hasManagedSaveImage) > 0,
        snapshots=_count(domain.snapshotNum),
        shared_memory=memory_xml.has_shared_memory(root),
        filesystems=domain_xml.filesystems(root) if definition else (),
        live_filesystems=_live(uri, running) if running is not None else (),
        paths=paths(root) | (paths(running) if running is not None else set()),
        marks=provenance.marks(root) if definition else (),
        libvirt_uri=uri,
        xml=xml,
    )


def _definitions(domain: Any) -> tuple[tuple[str, Any] | None, tuple[str, Any] | None]:
    """Those of the running guest and the persistent one, each with its root, None without one."""
    active = answers.yes(domain.isActive(), "whether a domain runs")
    live = answers.definition(domain, 0) if active else None
    inactive = libvirt.VIR_DOMAIN_XML_INACTIVE
    persistent = answers.yes(domain.isPersistent(), "whether a domain is persistent")
    return live, answers.definition(domain, inactive) if persistent else None


def _live(uri: str, root: Any) -> tuple[Filesystem, ...]:
    """Those of the running guest, each with whether its virtiofsd lives."""
    number, name = root.get("id") or "", root.findtext("name") or ""
    aliases = domain_xml.filesystem_aliases(root)
    return tuple(
        replace(item, served=virtiofsd_lock.is_served(uri, number, name, alias))
        if item.driver == "virtiofs" and item.source is not None
        else item
        for item, alias in zip(domain_xml.filesystems(root), aliases, strict=True)
    )


def _count(call: Callable[[], int]) -> int:
    """What a driver counts; 0 for one that knows no such thing."""
    try:
        return answers.number(call(), "a count")
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
            return 0
        raise
