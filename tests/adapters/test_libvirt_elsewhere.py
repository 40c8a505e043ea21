"""The port on a libvirt that is not the one a share was attached through."""

from __future__ import annotations

import libvirt
import pytest

from sharectl.adapters.libvirt_domains import LibvirtDomains
from sharectl.model.host import canonical_uri
from tests.lab.fixtures_libvirt import DomainFactory

pytestmark = pytest.mark.lab


def test_a_domain_is_gone_from_the_libvirt_that_says_so_alone(
    domain: DomainFactory, second_libvirt: str
) -> None:
    uuid = domain("here").domain.UUIDString()
    there, here = LibvirtDomains(second_libvirt, 10), LibvirtDomains("qemu+unix:///system", 10)
    for uuids in (None, [uuid]):
        seen = there.look(uuids)
        assert (dict(seen.domains), dict(seen.unseen)) == ({}, {})
        assert seen.complete == {canonical_uri(second_libvirt)} != {"qemu:///system"}
        assert here.look(uuids).domains[uuid].libvirt_uri == "qemu:///system"
        assert here.look(uuids).complete == {"qemu:///system"}


@pytest.mark.parametrize(
    "uri",
    [
        "qemu:///system",
        "qemu+unix:///system",
        "qemu:///system?mode=legacy",
        "qemu:///system?socket=/run/libvirt/libvirt-sock",
        "qemu+unix:///system?socket=/var/run/libvirt/libvirt-sock&mode=legacy",
    ],
)
def test_spellings_of_the_system_lead_to_its_domains(domain: DomainFactory, uri: str) -> None:
    uuid = domain("here").domain.UUIDString()
    seen = LibvirtDomains(uri, 10).look()
    assert seen.domains.keys() == {uuid}
    assert seen.complete == {"qemu:///system"}


def test_the_one_spelling_can_be_opened_again(second_libvirt: str, domain: DomainFactory) -> None:
    for uri in (second_libvirt, "qemu+unix:///system", "qemu:///session"):
        once = libvirt.open(uri).getURI()
        again = libvirt.open(canonical_uri(once)).getURI()
        assert canonical_uri(again) == canonical_uri(once)
