"""list, show and shares: what they say of a mapping, and what they say when something is dead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.errors import Denied, NotFound, Refused, StoreError, Unavailable
from sharectl.model.enums import AccessLevel, Health, Intent, RuleState
from sharectl.operations.list import list_mappings
from sharectl.operations.shares import list_shares
from sharectl.operations.show import show_mapping
from sharectl.operations.views import MappingView
from tests.fakes import FakeApp
from tests.fakes.faults import FaultyApp, Injector
from tests.fakes.mounts import umount
from tests.operations.scenarios import World, attached, nfs


def _show(world: World, domain: str = "guest", share: str = "docs") -> MappingView:
    (view,) = show_mapping(world.app, domain, share).views
    return view


def test_list_of_the_host_is_sorted_by_domain() -> None:
    world, _ = attached(nfs)
    world.asking(domain="neighbour").add()
    world.asking(share="other").add()
    rows = [(v.domain_name, v.mapping.share_name) for v in list_mappings(world.app, None).views]
    assert rows == [("guest", "docs"), ("guest", "other"), ("neighbour", "docs")]


@pytest.mark.parametrize("by", ["name", "uuid"])
def test_list_of_a_domain(by: str) -> None:
    world, _ = attached(nfs)
    world.asking(domain="neighbour").add()
    domain = "guest" if by == "name" else world.uuid
    assert [v.domain_name for v in list_mappings(world.app, domain).views] == ["guest"]


def test_list_of_a_domain_without_shares_is_empty() -> None:
    assert list_mappings(attached(nfs)[0].app, "neighbour").views == ()


def test_list_of_no_domain_at_all_is_an_error() -> None:
    with pytest.raises(NotFound, match="domain 'nobody' does not exist"):
        list_mappings(attached(nfs)[0].app, "nobody")


def test_list_of_a_domain_that_is_gone() -> None:
    world, _ = attached(nfs)
    world.app.domains.undefine(world.uuid)
    (view,) = list_mappings(world.app, "guest").views
    assert (view.domain_name, view.status) == ("guest", "inactive")


def test_new_name_of_a_domain_is_shown() -> None:
    world, _ = attached(nfs)
    world.app.domains.rename(world.uuid, "renamed")
    assert [v.domain_name for v in list_mappings(world.app, None).views] == ["renamed"]
    assert [v.domain_name for v in list_mappings(world.app, "renamed").views] == ["renamed"]


def _start(world: World) -> None:
    world.app.domains.start(world.uuid)


def _put(**changes: object) -> Callable[[World], None]:
    """Change the record."""

    def put(world: World) -> None:
        (mapping,) = world.app.store.load()
        with world.app.store.transaction() as store:
            store.put(replace(mapping, **changes))  # type: ignore[arg-type]

    return put


@pytest.mark.parametrize(
    ("happens", "status"),
    [
        (lambda world: None, "inactive"),
        (_start, "active"),
        (_put(intent=Intent.ATTACHING), "attaching"),
        (_put(intent=Intent.DETACHING), "detaching"),
        (_put(last_error="why"), "error"),
        (lambda world: setattr(world.app.domains, "dead", True), "unknown"),
    ],
)
def test_status(happens: Callable[[World], object], status: str) -> None:
    world, _ = attached(nfs)
    happens(world)
    (view,) = list_mappings(world.app, None).views
    assert view.status == status
    assert _show(world).status == status


def _unmount(world: World) -> None:
    umount(world.app.mounts, world.mount_point)


def _mount_another(world: World) -> None:
    world.app.mounts.mounted[-1] = replace(world.app.mounts.list()[-1], source="x:/y")


def _detach(world: World) -> None:
    (mapping,) = world.app.store.load()
    world.app.domains.detach_filesystem(mapping.domain_uuid, mapping.filesystem)


def _stale(world: World) -> None:
    world.app.mounts.stale = {world.mount_point}


def _rule(**changes: object) -> Callable[[World], None]:
    def change(world: World) -> None:
        for name, value in changes.items():
            setattr(world.app.shares.all_rules[0], name, value)

    return change


_ILL = Denied("Manila says: Policy does not allow it")


def _lower(world: World) -> None:
    (rule,) = world.app.shares.all_rules
    rule.access = replace(rule.access, level=AccessLevel.RO)


@pytest.mark.parametrize(
    ("happens", "health"),
    [
        (lambda world: None, Health.OK),
        (_start, Health.OK),
        (_unmount, Health.NOT_MOUNTED),
        (_mount_another, Health.WRONG_SOURCE),
        (_detach, Health.NO_DEVICE),
        (_stale, Health.STALE),
        (lambda world: world.app.mounts.dead.add("192.0.2.1"), Health.UNREACHABLE),
        (_rule(state=RuleState.ERROR), Health.NO_ACCESS),
        (_rule(state=RuleState.DENYING), Health.NO_ACCESS),
        (_lower, Health.NO_ACCESS),
        (lambda world: world.app.shares.delete(world.share_id), Health.SHARE_MISSING),
        (lambda world: world.app.domains.undefine(world.uuid), Health.DOMAIN_MISSING),
        (lambda world: setattr(world.app.domains, "dead", True), Health.UNKNOWN),
        (lambda world: setattr(world.app.shares, "dead", True), Health.UNKNOWN),
        (lambda world: world.app.shares.ill.update({world.share_id: _ILL}), Health.UNKNOWN),
    ],
)
def test_health(happens: Callable[[World], object], health: Health) -> None:
    world, _ = attached(nfs)
    happens(world)
    assert _show(world).health is health


@pytest.mark.parametrize(
    ("port", "list_unseen", "show_unseen"), [("domains", 1, 1), ("shares", 0, 1)]
)
def test_what_could_not_be_seen_is_told(port: str, list_unseen: int, show_unseen: int) -> None:
    world, _ = attached(nfs)
    getattr(world.app, port).dead = True
    assert len(list_mappings(world.app, "guest").unseen) == list_unseen
    assert len(show_mapping(world.app, "guest", "docs").unseen) == show_unseen


def test_show_by_share_id_and_domain_uuid() -> None:
    world, _ = attached(nfs)
    assert _show(world, world.uuid, world.share_id) == _show(world)


@pytest.mark.parametrize(("domain", "share"), [("guest", "other"), ("neighbour", "docs")])
def test_show_of_what_is_not_attached(domain: str, share: str) -> None:
    with pytest.raises(NotFound, match=f"share '{share}' is not attached to domain '{domain}'"):
        show_mapping(attached(nfs)[0].app, domain, share)


def test_share_name_that_two_attached_shares_have() -> None:
    """It is not as if none were attached: remove and forget would be given up as done."""
    world, _ = attached(nfs)
    twin = world.app.shares.create("docs", "NFS", "192.0.2.1:/exports/twin").id
    world.asking(share=twin).add()
    ids = [mapping.share_id for mapping in world.app.store.load()]
    assert twin in ids
    for act in (lambda: _show(world), world.remove, world.add):
        with pytest.raises(Refused, match="2 shares are named 'docs'") as caught:
            act()
        assert caught.value.hint == f"give the ID of one: {' '.join(ids)}"
    assert _show(world, share=twin).mapping.share_id == twin


def test_shares_are_those_that_can_be_attached() -> None:
    world, _ = attached(nfs)
    world.asking(domain="neighbour").add()
    shares = world.app.shares
    shares.create("broken", "NFS", "192.0.2.1:/b", status="error")
    shares.create("windows", "CIFS", "//nas/c")
    shares.create("ceph", "CEPHFS", "192.0.2.2:/d")
    rows = [(item.share.name, item.domains) for item in list_shares(world.app).views]
    assert rows == [("ceph", ()), ("docs", ("guest", "neighbour")), ("other", ())]


def _listed(app: FaultyApp) -> None:
    list_mappings(app, None)


def _shown(app: FaultyApp) -> None:
    show_mapping(app, "guest", "docs")


def _shares(app: FaultyApp) -> None:
    list_shares(app)


@pytest.mark.parametrize("look", [_listed, _shown, _shares])
def test_looking_changes_nothing_and_takes_no_lock(look: Callable[[FaultyApp], None]) -> None:
    world, _ = attached(nfs)
    _put(intent=Intent.DETACHING, last_error="why")(world)
    before, injector = world.app.snapshot(), Injector(world.app)
    world.app.locks.taken.clear()
    look(FaultyApp(injector))
    assert (injector.changes, world.app.locks.taken) == ([], [])
    assert world.app.snapshot() == before


@pytest.mark.parametrize("look", [_listed, _shown, _shares])
def test_unreadable_store_is_an_error_and_not_empty(look: Callable[[FaultyApp], None]) -> None:
    app: FakeApp = attached(nfs)[0].app
    app.store.unreadable = True
    with pytest.raises(StoreError):
        look(FaultyApp(Injector(app)))


def test_name_is_what_libvirt_says_now() -> None:
    """guest became old, and a new domain is called guest: its share is not the old one's."""
    world, _ = attached(nfs)
    domains = world.app.domains
    domains.rename(world.uuid, "old")
    domains.define("guest")
    assert list_mappings(world.app, "guest").views == ()
    assert [view.domain_name for view in list_mappings(world.app, "old").views] == ["old"]
    for act in (lambda: _show(world), world.remove):
        with pytest.raises(NotFound, match="'docs' is not attached to domain 'guest'"):
            act()
    assert len(world.app.store.load()) == 1


def test_name_of_a_domain_that_was_made_anew() -> None:
    """The record of the one that is gone stays within reach, under its name."""
    world, before = attached(nfs)
    world.app.domains.undefine(world.uuid)
    world.app.domains.define("guest")
    assert _show(world).health is Health.DOMAIN_MISSING
    world.add()
    assert _show(world).health is Health.OK
    world.remove()
    assert _show(world).health is Health.DOMAIN_MISSING
    world.remove()
    now = world.app.snapshot()
    assert (now.mappings, now.rules, now.mounts) == ((), before.rules, before.mounts)


def test_name_that_only_libvirt_could_know() -> None:
    world, _ = attached(nfs)
    world.app.domains.dead = True
    for look in (lambda: list_mappings(world.app, "renamed"), lambda: _show(world, "renamed")):
        with pytest.raises(Unavailable, match="no answer from libvirt"):
            look()


def test_name_that_two_gone_domains_had() -> None:
    world, _ = attached(nfs)
    world.app.domains.undefine(world.uuid)
    world.app.domains.define("guest")
    world.add()
    world.app.domains.undefine(world.uuid)
    uuids = [mapping.domain_uuid for mapping in world.app.store.load()]
    assert len(list_mappings(world.app, "guest").views) == 2
    with pytest.raises(Refused, match="attached to 2 domains that were named 'guest'") as caught:
        world.remove()
    assert caught.value.hint == f"give the UUID of one: {' '.join(sorted(uuids))}"
    for uuid in uuids:
        world.remove(domain=uuid)
    assert world.app.store.load() == ()
