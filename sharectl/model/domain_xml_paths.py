"""The host paths in a domain's XML, whatever they are for."""

from __future__ import annotations

from lxml import etree


def paths(root: etree._Element) -> frozenset[str]:
    """Every absolute path in the XML, as it is written there.

    Disks and their backing chains, filesystems, kernels, firmware, sockets, logs: any attribute
    or text that begins with a slash. Metadata is left out, since libvirt uses nothing of it.

    Args:
        root: the `<domain>` element.
    """
    parts = (item for child in root if child.tag != "metadata" for item in child.iter())
    return frozenset(
        text
        for item in parts
        if isinstance(item.tag, str)
        for text in (*map(str, item.attrib.values()), (item.text or "").strip())
        if text.startswith("/")
    )
