"""XML of libvirt's: text in and out, through a parser that fetches and expands nothing.

Elements that sharectl did not make, comments, order and unknown namespaces survive an edit.
"""

from __future__ import annotations

from lxml import etree

from sharectl.errors import BackendError


def parse(xml: str) -> etree._Element:
    """The root element of `xml`; raises `BackendError` when it is no XML."""
    try:
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        return etree.fromstring(xml.encode(), parser)
    except (etree.LxmlError, ValueError) as error:  # ValueError: text that has no bytes
        why = " ".join(str(error).split())
        raise BackendError(f"libvirt gave domain XML that cannot be read: {why}") from error


def to_text(root: etree._Element) -> str:
    """The text of `root`, comments and processing instructions around it included."""
    return etree.tostring(root.getroottree(), encoding="unicode")


def insert_after(root: etree._Element, new: etree._Element, tags: tuple[str, ...]) -> None:
    """Put `new` behind the first of `tags` that `root` has."""
    anchor = next((found for tag in tags if (found := root.find(tag)) is not None), None)
    if anchor is None:
        root.insert(0, new)
        return
    etree.indent(new, level=1)
    add_behind(anchor, new)


def add_behind(anchor: etree._Element, new: etree._Element) -> None:
    """Put `new` behind `anchor`, on a line of its own, indented like `anchor`."""
    before = anchor.getprevious()
    parent = anchor.getparent()
    lead = before.tail if before is not None else (parent.text if parent is not None else None)
    after = anchor.tail
    anchor.addnext(new)
    anchor.tail, new.tail = lead, after


def remove_element(parent: etree._Element, element: etree._Element) -> None:
    """Remove the element with the line that it stands on; text behind it stays."""
    previous = element.getprevious()
    if previous is not None:
        previous.tail = element.tail
    else:
        parent.text = element.tail
    parent.remove(element)
