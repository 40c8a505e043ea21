"""A filesystem is taken out where it is: by its path as written, in the libvirt that has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.errors import Refused, Unavailable
from sharectl.model.mapping import ShareMapping
from sharectl.operations.remove import RemoveRequest, remove
from tests.fakes import FakeApp
from tests.fakes.app import Snapshot
from tests.fakes.domains import FakeDomains
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import attached, nfs

_SYSTEM, _SESSION = "qemu:///system", "qemu:///session"


@pytest.mark.parametrize("base", ["/var/run/sharectl/mnt", "/srv/alias", "//run/./sharectl/mnt/"])
def test_path_that_leads_through_links(base: str) -> None:
    world, before = attached(nfs)
    app = world.app
    app.mounts.links = {"/var/run": "/run", "/srv/alias": "/run/sharectl/mnt"}
    written = f'dir="{base}/{world.share_id}"'
    app.domains.edit(world.uuid, f'dir="{world.mount_point}"', written)
    assert run_reconcile(app).problems == ()
    world.remove()
    assert app.snapshot() == before


def test_filesystem_that_stays_keeps_mount_and_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    world, _ = attached(nfs)
    app = world.app
    monkeypatch.setattr(FakeDomains, "detach_filesystem", lambda *_arguments: ())
    with pytest.raises(Refused, match="domain guest still has filesystem"):
        world.remove()
    (mapping,) = app.store.load()
    assert mapping.mount_point in [item.mount_point for item in app.mounts.list()]
    assert len(app.shares.all_rules) == 1


def _two_libvirts(*, moved: bool = False) -> tuple[FakeApp, ShareMapping, Snapshot]:
    """The share of a domain of the session's libvirt; the system's has the neighbour.

    With `moved` the session's libvirt has no domain any more, and the system's has it.
    """
    world, before = attached(nfs)
    app = world.app
    session = FakeDomains(app.mounts)
    session.upgrade(uri=_SESSION)
    if not moved:
        session.take_over(app.domains, world.uuid)
    app.libvirts = {_SYSTEM: app.domains, _SESSION: session}
    (mapping,) = app.store.load()
    return app, _record(app, replace(mapping, libvirt_uri=_SESSION)), before


def _record(app: FakeApp, mapping: ShareMapping) -> ShareMapping:
    with app.store.transaction() as store:
        store.put(mapping)
    return mapping


def _use_session(app: FakeApp) -> None:
    """As with --connect."""
    app.domains = app.libvirts[_SESSION]
    app.reconfigure(libvirt_uri=_SESSION)


def _request(mapping: ShareMapping, **more: bool) -> RemoveRequest:
    return RemoveRequest(mapping.domain_uuid, mapping.share_id, **more)


@pytest.mark.parametrize("force", [False, True])
def test_disk_of_a_domain_of_this_runs_libvirt_keeps_the_mount(force: bool) -> None:
    app, mapping, _ = _two_libvirts()
    disk = f"<disk><source file='{mapping.mount_point}/x.img'/></disk></devices>"
    app.domains.edit(app.domains.find("neighbour").uuid, "</devices>", disk)
    remove(app, _request(mapping, force=force))
    assert mapping.mount_point in [item.mount_point for item in app.mounts.list()]
    assert len(app.shares.all_rules) == 1
    assert "domain neighbour uses what is there" in "\n".join(app.heard.warnings)


@pytest.mark.parametrize("recorded", ["", _SESSION])
def test_domain_is_changed_in_the_libvirt_that_has_it(recorded: str) -> None:
    """An earlier version did not record which; a domain can be moved by hand."""
    app, mapping, before = _two_libvirts(moved=True)
    system = app.domains
    _record(app, replace(mapping, libvirt_uri=recorded))
    if not recorded:
        _use_session(app)
    remove(app, _request(mapping))
    app.domains = system
    assert app.snapshot() == before


def test_reconcile_records_the_libvirt_that_has_it() -> None:
    app, mapping, _ = _two_libvirts(moved=True)
    for recorded in ("", _SESSION):
        _record(app, replace(mapping, libvirt_uri=recorded))
        assert messages(run_reconcile(app)) == ""
        (now,) = app.store.load()
        assert now.libvirt_uri == _SYSTEM


def test_copy_in_another_libvirt_is_not_the_domain_while_its_own_is_down() -> None:
    app, mapping, _ = _two_libvirts()
    session = app.libvirts[_SESSION]
    app.domains.take_over(session, mapping.domain_uuid, copy=True)
    session.dead = True
    with pytest.raises(Unavailable):
        remove(app, _request(mapping))
    assert app.store.load() == (mapping,)
    assert mapping.tag in app.domains.xml_of(mapping.domain_uuid)
