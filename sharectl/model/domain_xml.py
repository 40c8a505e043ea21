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

# In the metadata: what was added to a memory backing that the domain had already. An attribute for
# each element: "new", or the mode that <access> had.
_ADDED = "{urn:sharectl:memory:1}added"
_NEW = "new"
_ALONE = "alone"  # that there was no metadata before
_BEFORE_METADATA = ("description", "title", "genid", "uuid", "name")
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

    An existing `<memoryBacking>` keeps what it has; only what is missing is added, and noted in
    the metadata. NUMA cells that say `private` are left alone: they are somebody's decision, and
    libvirt will refuse.
    """
    root = parse(xml)
    wanted = etree.fromstring(memory_backing(kind))
    have = root.find("memoryBacking")
    noted = _drop_note(root)
    if have is None:
        insert_after(root, wanted, ("currentMemory", "memory", "uuid", "name"))
        return to_text(root)
    noted = {tag: before for tag, before in noted.items() if have.find(tag) is not None}
    if added := {**noted, **_complete(have, wanted)}:
        _note(root, added)
    return to_text(root)


def _complete(have: etree._Element, wanted: etree._Element) -> dict[str, str]:
    """Add to a memory backing what it lacks; returns what that was, as it is noted."""
    added = {}
    for child in wanted:
        old, tag = have.find(child.tag), str(child.tag)
        if old is None:
            new = copy.deepcopy(child)
            if len(have):
                add_behind(have[-1], new)
            else:
                have.append(new)
            added[tag] = _NEW
        elif tag == "access" and old.get("mode") != "shared":
            added[tag] = str(old.get("mode") or "")
            old.set("mode", "shared")
    return added


def _note(root: etree._Element, added: dict[str, str]) -> None:
    """Note what was added, beside it, so that it lives and dies with the definition."""
    note = etree.Element(_ADDED, added, nsmap={"sharectl-memory": "urn:sharectl:memory:1"})
    metadata = root.find("metadata")
    # What marks leave counts as none: they tell on their own that they were alone.
    if metadata is None or all("{urn:sharectl:" in str(child.tag) for child in metadata):
        note.set(_ALONE, "yes")
    add_metadata(root, note)


def _drop_note(root: etree._Element) -> dict[str, str]:
    """Remove the note; returns what it said."""
    metadata, note = root.find("metadata"), root.find(f"./metadata/{_ADDED}")
    if metadata is None or note is None:
        return {}
    remove_element(metadata, note)
    if note.get(_ALONE) and not len(metadata) and not (metadata.text or "").strip():
        remove_element(root, metadata)
    return {str(key): str(value) for key, value in note.attrib.items() if key != _ALONE}


def disable_shared_memory(xml: str, kind: SharedMemory) -> str | None:
    """`xml` without the memory backing, or the part of it, that `enable_shared_memory` made.

    None when it is no longer exactly that, or when a vhost-user device needs it: then it stays.
    """
    root = parse(xml)
    have, wanted = root.find("memoryBacking"), etree.fromstring(memory_backing(kind))
    if have is None or any(root.xpath(path) for path in _VHOST_USER):
        return None
    note = root.find(f"./metadata/{_ADDED}")
    if note is not None:
        if not _take_back(have, wanted, note):
            return None
        _drop_note(root)
        return to_text(root)
    if _shape(have) != _shape(wanted):
        return None
    remove_element(root, have)
    return to_text(root)


def _take_back(have: etree._Element, wanted: etree._Element, note: etree._Element) -> bool:
    """Take out of a memory backing what was added; not if any of that was changed since."""
    parts = []
    for child in wanted:
        before, now = note.get(child.tag), have.find(child.tag)
        if before is not None:
            if (
                now is None
                or sorted(now.attrib.items()) != sorted(child.attrib.items())
                or len(now)
            ):
                return False
            parts.append((now, before))
    for part, before in parts:
        if before == _NEW:
            remove_element(have, part)
        elif before:
            part.set("mode", before)
        else:
            del part.attrib["mode"]
    return True


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
