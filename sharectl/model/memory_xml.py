"""Shared memory in domain XML, which virtiofs requires: is it on, switch it on, and off again.

Format: https://libvirt.org/formatdomain.html#memory-backing.
"""

from __future__ import annotations

import copy
from typing import Any

from lxml import etree

from sharectl.model import domain_xml_notes as notes
from sharectl.model.enums import SharedMemory
from sharectl.model.xml import add_behind, insert_after, parse, remove_element, to_text

# In the metadata: what was added to a memory backing that the domain had already. An attribute for
# each element: "new", or the mode that <access> had.
_ADDED = "{urn:sharectl:memory:1}added"
_NEW = "new"
_PREFIX = "sharectl-memory"
# Beside them: how many devices were vhost-user ones while the memory was not shared. They were of
# no use then, which is no reason to leave the domain another than it was.
_IDLE = "vhost-user"
_VIRTIOFS = etree.XPath("boolean(.//filesystem[driver/@type='virtiofs'])")
# Devices that talk vhost-user to another process share the guest's memory with it as well.
_VHOST_USER = etree.XPath(
    "count(.//interface[@type='vhostuser'] | .//disk[@type='vhostuser']"
    " | .//video[driver/@name='vhostuser'] | .//crypto[@type='vhostuser'])"
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


def source(xml: str) -> str | None:
    """The type of the memory's source, such as "memfd"; None if the domain does not say."""
    found = parse(xml).find("./memoryBacking/source")
    return found.get("type") if found is not None else None


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
    have, noted = root.find("memoryBacking"), notes.read(root, _ADDED)
    idle = noted.pop(_IDLE, "")
    if not has_shared_memory(root):
        idle = str(_vhost_user(root) or "")
    if have is None:
        noted = {}
        insert_after(root, wanted, ("currentMemory", "memory", "uuid", "name"))
    else:
        noted = {tag: before for tag, before in noted.items() if have.find(tag) is not None}
        noted.update(_complete(have, wanted))
    notes.write(root, _ADDED, _PREFIX, noted | ({_IDLE: idle} if idle else {}))
    return to_text(root)


def _vhost_user(root: etree._Element) -> int:
    """How many devices other than filesystems share the memory."""
    found: Any = _VHOST_USER(root)
    return int(found)


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


def disable(xml: str, kind: SharedMemory) -> str | None:
    """`xml` without the memory backing, or the part of it, that `enable` made.

    None when it stays, because it is no longer exactly that, or a device needs it that was not
    there before; `why_kept` says which.
    """
    root = parse(xml)
    have, wanted = root.find("memoryBacking"), etree.fromstring(memory_backing(kind))
    if have is None or _is_needed(root):
        return None
    noted = notes.read(root, _ADDED)
    noted.pop(_IDLE, None)
    if noted:
        if not _take_back(have, wanted, noted):
            return None
    elif _shape(have) != _shape(wanted):
        return None
    else:
        remove_element(root, have)
    notes.drop(root, _ADDED)
    return to_text(root)


def _is_needed(root: etree._Element) -> bool:
    idle = int(notes.read(root, _ADDED).get(_IDLE) or 0)
    return bool(_VIRTIOFS(root)) or _vhost_user(root) > idle


def why_kept(xml: str, kind: SharedMemory) -> str | None:
    """Why `disable` leaves the domain its shared memory, for a message.

    None when it does not, or there is none, or another virtiofs filesystem needs it.
    """
    root = parse(xml)
    if not has_shared_memory(root) or bool(_VIRTIOFS(root)):
        return None
    if disable(xml, kind) is not None:
        return None
    return "a vhost-user device needs it" if _is_needed(root) else "it has been changed since"


def _take_back(have: etree._Element, wanted: etree._Element, noted: dict[str, str]) -> bool:
    """Take out of a memory backing what was added; not if any of that was changed since."""
    parts = []
    for child in wanted:
        before, now = noted.get(str(child.tag)), have.find(child.tag)
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
