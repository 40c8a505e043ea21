"""Shared memory in domain XML, which virtiofs requires: is it on, switch it on, and off again.

Format: https://libvirt.org/formatdomain.html#memory-backing.
"""

from __future__ import annotations

import copy

from lxml import etree

from sharectl.model.domain_xml import add_metadata
from sharectl.model.enums import SharedMemory
from sharectl.model.xml import add_behind, insert_after, parse, remove_element, to_text

# In the metadata: what was added to a memory backing that the domain had already. An attribute for
# each element: "new", or the mode that <access> had.
_ADDED = "{urn:sharectl:memory:1}added"
_NEW = "new"
_ALONE = "alone"  # that there was no metadata before
# Devices that talk vhost-user to another process share the guest's memory with it as well.
_VHOST_USER = (
    ".//interface[@type='vhostuser']",
    ".//disk[@type='vhostuser']",
    ".//video[driver/@name='vhostuser']",
    ".//crypto[@type='vhostuser']",
    ".//filesystem[driver/@type='virtiofs']",
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


def enable(xml: str, kind: SharedMemory) -> str:
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


def disable(xml: str, kind: SharedMemory) -> str | None:
    """`xml` without the memory backing, or the part of it, that `enable` made.

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


def _shape(element: etree._Element) -> list[tuple[str, dict[str, str]]]:
    return [
        (str(child.tag), {str(k): str(v) for k, v in child.attrib.items()}) for child in element
    ]
