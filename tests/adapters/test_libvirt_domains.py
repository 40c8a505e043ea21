"""`Domains` on the fake and on the real libvirt: both keep the same promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid4

import libvirt
import pytest

from sharectl.adapters.libvirt_domains import LibvirtDomains
from sharectl.errors import NotFound, Refused
from sharectl.model.domain import Filesystem
from sharectl.model.enums import SharedMemory
from sharectl.model.host import canonical_uri
from sharectl.model.marking import mark_of
from sharectl.ports import Domains
from tests.fakes.app import FakeApp
from tests.lab.fixtures_libvirt import DomainFactory
from tests.lab.guest import Guest
from tests.lab.libvirtd import URI
from tests.model.things import HOST, MAPPING

_DEVICE = Filesystem("docs", "/run/sharectl/mnt/s1")
_MARK = mark_of(MAPPING, HOST)


@dataclass(frozen=True)
class Given:
    """A driver with two domains: `other` has the UUID of `one` for a name.

    `define` makes a domain of that name, `start` starts one and returns its id, and `edit` replaces
    text in a definition, which is written with double quotes.
    """

    domains: Domains
    one: str
    other: str
    define: Callable[[str], str]
    start: Callable[[str], str]
    edit: Callable[[str, str, str], None]


@pytest.fixture(
    params=[
        "fake",
        pytest.param("domain", marks=pytest.mark.lab),
        pytest.param("trixie_domain", marks=pytest.mark.lab),
    ]
)
def given(request: pytest.FixtureRequest) -> Given:
    """The fake, the libvirt of Debian 12, that of Debian 13."""
    if request.param == "fake":
        return _fake()
    define: DomainFactory = request.getfixturevalue(request.param)
    uri = URI if request.param == "domain" else request.getfixturevalue("trixie").uri
    return _real(uri, define)


def _fake() -> Given:
    app = FakeApp()

    def start(uuid: str) -> str:
        app.domains.start(uuid)
        return "1"

    one = app.domains.define("one")
    other = app.domains.define(one)
    return Given(app.domains, one, other, app.domains.define, start, app.domains.edit)


def _real(uri: str, factory: DomainFactory) -> Given:
    guests: dict[str, Guest] = {}

    def define(name: str) -> str:
        guest = factory(name)
        guests[guest.domain.UUIDString()] = guest
        return str(guest.domain.UUIDString())

    def start(uuid: str) -> str:
        guests[uuid].start()
        return str(guests[uuid].domain.ID())

    def edit(uuid: str, old: str, new: str) -> None:
        text = guests[uuid].domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE).replace("'", '"')
        assert old in text
        libvirt.open(uri).defineXML(text.replace(old, new))

    one = define("one")
    return Given(LibvirtDomains(uri, 10), one, define(one), define, start, edit)


def _xml(domains: Domains, uuid: str) -> str:
    return domains.look([uuid]).domains[uuid].xml


def _lines(domains: Domains, uuid: str) -> list[str]:
    """libvirt puts controllers in another order when it rewrites a definition."""
    return sorted(_xml(domains, uuid).splitlines())


def test_changes_go_by_uuid_whatever_others_are_named(given: Given) -> None:
    before = _xml(given.domains, given.other)
    given.domains.attach_filesystem(given.one, _DEVICE)
    given.domains.mark(given.one, _MARK)
    domain = given.domains.look([given.one]).domains[given.one]
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
    seen = given.domains.look([gone, given.one])
    assert (set(seen.domains), set(seen.unseen)) == ({given.one}, set())
    for change in (
        lambda: given.domains.attach_filesystem(gone, _DEVICE),
        lambda: given.domains.mark(gone, _MARK),
        lambda: given.domains.find(gone),
    ):
        with pytest.raises(NotFound):
            change()


def test_every_domain_is_seen_by_its_libvirt(given: Given) -> None:
    everything, brief = given.domains.look(), given.domains.look(brief=True)
    assert set(everything.domains) == set(brief.domains) == {given.one, given.other}
    (uri,) = everything.complete
    assert uri == canonical_uri(given.domains.host().uri)
    for seen in (everything.domains[given.one], given.domains.find("one")):
        assert (seen.uuid, seen.name, seen.libvirt_uri) == (given.one, "one", uri)
        assert seen.persistent
        assert seen.shared_memory
        assert not seen.running


def test_word_that_means_two_domains_is_refused(given: Given) -> None:
    with pytest.raises(Refused, match="name of one domain") as caught:
        given.domains.find(given.one)
    assert given.one in caught.value.message
    assert given.other in caught.value.message
    assert f"by {given.other} or one;" in caught.value.advice
    assert given.domains.find(given.other).uuid == given.other
    assert given.domains.find("one").uuid == given.one


def test_name_that_is_the_id_of_another_is_refused(given: Given) -> None:
    number = given.start(given.one)
    assert given.domains.find(number).uuid == given.one
    named = given.define(number)
    with pytest.raises(Refused, match="name of one domain") as caught:
        given.domains.find(number)
    assert named in str(caught.value.hint)


def test_what_it_may_use_is_in_its_paths(given: Given) -> None:
    given.domains.attach_filesystem(given.one, _DEVICE)
    seen = given.domains.look().domains
    assert seen[given.one].uses(str(_DEVICE.source))
    assert _DEVICE.source in seen[given.one].paths
    assert _DEVICE.source not in seen[given.other].paths


def test_device_is_put_back_as_an_admin_had_made_it(given: Given) -> None:
    given.domains.attach_filesystem(given.one, _DEVICE)
    given.edit(given.one, '<driver type="virtiofs"/>', '<driver type="virtiofs" queue="1024"/>')
    (kept,) = given.domains.look([given.one]).domains[given.one].filesystems
    given.domains.detach_filesystem(given.one, _DEVICE)
    assert given.domains.look([given.one]).domains[given.one].filesystems == ()
    given.domains.attach_filesystem(given.one, replace(_DEVICE, xml=kept.xml))
    (back,) = given.domains.look([given.one]).domains[given.one].filesystems
    assert back == _DEVICE
    assert back.xml == kept.xml
    assert 'queue="1024"' in back.xml


def test_device_whose_driver_was_taken_away_is_replaced(given: Given) -> None:
    """It is 9p then, and has the tag."""
    given.domains.attach_filesystem(given.one, _DEVICE)
    given.edit(given.one, '<driver type="virtiofs"/>', "")
    (broken,) = given.domains.look([given.one]).domains[given.one].filesystems
    assert not broken.is_device("docs", str(_DEVICE.source))
    given.domains.attach_filesystem(given.one, _DEVICE)
    assert given.domains.look([given.one]).domains[given.one].filesystems == (_DEVICE,)


@pytest.mark.parametrize("written", ["/run/sharectl/mnt/s1/", "/run//sharectl/mnt/s1/below"])
def test_device_is_taken_out_however_its_path_is_written(given: Given, written: str) -> None:
    given.domains.attach_filesystem(given.one, _DEVICE)
    given.edit(given.one, f'dir="{_DEVICE.source}"', f'dir="{written}"')
    given.domains.detach_filesystem(given.one, _DEVICE)
    assert given.domains.look([given.one]).domains[given.one].filesystems == ()


def test_shared_memory_that_stays_is_told(given: Given) -> None:
    kind = SharedMemory.MEMFD
    given.edit(given.one, '<access mode="shared"/>', "")
    assert not given.domains.look([given.one]).domains[given.one].shared_memory
    given.domains.enable_shared_memory(given.one, kind)
    assert given.domains.look([given.one]).domains[given.one].shared_memory
    assert given.domains.disable_shared_memory(given.one, kind) is None
    assert not given.domains.look([given.one]).domains[given.one].shared_memory
    given.domains.enable_shared_memory(given.one, kind)
    given.edit(given.one, "<memoryBacking>", "<memoryBacking><nosharepages/>")
    assert given.domains.disable_shared_memory(given.one, kind) is None
    assert "<nosharepages/>" in _xml(given.domains, given.one), "only ours is taken back"


def test_shared_memory_that_was_changed_stays_with_a_reason(given: Given) -> None:
    kind = SharedMemory.HUGEPAGES
    given.edit(given.one, '<source type="memfd"/>', "")
    given.edit(given.one, '<access mode="shared"/>', "")
    given.domains.enable_shared_memory(given.one, kind)
    given.edit(given.one, "<hugepages/>", "")
    assert given.domains.disable_shared_memory(given.one, kind) == "it has been changed since"
    assert given.domains.look([given.one]).domains[given.one].shared_memory
