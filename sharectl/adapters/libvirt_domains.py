"""libvirt: domains looked at, and their persistent definitions changed.

Devices go in and out by virDomainAttachDeviceFlags and virDomainDetachDeviceFlags with
AFFECT_CONFIG, which libvirt does atomically; reading, editing and defining the whole XML loses
what others change in between. Memory backing is no device: only it is done by redefining.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import libvirt

from sharectl.adapters import libvirt_answers as answers
from sharectl.adapters import libvirt_observe, vhost_user
from sharectl.adapters.libvirt_connection import Connection, translate
from sharectl.adapters.libvirt_look import Looks
from sharectl.errors import Refused
from sharectl.model import domain_xml, memory_xml
from sharectl.model import domain_xml_slots as slots
from sharectl.model.domain import Domain, DomainsSeen, Filesystem
from sharectl.model.enums import SharedMemory
from sharectl.model.host import HostFacts
from sharectl.model.mark import Mark
from sharectl.model.xml import parse

T = TypeVar("T")
Marks = tuple[Mark, ...]


class LibvirtDomains:
    """`Domains` of one libvirt connection, opened when first needed."""

    def __init__(self, uri: str, timeout: float) -> None:
        self._libvirt = Connection(uri, timeout)
        self._looks = Looks(self._libvirt)

    def host(self) -> HostFacts:
        """Versions and abilities."""
        return self._libvirt.call(self._host)

    def _host(self, connection: Any) -> HostFacts:
        try:
            qemu: tuple[int, int, int] | None = _version(connection.getVersion())
        except libvirt.libvirtError:
            qemu = None  # no emulator found: libvirt cannot tell a version
        return HostFacts(
            uri=self._libvirt.name,
            libvirt=_version(connection.getLibVersion()),
            qemu=qemu,
            virtiofs=_has_virtiofs(connection),
            virtiofsd=vhost_user.find(vhost_user.folders()),
        )

    def find(self, ident: str) -> Domain:
        """By name, UUID or id."""
        uri = self._libvirt.name
        return self._libvirt.call(
            lambda connection: libvirt_observe.observe(
                uri, libvirt_observe.lookup(connection, ident)
            )
        )

    def look(self, uuids: Iterable[str] | None = None, *, brief: bool = False) -> DomainsSeen:
        """One by one."""
        return self._looks.look(uuids, brief=brief)

    def attach_filesystem(self, uuid: str, filesystem: Filesystem) -> tuple[int, ...]:
        """Into the persistent definition.

        What was this device before its driver was taken away has its tag, and makes room. libvirt
        takes `<readonly/>` on virtiofs since 11.0.0; an older one gets the device
        without, and the host mount alone keeps the guest from writing.
        """

        def attach(connection: Any, domain: Any) -> tuple[int, ...]:
            before = _persistent(domain)
            present = domain_xml.filesystems(before)
            if (old := domain_xml.displaced(present, filesystem)) is not None:
                _change_device(connection, domain, "detach", replace(old, readonly=False))
            try:
                _change_device(connection, domain, "attach", filesystem)
            except libvirt.libvirtError as error:
                unsupported = error.get_error_code() == libvirt.VIR_ERR_CONFIG_UNSUPPORTED
                if not (filesystem.readonly and unsupported):
                    raise
                _change_device(connection, domain, "attach", replace(filesystem, readonly=False))
            after = _persistent(domain)
            if wider := slots.widened(before, after):
                _redefine(connection, domain, lambda xml: slots.note(xml, wider))
            ports = domain_xml.pci_controllers
            return tuple(sorted(ports(after).keys() - ports(before).keys()))

        return self._change(uuid, attach)

    def detach_filesystem(
        self, uuid: str, filesystem: Filesystem, controllers: tuple[int, ...] = ()
    ) -> tuple[int, ...]:
        """Out of the persistent definition.

        libvirt finds a filesystem by its tag alone, so the source is compared before: a tag may
        have been given to somebody else's filesystem since. A root port that is in use again is
        put back by libvirt itself.
        """

        def detach(connection: Any, domain: Any) -> tuple[int, ...]:
            present = domain_xml.filesystems(_persistent(domain))
            if (found := domain_xml.find_device(present, filesystem)) is not None:
                _change_device(connection, domain, "detach", replace(found, readonly=False))
            models = domain_xml.pci_controllers(_persistent(domain))
            for index in sorted(controllers, reverse=True):
                if index in models:
                    xml = f"<controller type='pci' index='{index}' model='{models[index]}'/>"
                    domain.detachDeviceFlags(xml, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
            after = _persistent(domain)
            if slots.has_note(after):
                _redefine(connection, domain, slots.narrow)
            return tuple(sorted(domain_xml.pci_controllers(after).keys() & set(controllers)))

        return self._change(uuid, detach)

    def mark(self, uuid: str, mark: Mark) -> None:
        """By virDomainSetMetadata, which touches no other metadata."""
        from sharectl.model import provenance

        self._mark(uuid, lambda present: provenance.with_mark(present, mark))

    def unmark(self, uuid: str, mapping_id: str) -> None:
        """The same; the last mark takes the metadata along that was made for the first."""
        from sharectl.model import provenance

        self._mark(uuid, lambda present: provenance.without_mark(present, mapping_id))

    def _mark(self, uuid: str, edit: Callable[[Marks], Marks]) -> None:
        self._change(uuid, lambda connection, domain: _write_marks(connection, domain, edit))

    def enable_shared_memory(self, uuid: str, kind: SharedMemory) -> None:
        """By redefining: memory backing is no device."""
        self._edit(uuid, lambda xml: memory_xml.enable(xml, kind))

    def disable_shared_memory(self, uuid: str, kind: SharedMemory) -> str | None:
        """By redefining; left alone when it is no longer ours or is needed."""
        self._edit(uuid, lambda xml: memory_xml.disable(xml, kind))
        return self._change(
            uuid, lambda _connection, domain: memory_xml.why_kept(_definition(domain), kind)
        )

    def _edit(self, uuid: str, edit: Callable[[str], str | None]) -> None:
        self._change(uuid, lambda connection, domain: _redefine(connection, domain, edit))

    def _change(self, uuid: str, change: Callable[[Any, Any], T]) -> T:
        """Call `change(connection, domain)`; it may outlast the deadline.

        By UUID alone: another domain may be named like it.
        """

        def work(connection: Any) -> T:
            domain = connection.lookupByUUIDString(uuid)
            try:
                return change(connection, domain)
            except libvirt.libvirtError as error:
                name = answers.name(domain)
                told = translate(error, self._libvirt.uri, name)
                if isinstance(told, Refused) and _is_transient(domain):
                    from sharectl.model.checks import transient  # looking does without

                    told = transient(name, uuid)
                raise told from error

        return self._libvirt.call(work, change=True)


def _is_transient(domain: Any) -> bool:
    try:
        return not answers.yes(domain.isPersistent(), "whether a domain is persistent")
    except libvirt.libvirtError:  # it is gone
        return False


def _definition(domain: Any) -> str:
    return answers.definition(domain, libvirt.VIR_DOMAIN_XML_INACTIVE)[0]


def _persistent(domain: Any) -> Any:
    return answers.definition(domain, libvirt.VIR_DOMAIN_XML_INACTIVE)[1]


def _change_device(connection: Any, domain: Any, verb: str, filesystem: Filesystem) -> None:
    """Attach or detach; drivers without the call, libvirt's test driver for one, redefine."""
    call = {"attach": domain.attachDeviceFlags, "detach": domain.detachDeviceFlags}[verb]
    edit = {"attach": domain_xml.add_filesystem, "detach": domain_xml.remove_filesystem}[verb]
    try:
        call(domain_xml.filesystem_xml(filesystem), libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    except libvirt.libvirtError as error:
        if not _is_lacking(error):
            raise
        _redefine(connection, domain, lambda xml: edit(xml, filesystem))


def _is_lacking(error: libvirt.libvirtError) -> bool:
    """Whether the driver has no such call, or has it for running guests alone (test, 11.3)."""
    code = error.get_error_code()
    flags = code == libvirt.VIR_ERR_INVALID_ARG and "unsupported flags" in str(error)
    return flags or code == libvirt.VIR_ERR_NO_SUPPORT


def _redefine(connection: Any, domain: Any, edit: Callable[[str], str | None]) -> None:
    """Define an edit of a fresh dump; with secrets, which a dump leaves out unless asked."""
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
    before, _root = answers.definition(domain, flags)
    after = edit(before)
    if after is None or after == before:
        return
    try:
        connection.defineXMLFlags(after, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    except libvirt.libvirtError as error:
        # The definition was there before; that its old parts fail validation is not our affair.
        if error.get_error_code() != libvirt.VIR_ERR_XML_INVALID_SCHEMA:
            raise
        connection.defineXMLFlags(after, 0)


def _write_marks(connection: Any, domain: Any, edit: Callable[[Marks], Marks]) -> None:
    from sharectl.model import provenance

    root = _persistent(domain)
    present = provenance.marks(root)
    wanted = edit(present)
    if wanted == present:
        return
    if not wanted and (provenance.is_alone(root) or slots.has_note(root)):
        # libvirt would leave an empty element behind: both go in one step, or neither does.
        _redefine(connection, domain, lambda xml: _unmarked(xml, provenance.replace_marks))
        return
    domain.setMetadata(
        libvirt.VIR_DOMAIN_METADATA_ELEMENT, provenance.element(root, wanted),
        provenance.PREFIX, provenance.NAMESPACE, libvirt.VIR_DOMAIN_AFFECT_CONFIG,
    )  # fmt: skip


def _unmarked(xml: str, replace_marks: Callable[[str, Marks], str]) -> str:
    """Nothing of ours is left in the domain, and no note of what we changed in it."""
    return slots.narrow(replace_marks(xml, ()), last=True)


def _has_virtiofs(connection: Any) -> bool:
    """Whether the domain capabilities list virtiofs; taken for granted where not told."""
    try:
        capabilities = parse(answers.text(connection.getDomainCapabilities(), "what it can do"))
    except libvirt.libvirtError:
        return True
    values = capabilities.findall("./devices/filesystem/enum[@name='driverType']/value")
    return not values or any(item.text == "virtiofs" for item in values)


def _version(value: object) -> tuple[int, int, int]:
    number = answers.number(value, "a version")
    return number // 1_000_000, number // 1000 % 1000, number % 1000
