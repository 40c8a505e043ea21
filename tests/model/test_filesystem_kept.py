"""A filesystem is kept as an admin has made it, and is known again however it is written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from sharectl.model.domain import Domain, Filesystem
from sharectl.model.domain_xml import (
    add_filesystem,
    displaced,
    filesystem_xml,
    filesystems,
    find_device,
    remove_filesystem,
)
from sharectl.model.mapping import has_device, has_live_device, serves
from sharectl.model.xml import parse
from tests.model.things import MAPPING, MOUNT_POINT

_OURS = Filesystem("t1", MOUNT_POINT)
_BY_HAND = f"""\
    <filesystem type='mount' accessmode='passthrough'>
      <driver type='virtiofs' queue='1024'/>
      <binary path='/usr/libexec/virtiofsd' xattr='on'>
        <cache mode='always'/>
      </binary>
      <source dir='{MOUNT_POINT}'/>
      <target dir='t1'/>
      <alias name='{{alias}}'/>
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
    </filesystem>
"""


def _read(*elements: str) -> tuple[Filesystem, ...]:
    inner = "".join(elements)
    return filesystems(parse(f"<domain>\n  <devices>\n{inner}  </devices>\n</domain>"))


def test_what_libvirt_chooses_is_not_kept() -> None:
    (first,) = _read(_BY_HAND.format(alias="fs0"))
    (second,) = _read(
        _BY_HAND.format(alias="fs12").replace("0x01", "0x07").replace("    ", "").replace("'", '"')
    )
    assert first.xml == second.xml
    assert "address" not in first.xml
    assert "alias" not in first.xml


def test_what_an_admin_has_set_is_put_back() -> None:
    (kept,) = _read(_BY_HAND.format(alias="ua-mine"))
    bare = "<domain><devices/></domain>"
    (back,) = filesystems(parse(add_filesystem(bare, kept)))
    assert back == kept
    assert back.xml == kept.xml
    for part in ('queue="1024"', 'xattr="on"', 'mode="always"', 'name="ua-mine"'):
        assert part in back.xml


def test_tag_source_and_access_are_those_asked_for() -> None:
    (kept,) = _read(_BY_HAND.format(alias="fs0"))
    wanted = replace(kept, tag="t2", source="/run/sharectl/mnt/s2", readonly=True)
    (made,) = filesystems(parse(add_filesystem("<domain><devices/></domain>", wanted)))
    assert made == wanted
    assert 'queue="1024"' in made.xml
    (writable,) = _read(filesystem_xml(replace(made, readonly=False)))
    assert not writable.readonly


@pytest.mark.parametrize(
    "xml",
    ["", "<filesystem/>", "<disk type='file'/>", "no xml", "<filesystem><source socket='/s'/>"
     "</filesystem>", "<filesystem type='ram'><driver type='path'/></filesystem>"],
)  # fmt: skip
def test_damaged_record_gives_a_plain_one(xml: str) -> None:
    (made,) = _read(filesystem_xml(replace(_OURS, xml=xml)))
    assert made == _OURS
    assert "socket" not in made.xml


@pytest.mark.parametrize(
    "source", [MOUNT_POINT, f"{MOUNT_POINT}/", f"/{MOUNT_POINT}//", f"{MOUNT_POINT}/projects/a"]
)
def test_ours_however_its_path_is_written(source: str) -> None:
    item = Filesystem("t1", source)
    assert serves(item, MAPPING)
    domain = Domain("u1", "one", filesystems=(item,), live_filesystems=(item,))
    assert has_device(MAPPING, domain)
    assert has_live_device(MAPPING, domain)
    before = "<domain><devices><emulator/></devices></domain>"
    assert remove_filesystem(add_filesystem(before, item), _OURS) == before


@pytest.mark.parametrize(
    "item",
    [
        Filesystem("t1", MOUNT_POINT, driver=""),
        Filesystem("t1", MOUNT_POINT, driver="path"),
        Filesystem("t2", MOUNT_POINT),
        Filesystem("t1", f"{MOUNT_POINT}0"),
        Filesystem("t1", f"{MOUNT_POINT}/.."),
        Filesystem("t1", None),
    ],
)
def test_not_ours(item: Filesystem) -> None:
    assert not serves(item, MAPPING)


def test_driver_taken_away_is_seen_and_in_the_way() -> None:
    """libvirt makes it 9p then, which has the tag all the same."""
    text = _BY_HAND.format(alias="fs0").replace(" queue='1024'", "")
    (nine_p,) = _read(text.replace("<driver type='virtiofs'/>", ""))
    assert nine_p.driver == ""
    assert not serves(nine_p, MAPPING)
    assert displaced((Filesystem("t1", "/elsewhere", driver=""), nine_p), _OURS) is nine_p
    assert displaced((Filesystem("t1", "/elsewhere", driver=""), _OURS), _OURS) is None


def test_the_device_is_found_as_it_is_written_first() -> None:
    exact, slash, below = (
        Filesystem("t1", MOUNT_POINT),
        Filesystem("t1", f"{MOUNT_POINT}/", xml="<slash/>"),
        Filesystem("t1", f"{MOUNT_POINT}/below"),
    )
    assert find_device((below, slash, exact), exact) is exact
    assert find_device((below, slash), replace(exact, xml="<slash/>")) is slash
    assert find_device((below,), exact) is below
    assert find_device((replace(exact, tag="t2"),), exact) is None


def test_a_path_that_was_resolved_is_found_by_its_element() -> None:
    """/var/run leads to /run."""
    written = _read(_BY_HAND.format(alias="fs0").replace("/run/", "/var/run/"))
    resolved = replace(written[0], source=MOUNT_POINT)
    assert find_device(written, replace(resolved, xml="")) is None
    assert find_device(written, resolved) is written[0]


def test_kept_text_does_not_depend_on_spelling() -> None:
    (kept,) = _read(_BY_HAND.format(alias="fs0"))
    assert kept.xml == etree.canonicalize(kept.xml)
