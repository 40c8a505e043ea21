"""Notes in a domain's metadata of what was changed beside its devices, to take it back later.

A note lives and dies with the definition, and is an element of a namespace of its own.
Format: https://libvirt.org/formatdomain.html#general-metadata.
"""

from __future__ import annotations

from lxml import etree

from sharectl.model.domain_xml import add_metadata
from sharectl.model.xml import remove_element

_OURS = "{urn:sharectl:"
_ALONE = "alone"  # that there was no metadata before


def is_ours_alone(root: etree._Element) -> bool:
    """Whether the domain has no metadata but what sharectl has written there."""
    metadata = root.find("metadata")
    if metadata is None:
        return True
    return bool(len(metadata)) and all(str(child.tag).startswith(_OURS) for child in metadata)


def read(root: etree._Element, tag: str) -> dict[str, str]:
    """What the note `tag`, in braces notation, says; empty without one."""
    note = root.find(f"./metadata/{tag}")
    if note is None:
        return {}
    return {str(key): str(value) for key, value in note.attrib.items() if key != _ALONE}


def write(root: etree._Element, tag: str, prefix: str, values: dict[str, str]) -> None:
    """Make `values` the note `tag`; without any there is none."""
    drop(root, tag)
    if not values:
        return
    namespace = tag[1:].partition("}")[0]
    note = etree.Element(tag, values, nsmap={prefix: namespace})
    if is_ours_alone(root):
        note.set(_ALONE, "yes")
    add_metadata(root, note)


def drop(root: etree._Element, tag: str) -> None:
    """Remove the note, and the metadata that was made for it."""
    metadata, note = root.find("metadata"), root.find(f"./metadata/{tag}")
    if metadata is None or note is None:
        return
    remove_element(metadata, note)
    if note.get(_ALONE) and not len(metadata) and not (metadata.text or "").strip():
        remove_element(root, metadata)
