"""PCI slots that libvirt makes wider for a device's root port, and narrow again afterwards.

Root ports share a slot, one in each of its eight functions; then function 0 has to say
multifunction='on'. libvirt writes that when it puts a new port beside one that was alone, and
leaves it there when the new port goes. Format: https://libvirt.org/formatdomain.html#device-addresses.
"""

from __future__ import annotations

from lxml import etree

from sharectl.model import domain_xml_notes as notes
from sharectl.model.xml import parse, to_text

_TAG, _PREFIX, _KEY = "{urn:sharectl:slots:1}widened", "sharectl-slots", "slots"


def widened(before: etree._Element, after: etree._Element) -> frozenset[str]:
    """The slots whose function 0 was there `before` and says multifunction='on' only `after`."""
    old, new = _first_functions(before), _first_functions(after)
    return frozenset(
        slot
        for slot, address in new.items()
        if slot in old and address.get("multifunction") == "on" != old[slot].get("multifunction")
    )


def has_note(root: etree._Element) -> bool:
    """Whether slots were noted in the domain."""
    return bool(notes.read(root, _TAG))


def note(xml: str, slots: frozenset[str]) -> str:
    """`xml` with a note of the `slots` that were made wider, beside those noted before."""
    root = parse(xml)
    _write(root, slots | _noted(root))
    return to_text(root)


def narrow(xml: str, *, last: bool = False) -> str:
    """`xml` with each noted slot narrow again that has nothing but function 0 left.

    The others stay noted, unless this is the `last` chance: then somebody else has come to use
    them, and needs them wide.
    """
    root = parse(xml)
    left = set()
    for slot in _noted(root):
        addresses = _addresses(root).get(slot, {})
        first = addresses.pop(0, None)
        if first is not None and not addresses:
            first.attrib.pop("multifunction", "")
        elif not last:
            left.add(slot)
    _write(root, frozenset(left))
    return to_text(root)


def _noted(root: etree._Element) -> frozenset[str]:
    return frozenset(notes.read(root, _TAG).get(_KEY, "").split())


def _write(root: etree._Element, slots: frozenset[str]) -> None:
    notes.write(root, _TAG, _PREFIX, {_KEY: " ".join(sorted(slots))} if slots else {})


def _first_functions(root: etree._Element) -> dict[str, etree._Element]:
    return {slot: found[0] for slot, found in _addresses(root).items() if 0 in found}


def _addresses(root: etree._Element) -> dict[str, dict[int, etree._Element]]:
    """The addresses of all devices: by slot, then by function."""
    found: dict[str, dict[int, etree._Element]] = {}
    for item in root.iterfind("./devices/*/address[@type='pci']"):
        numbers = [_number(item.get(name)) for name in ("domain", "bus", "slot", "function")]
        slot = ":".join(map(str, numbers[:3]))
        found.setdefault(slot, {})[numbers[3]] = item
    return found


def _number(text: str | None) -> int:
    return int(text or "0", 0)
