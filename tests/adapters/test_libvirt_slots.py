"""The PCI slots of a domain are as they were before, on both libvirts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import libvirt
import pytest

from sharectl.adapters.libvirt_domains import LibvirtDomains
from sharectl.model.domain import Filesystem
from sharectl.model.marking import mark_of
from tests.lab.libvirtd import URI
from tests.model.things import HOST, MAPPING

pytestmark = pytest.mark.lab

# One root port, alone in its slot and in use: libvirt puts the next one beside it.
_XML = """
<domain type='qemu'>
  <name>slots</name>
  <memory unit='MiB'>32</memory>
  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <controller type='usb' model='none'/>
    <controller type='pci' index='0' model='pcie-root'/>
    <controller type='pci' index='1' model='pcie-root-port'>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0'/>
    </controller>
    <filesystem type='mount'>
      <source dir='/tmp'/>
      <target dir='foreign'/>
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
    </filesystem>
    <memballoon model='none'/>
  </devices>
</domain>
"""
_FIRST = Filesystem("docs", "/run/sharectl/mnt/s1")
_SECOND = Filesystem("data", "/run/sharectl/mnt/s2")


@pytest.fixture(params=["libvirtd", "trixie"])
def defined(request: pytest.FixtureRequest) -> Iterator[tuple[LibvirtDomains, Any]]:
    part = request.getfixturevalue(request.param)
    uri = URI if request.param == "libvirtd" else part.uri
    domain = libvirt.open(uri).defineXML(_XML)
    yield LibvirtDomains(uri, 10), domain
    domain.undefine()


def _text(domain: Any) -> str:
    return str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))


def _lines(domain: Any) -> list[str]:
    """libvirt puts controllers in another order when it rewrites a definition."""
    return sorted(_text(domain).splitlines())


def test_a_slot_made_wider_is_narrow_again(defined: tuple[LibvirtDomains, Any]) -> None:
    domains, domain = defined
    uuid, before = domain.UUIDString(), _lines(domain)
    assert "multifunction" not in _text(domain)
    controllers = domains.attach_filesystem(uuid, _FIRST)
    domains.mark(uuid, mark_of(MAPPING, HOST))
    assert "multifunction='on'" in _text(domain)
    assert domains.detach_filesystem(uuid, _FIRST, controllers) == ()
    domains.unmark(uuid, MAPPING.id)
    assert _lines(domain) == before


@pytest.mark.parametrize("first_goes_first", [True, False])
def test_it_stays_wide_for_the_second_share(
    defined: tuple[LibvirtDomains, Any], first_goes_first: bool
) -> None:
    domains, domain = defined
    uuid, before = domain.UUIDString(), _lines(domain)
    made = [(item, domains.attach_filesystem(uuid, item)) for item in (_FIRST, _SECOND)]
    assert all(controllers for _, controllers in made)
    left: tuple[int, ...] = ()  # libvirt has no gaps in its indexes; the last takes them along
    for filesystem, controllers in made if first_goes_first else reversed(made):
        assert "multifunction='on'" in _text(domain)
        left = domains.detach_filesystem(uuid, filesystem, (*controllers, *left))
    assert left == ()
    assert _lines(domain) == before


def test_nothing_of_ours_is_left_when_somebody_else_needs_it_wide(
    defined: tuple[LibvirtDomains, Any],
) -> None:
    domains, domain = defined
    uuid = domain.UUIDString()
    controllers = domains.attach_filesystem(uuid, _FIRST)
    domains.mark(uuid, mark_of(MAPPING, HOST))
    port = (
        "<controller type='pci' index='9' model='pcie-root-port'><address type='pci' domain='0'"
        " bus='0' slot='1' function='7'/></controller><memballoon"
    )
    domain.connect().defineXML(_text(domain).replace("<memballoon", port))
    domains.detach_filesystem(uuid, _FIRST, controllers)
    domains.unmark(uuid, MAPPING.id)
    assert "multifunction='on'" in _text(domain)
    assert "sharectl" not in _text(domain)
    assert "<metadata" not in _text(domain)
