"""A PCI slot that libvirt made wider for our root port is narrow again afterwards."""

from __future__ import annotations

import pytest

from sharectl.model import domain_xml_slots as slots
from sharectl.model import provenance
from sharectl.model.marking import mark_of
from sharectl.model.xml import parse, to_text
from tests.model.things import HOST, MAPPING

_PORT = (
    "    <controller type='pci' index='{0}' model='pcie-root-port'>\n"
    "      <address type='pci' domain='0x0000' bus='0x00' slot='0x0{1}' function='0x{2}'{3}/>\n"
    "    </controller>\n"
)
_WIDE = " multifunction='on'"
_OTHERS = "  <metadata>\n    <a:note xmlns:a='urn:a'/>\n  </metadata>\n"


def _domain(*ports: str, metadata: str = "") -> str:
    inner = "".join(ports)
    text = f"<domain>\n  <name>n</name>\n{metadata}  <devices>\n{inner}  </devices>\n</domain>"
    return to_text(parse(text))


def _port(index: int, slot: int, function: int, wide: str = "") -> str:
    return _PORT.format(index, slot, function, wide)


_BEFORE = (_port(1, 1, 0), _port(3, 2, 0, _WIDE))
_AFTER = (_port(1, 1, 0, _WIDE), _port(3, 2, 0, _WIDE), _port(4, 1, 1))


def test_what_was_made_wider_is_seen() -> None:
    before, after = parse(_domain(*_BEFORE)), parse(_domain(*_AFTER))
    assert slots.widened(before, after) == {"0:0:1"}
    assert slots.widened(before, before) == frozenset()
    assert slots.widened(after, before) == frozenset()
    new = parse(_domain(*_BEFORE, _port(5, 3, 0, _WIDE), _port(6, 3, 1)))
    assert slots.widened(before, new) == frozenset(), "nothing was there before"


@pytest.mark.parametrize("metadata", ["", _OTHERS])
def test_narrow_undoes_it_once_the_port_has_gone(metadata: str) -> None:
    noted = slots.note(_domain(*_AFTER, metadata=metadata), frozenset({"0:0:1"}))
    assert slots.has_note(parse(noted))
    assert slots.narrow(noted) == noted, "the port is still there"
    gone = noted.replace(to_text(parse(_domain(_port(4, 1, 1)))).split("devices>\n")[1][:-4], "")
    assert gone != noted
    assert slots.narrow(gone) == _domain(*_BEFORE, metadata=metadata)


def test_what_was_wide_by_itself_stays_so() -> None:
    assert slots.narrow(_domain(*_BEFORE)) == _domain(*_BEFORE)


def test_a_slot_that_others_use_stays_wide_and_is_forgotten_at_last() -> None:
    noted = slots.note(_domain(*_AFTER), frozenset({"0:0:1"}))
    assert slots.narrow(noted, last=True) == _domain(*_AFTER)


def test_notes_add_up() -> None:
    noted = slots.note(slots.note(_domain(*_AFTER), frozenset({"0:0:1"})), frozenset({"0:0:2"}))
    assert slots.narrow(slots.narrow(noted), last=True) == slots.narrow(noted, last=True)
    wide = parse(slots.narrow(noted)).findall(".//address[@multifunction]")
    assert [item.get("slot") for item in wide] == ["0x01"]


def test_note_and_marks_leave_no_empty_metadata() -> None:
    """Whichever of them goes last."""
    bare = _domain(*_BEFORE)
    mark = mark_of(MAPPING, HOST)
    marked = provenance.replace_marks(slots.note(bare, frozenset({"0:0:2"})), (mark,))
    assert slots.narrow(provenance.replace_marks(marked, ()), last=True).count("metadata") == 0
    first = slots.narrow(marked, last=True)
    assert provenance.marks(parse(first)) == (mark,)
    assert provenance.replace_marks(first, ()).count("metadata") == 0


@pytest.mark.parametrize("address", ["<address type='pci'/>", "<address type='drive' bus='0'/>"])
def test_addresses_without_numbers_do_no_harm(address: str) -> None:
    xml = f"<domain><devices><disk>{address}</disk></devices></domain>"
    assert slots.widened(parse(xml), parse(xml)) == frozenset()
    assert slots.narrow(xml) == to_text(parse(xml))
