"""Domain XML: the devices that sharectl reads and makes, and where its notes go.

Formats: https://libvirt.org/formatdomain.html#filesystems and #general-metadata.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from lxml import etree

from sharectl.errors import BackendError
from sharectl.model.domain import Filesystem
from sharectl.model.xml import add_behind, insert_after, parse, remove_element, to_text

_BEFORE_METADATA = ("description", "title", "genid", "uuid", "name")
_GENERATED_ALIAS = re.compile(r"fs[0-9]+")


# A domain's values that begin with a slash. What its metadata says is no use of a file.
_VALUES = etree.XPath(
    "*[not(self::metadata)]//@*[starts-with(., '/')]"
    " | *[not(self::metadata)]/descendant-or-self::*[starts-with(normalize-space(.), '/')]/text()"
)
# Arguments that libvirt hands to QEMU unread, such as -drive file=/x,format=raw.
_ARGUMENTS = etree.XPath(
    "q:commandline//@value", namespaces={"q": "http://libvirt.org/schemas/domain/qemu/1.0"}
)
_IN_ARGUMENT = re.compile(r"""(?:^|(?<=[\s=,:;"'{[(]))/[^\s,;"']*""")


def paths(root: etree._Element) -> frozenset[str]:
    """Every absolute path in the XML, as it is written there.

    Disks and their backing chains, filesystems, kernels, firmware, sockets, logs: any attribute
    or text that begins with a slash, and what is in the arguments that QEMU gets unread. Metadata
    is left out, since libvirt uses nothing of it.

    Args:
        root: the `<domain>` element.
    """
    values: Any = _VALUES(root)
    arguments: Any = _ARGUMENTS(root)
    named = {str(item) if item.is_attribute else str(item).strip() for item in values}
    passed = {path for value in arguments for path in _IN_ARGUMENT.findall(str(value))}
    return frozenset(path for path in named | passed if path.startswith("/"))


def filesystems(root: etree._Element) -> tuple[Filesystem, ...]:
    """Every `<filesystem>` of the domain, whoever made it and whatever its driver."""
    return tuple(_filesystem(item) for item in root.iterfind("./devices/filesystem"))


def filesystem_aliases(root: etree._Element) -> tuple[str, ...]:
    """By which libvirt names each of `filesystems(root)`; empty where it has none, as when off."""
    found = (item.find("alias") for item in root.iterfind("./devices/filesystem"))
    return tuple("" if item is None else item.get("name") or "" for item in found)


def _filesystem(element: etree._Element) -> Filesystem:
    target, source = element.find("target"), element.find("source")
    driver = element.find("driver")
    plain = Filesystem(
        tag=(target.get("dir") or "") if target is not None else "",
        source=source.get("dir") if source is not None else None,
        driver=(driver.get("type") or "") if driver is not None else "",
        readonly=element.find("readonly") is not None,
    )
    kept = _kept(element)
    made = _kept(etree.fromstring(filesystem_xml(plain)))
    return plain if kept == made else replace(plain, xml=kept)


def _kept(element: etree._Element) -> str:
    """The element as it can be given to libvirt again, in one spelling.

    Not what libvirt chooses by itself each time: the address, and an alias such as fs0.
    """
    kept = copy.deepcopy(element)
    kept.tail = None
    for child in list(kept):
        alias = child.get("name") or "" if child.tag == "alias" else ""
        if child.tag == "address" or _GENERATED_ALIAS.fullmatch(alias):
            kept.remove(child)
    for item in kept.iter():
        item.text = (item.text or "").strip() or None
        item.tail = (item.tail or "").strip() or None
    return etree.tostring(kept, method="c14n").decode()


def filesystem_xml(filesystem: Filesystem) -> str:
    """The device to give to libvirt: a virtiofs filesystem, served as the host sees it.

    It is `filesystem.xml`, where that is a filesystem, with tag, source and access made to be those
    of `filesystem`.
    """
    root = _as_it_was(filesystem.xml)
    root.set("type", "mount")
    root.set("accessmode", "passthrough")
    for name, key, value in (
        ("driver", "type", "virtiofs"),
        ("source", "dir", filesystem.source or ""),
        ("target", "dir", filesystem.tag),
    ):
        found = root.find(name)
        child = etree.SubElement(root, name) if found is None else found
        if name != "driver":  # which also has the queue size
            child.attrib.clear()
        child.set(key, value)
    present = root.find("readonly")
    if filesystem.readonly and present is None:
        etree.SubElement(root, "readonly")
    elif present is not None and not filesystem.readonly:
        root.remove(present)
    return etree.tostring(root, encoding="unicode")


def _as_it_was(xml: str) -> etree._Element:
    """The kept element; an empty one where nothing was kept, or the record of it is damaged."""
    with suppress(BackendError):
        if xml and (root := parse(xml)).tag == "filesystem":
            return root
    return etree.Element("filesystem")


def add_filesystem(xml: str, filesystem: Filesystem) -> str:
    """`xml` with the filesystem as last of the filesystems, else of the devices."""
    root = parse(xml)
    devices = root.find("devices")
    if devices is None:
        devices = etree.SubElement(root, "devices")
    new = etree.fromstring(filesystem_xml(filesystem))
    etree.indent(new, level=2)
    present = devices.findall("filesystem")
    if present:
        add_behind(present[-1], new)
    elif len(devices):
        add_behind(devices[-1], new)
    else:
        devices.append(new)
    return to_text(root)


def remove_filesystem(xml: str, filesystem: Filesystem) -> str:
    """`xml` without the filesystem that is `filesystem`; unchanged when there is none."""
    root = parse(xml)
    present = filesystems(root)
    found = find_device(present, filesystem)
    for item, element in zip(present, root.findall("./devices/filesystem"), strict=True):
        if item is found and (parent := element.getparent()) is not None:
            remove_element(parent, element)
    return to_text(root)


def find_device(present: tuple[Filesystem, ...], wanted: Filesystem) -> Filesystem | None:
    """That of `present` which is the device `wanted`; None without one.

    It has the tag, and the source in its one form or as it was written when `wanted` was read; or
    is the element that `wanted` was read from; or its path is written another way or leads to a
    sub-folder (`Filesystem.is_device`).
    """
    ways: tuple[Callable[[Filesystem], bool], ...] = (
        lambda item: (item.tag, item.source) == (wanted.tag, wanted.written or wanted.source),
        lambda item: (item.tag, item.source) == (wanted.tag, wanted.source),
        lambda item: bool(wanted.xml) and item.xml == wanted.xml,
        lambda item: wanted.source is not None and item.is_device(wanted.tag, wanted.source),
    )
    return next((item for way in ways for item in present if way(item)), None)


def displaced(present: tuple[Filesystem, ...], wanted: Filesystem) -> Filesystem | None:
    """What stands in the way of the device `wanted` and was one: its driver has been taken away.

    Without `<driver type='virtiofs'/>` libvirt makes a filesystem 9p, which the guest cannot mount.
    """
    for item in present:
        same = replace(item, driver=wanted.driver)
        if item.driver != wanted.driver and same.is_device(wanted.tag, wanted.source or ""):
            return item
    return None


def pci_controllers(root: etree._Element) -> dict[int, str]:
    """Models of the domain's PCI controllers, by index."""
    found = root.iterfind("./devices/controller[@type='pci']")
    return {int(item.get("index") or 0): item.get("model") or "" for item in found}


def next_controllers(xml: str) -> tuple[int, ...]:
    """The index that a PCI controller gets when a device needs one more; none without PCI."""
    present = pci_controllers(parse(xml))
    return (max(present) + 1,) if present else ()


def add_metadata(root: etree._Element, new: etree._Element) -> None:
    """Put `new` behind what is in the domain's metadata, which is made if there is none."""
    metadata = root.find("metadata")
    if metadata is None:
        metadata = etree.Element("metadata")
        insert_after(root, metadata, _BEFORE_METADATA)
    if len(metadata):
        etree.indent(new, level=2)
        add_behind(metadata[-1], new)
    else:
        metadata.append(new)
        etree.indent(metadata, level=1)
