"""Domain XML: the devices that sharectl reads and makes, and where its notes go.

Formats: https://libvirt.org/formatdomain.html#filesystems and #general-metadata.
"""

from __future__ import annotations

from lxml import etree

from sharectl.model.domain import Filesystem
from sharectl.model.xml import add_behind, insert_after, parse, remove_element, to_text

_BEFORE_METADATA = ("description", "title", "genid", "uuid", "name")


def filesystems(root: etree._Element) -> tuple[Filesystem, ...]:
    """Every `<filesystem>` of the domain, whoever made it and whatever its driver."""
    return tuple(_filesystem(item) for item in root.iterfind("./devices/filesystem"))


def _filesystem(element: etree._Element) -> Filesystem:
    target, source = element.find("target"), element.find("source")
    driver = element.find("driver")
    return Filesystem(
        tag=(target.get("dir") or "") if target is not None else "",
        source=source.get("dir") if source is not None else None,
        driver=(driver.get("type") or "") if driver is not None else "",
        readonly=element.find("readonly") is not None,
    )


def filesystem_xml(filesystem: Filesystem) -> str:
    """The device to give to libvirt: a virtiofs filesystem, served as the host sees it."""
    root = etree.Element("filesystem", {"type": "mount", "accessmode": "passthrough"})
    etree.SubElement(root, "driver", {"type": "virtiofs"})
    etree.SubElement(root, "source", {"dir": filesystem.source or ""})
    etree.SubElement(root, "target", {"dir": filesystem.tag})
    if filesystem.readonly:
        etree.SubElement(root, "readonly")
    return etree.tostring(root, encoding="unicode")


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
    """`xml` without the filesystem that has this tag and source; unchanged when there is none."""
    root = parse(xml)
    for element in root.findall("./devices/filesystem"):
        found = _filesystem(element)
        if (found.tag, found.source) == (filesystem.tag, filesystem.source):
            parent = element.getparent()
            if parent is not None:
                remove_element(parent, element)
    return to_text(root)


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
