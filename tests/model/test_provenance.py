"""Marks in a domain's metadata: written, read back, taken out, and never trusted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.model import provenance
from sharectl.model.enums import AccessType, SharedMemory, ShareProtocol
from sharectl.model.identity import HostIdentity
from sharectl.model.marking import mark_of
from sharectl.model.xml import parse
from tests.model.things import HOST, MAPPING

_PLAIN = """<domain type="kvm">
  <name>one</name>
  <uuid>u1</uuid>
  <memory unit="KiB">1048576</memory>
</domain>"""
_WITH_OTHERS = """<domain type="kvm">
  <name>one</name>
  <metadata>
    <app:note xmlns:app="https://example.org/app">keep me</app:note>
  </metadata>
</domain>"""
_CEPH = replace(
    MAPPING,
    id="m2",
    share_id="s2",
    protocol=ShareProtocol.CEPHFS,
    export_location="m1:6789,m2:6789:/a",
    access_type=AccessType.CEPHX,
    access_to="sharectl-x",
    filesystem_name="vol",
    shared_memory=SharedMemory.MEMFD,
    controllers=(8, 9),
)
_MARKS = (mark_of(MAPPING, HOST), mark_of(_CEPH, HOST))


@pytest.mark.parametrize("xml", [_PLAIN, _WITH_OTHERS])
def test_marks_are_read_back_and_leave_nothing(xml: str) -> None:
    one = provenance.replace_marks(xml, _MARKS[:1])
    both = provenance.replace_marks(one, _MARKS)
    assert provenance.marks(parse(both)) == _MARKS
    assert provenance.replace_marks(both, _MARKS[:1]) == one
    assert provenance.replace_marks(both, ()) == xml


def test_metadata_stands_where_libvirt_has_it() -> None:
    xml = provenance.replace_marks(_PLAIN, _MARKS[:1])
    assert [str(item.tag) for item in parse(xml)] == ["name", "uuid", "metadata", "memory"]


def test_empty_metadata_of_somebody_else_stays() -> None:
    xml = _PLAIN.replace("<memory", "<metadata/>\n  <memory")
    marked = provenance.replace_marks(xml, _MARKS)
    assert parse(provenance.replace_marks(marked, ())).find("metadata") is not None


def test_newer_mark_of_a_share_takes_the_place_of_the_older() -> None:
    newer = replace(_MARKS[0], id="m9")
    assert provenance.with_mark(_MARKS, newer) == (_MARKS[1], newer)
    assert provenance.without_mark(_MARKS, "m1") == (_MARKS[1],)


def test_nothing_that_gives_access_is_in_a_mark() -> None:
    xml = provenance.replace_marks(_PLAIN, _MARKS)
    for value in (MAPPING.access_to, MAPPING.export_location, MAPPING.mount_point, "sharectl-x"):
        assert value not in xml


def test_a_mark_of_an_earlier_version_is_read() -> None:
    xml = provenance.replace_marks(_PLAIN, _MARKS[:1])
    old = xml.replace('tag="t1"', 'tag="t1" protocol="NFS" access_to="a" mount_point="/m" x="y"')
    old = old.replace(f' host_id="{HOST.id}"', "")
    (mark,) = provenance.marks(parse(old))
    assert mark == replace(_MARKS[0], access_to="a", host_id="")
    assert mark.is_of(HOST.name, "whatever")
    assert not mark.is_of("another", HOST.id)
    assert not _MARKS[0].is_of(HOST.name, "whatever")


def test_names_that_xml_cannot_hold() -> None:
    odd = replace(MAPPING, share_name='a\x00<b>&"c\x1b')
    xml = provenance.replace_marks(_PLAIN, [mark_of(odd, HostIdentity("h\x01", "1"))])
    (mark,) = provenance.marks(parse(xml))
    assert (mark.share_name, mark.host) == ('a<b>&"c', "h")
