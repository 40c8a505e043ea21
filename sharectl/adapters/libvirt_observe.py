"""What libvirt's objects tell of a domain, as values of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import libvirt

from sharectl.errors import NotFound
from sharectl.model import domain_xml, memory_xml
from sharectl.model.domain import Domain
from sharectl.model.xml import parse

T = TypeVar("T")


def lookup(connection: Any, ident: str) -> Any:
    """By name first: a name may look like a UUID or a number, as virsh resolves it too."""
    ways: list[Callable[[], Any]] = [
        lambda: connection.lookupByName(ident),
        lambda: connection.lookupByUUIDString(ident),
    ]
    if ident.isascii() and ident.isdigit() and int(ident) < 2**31:
        ways.append(lambda: connection.lookupByID(int(ident)))
    for way in ways:
        if (domain := or_none(way)) is not None:
            return domain
    raise NotFound(f"domain {ident!r} does not exist on this host", hint="see: virsh list --all")


def or_none(function: Callable[..., T], *arguments: object) -> T | None:
    """`function(*arguments)`, or None when libvirt says that there is no such domain."""
    try:
        return function(*arguments)
    except libvirt.libvirtError as error:
        if error.get_error_code() in (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_INVALID_ARG):
            return None
        raise


def observe_uuid(connection: Any, uuid: str, observe: Callable[[Any], Domain]) -> Domain:
    return observe(connection.lookupByUUIDString(uuid))


def glimpse(domain: Any) -> Domain:
    live = domain.XMLDesc(0) if domain.isActive() else None
    return Domain(
        uuid=domain.UUIDString(),
        name=domain.name(),
        running=live is not None,
        live_filesystems=domain_xml.filesystems(parse(live)) if live else (),
    )


def observe(domain: Any) -> Domain:
    from sharectl.model import provenance  # `list` does without

    running, persistent = bool(domain.isActive()), bool(domain.isPersistent())
    live = domain.XMLDesc(0) if running else None
    if persistent:
        xml = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    else:
        xml = live or domain.XMLDesc(0)
    root = parse(xml)
    return Domain(
        uuid=domain.UUIDString(),
        name=domain.name(),
        persistent=persistent,
        running=running,
        managed_save=_count(domain.hasManagedSaveImage) > 0,
        snapshots=_count(domain.snapshotNum),
        shared_memory=memory_xml.has_shared_memory(root),
        filesystems=domain_xml.filesystems(root) if persistent else (),
        live_filesystems=domain_xml.filesystems(parse(live)) if live else (),
        marks=provenance.marks(root) if persistent else (),
        xml=xml,
    )


def _count(call: Callable[[], int]) -> int:
    """What a driver counts; 0 for one that knows no such thing."""
    try:
        return call()
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
            return 0
        raise
