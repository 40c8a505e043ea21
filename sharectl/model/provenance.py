"""Provenance: what a domain's own metadata says of the shares that sharectl attached to it.

It is written beside the filesystem, into an element in sharectl's own namespace, so that a domain
from another host, and one whose record was lost, is recognised. See `model.claim` for what it is
worth.
Format: https://libvirt.org/formatdomain.html#general-metadata.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields

from lxml import etree

from sharectl.model.domain_xml import add_metadata
from sharectl.model.domain_xml_notes import is_ours_alone
from sharectl.model.mark import Mark
from sharectl.model.xml import parse, remove_element, to_text

NAMESPACE = "urn:sharectl:1"
PREFIX = "sharectl"
_ROOT, _SHARE = f"{{{NAMESPACE}}}shares", f"{{{NAMESPACE}}}share"
# libvirt leaves an empty <metadata/> behind; this tells that there was none before us.
_ALONE = "alone"


def marks(root: etree._Element) -> tuple[Mark, ...]:
    """The marks in a domain's metadata; a damaged one is left out."""
    found = root.iterfind(f"./metadata/{_ROOT}/{_SHARE}")
    return tuple(mark for item in found if (mark := _mark(item)) is not None)


def _mark(element: etree._Element) -> Mark | None:
    values = {item.name: str(element.get(item.name) or "") for item in fields(Mark)}
    return Mark(**values) if values["id"] and values["share_id"] else None


def element(root: etree._Element, wanted: Iterable[Mark]) -> str | None:
    """The element with `wanted` for virDomainSetMetadata, which puts it into our namespace.

    None when there is nothing to hold: that call then removes the element.
    """
    present = list(wanted)
    if not present:
        return None
    made = etree.Element("shares")
    if is_alone(root) or is_ours_alone(root):
        made.set(_ALONE, "yes")
    for mark in present:
        values = {key: value for key, value in asdict(mark).items() if value}
        etree.SubElement(made, "share", values)
    return etree.tostring(made, encoding="unicode")


def _in_namespace(text: str) -> etree._Element:
    """What libvirt makes of `text`."""
    plain = etree.fromstring(text)
    made = etree.Element(_ROOT, _attributes(plain), nsmap={PREFIX: NAMESPACE})
    for child in plain:
        etree.SubElement(made, _SHARE, _attributes(child))
    return made


def _attributes(plain: etree._Element) -> dict[str, str]:
    return {str(key): str(value) for key, value in plain.attrib.items()}


def is_alone(root: etree._Element) -> bool:
    """Whether the domain had no metadata before the first mark."""
    made = root.find(f"./metadata/{_ROOT}")
    return made is not None and made.get(_ALONE) == "yes"


def with_mark(present: Iterable[Mark], mark: Mark) -> tuple[Mark, ...]:
    """`present` with `mark` behind them, and without an older one of the same mapping or share."""
    others = (item for item in present if item.share_id != mark.share_id)
    return (*without_mark(others, mark.id), mark)


def without_mark(present: Iterable[Mark], mapping_id: str) -> tuple[Mark, ...]:
    """`present` without that of the mapping."""
    return tuple(item for item in present if item.id != mapping_id)


def replace_marks(xml: str, wanted: Iterable[Mark]) -> str:
    """`xml` with `wanted` as its only marks, as libvirt's own call would leave it."""
    root = parse(xml)
    text, alone = element(root, wanted), is_alone(root)
    metadata, old = root.find("metadata"), root.find(f"./metadata/{_ROOT}")
    if metadata is not None and old is not None:
        remove_element(metadata, old)
    if text is not None:
        add_metadata(root, _in_namespace(text))
    done = to_text(root)
    return drop_empty_metadata(done) or done if alone and text is None else done


def drop_empty_metadata(xml: str) -> str | None:
    """`xml` without its empty metadata element; None when it is not there or has content."""
    root = parse(xml)
    metadata = root.find("metadata")
    if metadata is None or len(metadata) or (metadata.text or "").strip():
        return None
    remove_element(root, metadata)
    return to_text(root)
