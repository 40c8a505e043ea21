"""`Domains` on the fake and on the real libvirt: both keep the same promises."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import pytest

from sharectl.adapters.libvirt_domains import LibvirtDomains
from sharectl.errors import NotFound
from sharectl.model.domain import Filesystem
from sharectl.model.mark import Mark
from sharectl.ports import Domains
from tests.fakes.app import FakeApp
from tests.lab.fixtures_libvirt import DomainFactory
from tests.lab.libvirtd import URI
from tests.model.things import HOST, MAPPING

_DEVICE = Filesystem("docs", "/run/sharectl/mnt/s1")
_MARK = Mark.of(MAPPING, HOST)


@dataclass(frozen=True)
class Given:
    """A driver with two domains: `other` has the UUID of `one` for a name, where that can be."""

    domains: Domains
    one: str
    other: str


@pytest.fixture(params=["fake", pytest.param("libvirt", marks=pytest.mark.lab)])
def given(request: pytest.FixtureRequest) -> Given:
    if request.param == "fake":
        app = FakeApp()
        return Given(app.domains, app.domains.define("one"), app.domains.define("other"))
    define: DomainFactory = request.getfixturevalue("domain")
    one = define("one").domain.UUIDString()
    return Given(LibvirtDomains(URI, 10), one, define(one).domain.UUIDString())


def _xml(domains: Domains, uuid: str) -> str:
    return domains.get([uuid])[uuid].xml


def _lines(domains: Domains, uuid: str) -> list[str]:
    """libvirt puts controllers in another order when it rewrites a definition."""
    return sorted(_xml(domains, uuid).splitlines())


def test_changes_go_by_uuid_whatever_others_are_named(given: Given) -> None:
    before = _xml(given.domains, given.other)
    given.domains.attach_filesystem(given.one, _DEVICE)
    given.domains.mark(given.one, _MARK)
    domain = given.domains.get([given.one])[given.one]
    assert [(item.tag, item.source) for item in domain.filesystems] == [("docs", _DEVICE.source)]
    assert domain.marks == (_MARK,)
    assert _xml(given.domains, given.other) == before


def test_what_was_attached_and_marked_leaves_nothing(given: Given) -> None:
    before = _lines(given.domains, given.one)
    controllers = given.domains.attach_filesystem(given.one, _DEVICE)
    given.domains.mark(given.one, _MARK)
    given.domains.mark(given.one, _MARK)
    given.domains.unmark(given.one, _MARK.id)
    given.domains.unmark(given.one, _MARK.id)
    assert given.domains.detach_filesystem(given.one, _DEVICE, controllers) == ()
    assert given.domains.detach_filesystem(given.one, _DEVICE, controllers) == ()
    assert _lines(given.domains, given.one) == before


def test_filesystem_of_another_source_is_not_ours(given: Given) -> None:
    given.domains.attach_filesystem(given.one, Filesystem("docs", "/elsewhere"))
    before = _xml(given.domains, given.one)
    given.domains.detach_filesystem(given.one, _DEVICE)
    assert _xml(given.domains, given.one) == before


def test_domain_that_is_gone(given: Given) -> None:
    gone = str(uuid4())
    assert given.domains.get([gone, given.one]).keys() == {given.one}
    for change in (
        lambda: given.domains.attach_filesystem(gone, _DEVICE),
        lambda: given.domains.mark(gone, _MARK),
        lambda: given.domains.find(gone),
    ):
        with pytest.raises(NotFound):
            change()
