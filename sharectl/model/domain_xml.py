"""Domain XML: text in, values or text out, through a parser that fetches and expands nothing.

Elements that sharectl did not make, comments, order and unknown namespaces survive an edit.
Formats: https://libvirt.org/formatdomain.html#filesystems and #memory-backing.
"""

from __future__ import annotations

import copy

from lxml import etree

from sharectl.errors import BackendError
from sharectl.model.domain import Filesystem
from sharectl.model.enums import SharedMemory

# Devices that talk vhost-user to another process share the guest's memory with it as well.
_VHOST_USER = (
    ".//interface[@type='vhostuser']",
    ".//disk[@type='vhostuser']",
    ".//video[driver/@name='vhostuser']",
    ".//crypto[@type='vhostuser']",
    ".//filesystem[driver/@type='virtiofs']",
)


def parse(xml: str) -> etree._Element:
    """The root element of `xml`; raises `BackendError` when it is no XML."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        return etree.fromstring(xml.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise BackendError(f"libvirt gave domain XML that cannot be read: {error}") from error


def to_text(root: etree._Element) -> str:
    """The text of `root`, comments and processing instructions around it included."""
    return etree.tostring(root.getroottree(), encoding="unicode")


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


def has_shared_memory(root: etree._Element) -> bool:
    """Whether libvirt would call the guest's memory shared.

    With NUMA cells each must be shared, or say nothing while the memory backing is shared;
    without, the memory backing must be (qemuDomainDefValidateVirtioFSSharedMemory).
    """
    access = root.find("./memoryBacking/access")
    globally = access is not None and access.get("mode") == "shared"
    cells = root.findall("./cpu/numa/cell")
    if not cells:
        return globally
    return all(
        (cell.get("memAccess") or ("shared" if globally else "")) == "shared" for cell in cells
    )


def memory_backing(kind: SharedMemory) -> str:
    """The element that gives a domain shared memory of that kind, to show or to add."""
    inner = {
        SharedMemory.MEMFD: '<source type="memfd"/>',
        SharedMemory.FILE: '<source type="file"/>',
        SharedMemory.HUGEPAGES: "<hugepages/>",
    }[kind]
    return f'<memoryBacking>{inner}<access mode="shared"/></memoryBacking>'


def enable_shared_memory(xml: str, kind: SharedMemory) -> str:
    """`xml` with a shared memory backing.

    An existing `<memoryBacking>` keeps what it has; only what is missing is added. NUMA cells
    that say `private` are left alone: they are somebody's decision, and libvirt will refuse.
    """
    root = parse(xml)
    wanted = etree.fromstring(memory_backing(kind))
    have = root.find("memoryBacking")
    if have is None:
        insert_after(root, wanted, ("currentMemory", "memory", "uuid", "name"))
        return to_text(root)
    for child in wanted:
        old = have.find(child.tag)
        if old is None:
            have.append(copy.deepcopy(child))
        elif child.tag == "access":
            old.set("mode", "shared")
    return to_text(root)


def disable_shared_memory(xml: str, kind: SharedMemory) -> str | None:
    """`xml` without the memory backing that `enable_shared_memory` made on a domain with none.

    None when it is no longer exactly that, or when a vhost-user device needs it: then it stays.
    """
    root = parse(xml)
    have = root.find("memoryBacking")
    if have is None or _shape(have) != _shape(etree.fromstring(memory_backing(kind))):
        return None
    if any(root.xpath(path) for path in _VHOST_USER):
        return None
    remove_element(root, have)
    return to_text(root)


def remove_element(parent: etree._Element, element: etree._Element) -> None:
    """Remove the element with the line that it stands on; text behind it stays."""
    previous = element.getprevious()
    if previous is not None:
        previous.tail = element.tail
    else:
        parent.text = element.tail
    parent.remove(element)


def _shape(element: etree._Element) -> list[tuple[str, dict[str, str]]]:
    return [
        (str(child.tag), {str(k): str(v) for k, v in child.attrib.items()}) for child in element
    ]


def insert_after(root: etree._Element, new: etree._Element, tags: tuple[str, ...]) -> None:
    """Put `new` behind the first of `tags` that `root` has."""
    anchor = next((found for tag in tags if (found := root.find(tag)) is not None), None)
    if anchor is None:
        root.insert(0, new)
        return
    etree.indent(new, level=1)
    add_behind(anchor, new)


def pci_controllers(root: etree._Element) -> dict[int, str]:
    """Models of the domain's PCI controllers, by index."""
    found = root.iterfind("./devices/controller[@type='pci']")
    return {int(item.get("index") or 0): item.get("model") or "" for item in found}


def next_controllers(xml: str) -> tuple[int, ...]:
    """The index that a PCI controller gets when a device needs one more; none without PCI."""
    present = pci_controllers(parse(xml))
    return (max(present) + 1,) if present else ()


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


def add_behind(anchor: etree._Element, new: etree._Element) -> None:
    """Put `new` behind `anchor`, on a line of its own, indented like `anchor`."""
    before = anchor.getprevious()
    parent = anchor.getparent()
    lead = before.tail if before is not None else (parent.text if parent is not None else None)
    after = anchor.tail
    anchor.addnext(new)
    anchor.tail, new.tail = lead, after


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
