"""add: what is left when it fails, and what others do in the meantime."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.errors import (
    BackendError,
    Interrupted,
    MountFailed,
    NotFound,
    Refused,
    SharectlError,
    Unavailable,
)
from sharectl.model.domain import Filesystem
from sharectl.model.enums import Intent
from sharectl.operations.add import AddResult
from tests.fakes import FakeApp
from tests.fakes.mounts import umount
from tests.operations.scenarios import (
    HOST_ADDRESS,
    NFS_PATH,
    World,
    attached,
    nfs,
    read_only,
)


def test_dead_file_server_is_undone() -> None:
    world = nfs()
    before = world.app.snapshot()
    world.app.mounts.dead = {"192.0.2.1"}
    with pytest.raises(Unavailable) as caught:
        world.add()
    assert caught.value.message.endswith("did not answer; everything was undone")
    assert world.app.snapshot() == before


def test_interrupted_add_says_that_it_was_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = nfs()
    before = world.app.snapshot()
    monkeypatch.setattr(world.app.mounts, "mount", lambda *_: world.app.interrupts.arrive())
    with pytest.raises(Interrupted) as caught:
        world.add()
    assert caught.value.message == "interrupted by SIGINT; everything was undone"
    assert world.app.snapshot() == before


def test_unexpected_failure_says_that_it_was_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = nfs()
    before = world.app.snapshot()
    monkeypatch.setattr(world.app.mounts, "mount", lambda *_: [].pop())
    with pytest.raises(IndexError, match="pop from empty"):
        world.add()
    assert world.app.heard.warnings == ["everything was undone"]
    assert world.app.snapshot() == before


def _break_the_store(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file server does not answer, and from then on the store cannot be read either."""

    def mount(*_arguments: object) -> None:
        world.app.store.unreadable = True
        raise Unavailable("the file server did not answer", hint="check it")

    monkeypatch.setattr(world.app.mounts, "mount", mount)


def test_store_that_fails_too_does_not_hide_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    world = nfs()
    before = world.app.snapshot()
    with monkeypatch.context() as patch:
        _break_the_store(world, patch)
        with pytest.raises(Unavailable) as caught:
            world.add()
    assert caught.value.message.startswith(
        "the file server did not answer; nothing could be undone: store /var"
    )
    again = f"sharectl remove guest {world.share_id}"
    assert caught.value.hint == f"it stays recorded; finish with: {again}"

    world.app.store.unreadable = False
    world.remove()
    assert world.app.snapshot() == before


def test_store_that_fails_too_does_not_hide_the_error_of_a_repair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, _ = attached(nfs)
    umount(world.app.mounts, world.mount_point)
    _break_the_store(world, monkeypatch)
    with pytest.raises(Unavailable) as caught:
        world.add()
    assert "did not answer; the share stays attached; recording" in caught.value.message
    assert caught.value.hint == f"check it; then: sharectl add guest {world.share_id}"


@pytest.mark.parametrize(("make", "option"), [(nfs, ""), (read_only, " --read-only")])
@pytest.mark.parametrize("intent", [Intent.ATTACHED, Intent.ATTACHING])
def test_failed_repair_says_how_things_stand(
    make: Callable[[], World], option: str, intent: Intent
) -> None:
    world, _ = attached(make)
    (mapping,) = world.app.store.load()
    with world.app.store.transaction() as store:
        store.put(replace(mapping, intent=intent))
    umount(world.app.mounts, world.mount_point)
    world.app.mounts.dead = {"192.0.2.1"}
    with pytest.raises(Unavailable) as caught:
        world.add()
    assert caught.value.message.endswith(f"; the share stays {intent}, with status error")
    again = f"sharectl add guest {world.share_id}{option}"
    assert caught.value.hint == f"run it again: {again}"
    (now,) = world.app.store.load()
    assert (now.intent, "everything" in (now.last_error or "")) == (intent, False)


def test_mount_that_shows_something_else_is_undone() -> None:
    world = nfs()
    before = world.app.snapshot()
    world.app.mounts.shown_as = {NFS_PATH: "192.0.2.66:/trap"}
    with pytest.raises(Unavailable, match=r"shows 192\.0\.2\.66:/trap"):
        world.add()
    assert world.app.snapshot() == before


def test_access_denied_by_the_server_is_undone() -> None:
    world = nfs()
    before = world.app.snapshot()
    world.app.reconfigure(nfs_access_to="203.0.113.1")
    with pytest.raises(MountFailed, match="access denied by server"):
        world.add()
    assert world.app.snapshot() == before


def test_what_cannot_be_undone_is_recorded_and_told() -> None:
    world = nfs()
    before = world.app.snapshot()
    world.app.mounts.dead = {"192.0.2.1"}
    world.app.shares.not_denied = {HOST_ADDRESS}
    with pytest.raises(Unavailable) as caught:
        world.add()
    assert "did not answer; undoing it failed too: Manila could not" in caught.value.message
    assert "finish with: sharectl remove guest" in (caught.value.hint or "")
    (mapping,) = world.app.store.load()
    assert mapping.intent is Intent.DETACHING
    assert "192.0.2.1" in (mapping.last_error or "")

    world.app.shares.not_denied = set()
    world.remove()
    assert world.app.snapshot() == before


def test_request_that_may_yet_be_carried_out_stays_recorded() -> None:
    world = nfs()
    before = world.app.snapshot()
    world.app.shares.answer_lost = True
    with pytest.raises(Unavailable) as caught:
        world.add()
    assert "whether the last request was carried out is not known" in caught.value.message
    (mapping,) = world.app.store.load()
    assert mapping.intent is Intent.DETACHING

    world.app.shares.deliver()
    world.remove()
    assert world.app.snapshot() == before


def test_tag_taken_while_waiting_for_the_lock_is_refused() -> None:
    world, other = nfs().asking(tag="t"), nfs().asking(share="other", tag="t")
    other.add()
    rivals = other.app.store.load()

    def overtake() -> None:
        with world.app.store.transaction() as store:
            store.put(rivals[0])

    world.app.locks.while_waiting = overtake
    with pytest.raises(Refused, match="tag t is already taken"):
        world.add()
    assert world.app.store.load() == rivals
    assert world.app.shares.all_rules == ()


def test_same_add_at_the_same_time_finds_nothing_to_do() -> None:
    world = nfs()
    others: list[AddResult] = []
    world.app.locks.while_waiting = lambda: others.append(world.add())
    result = world.add()
    (other,) = others
    assert (result.actions, result.view) == ((), other.view)
    assert world.app.store.load() == (other.view.mapping,)
    assert len(world.app.shares.all_rules) == 1


def test_same_add_at_the_same_time_goes_on_where_the_other_did_not_wait() -> None:
    world = nfs()
    world.app.shares.looks = 3
    impatient = world.asking(timeout=0)
    world.app.locks.while_waiting = impatient.add
    world.add()
    (mapping,) = world.app.store.load()
    assert mapping.intent is Intent.ATTACHED


def test_other_add_at_the_same_time_is_refused() -> None:
    world = nfs().asking(tag="u")
    world.app.locks.while_waiting = world.asking(tag="t").add
    with pytest.raises(Refused, match="is already attached to domain guest with tag t"):
        world.add()
    assert len(world.app.shares.all_rules) == 1


@pytest.mark.parametrize(
    ("happens", "error"),
    [
        (lambda app, uuid: app.domains.undefine(uuid), NotFound),
        (lambda app, uuid: app.domains.start(uuid), Refused),
        (lambda app, uuid: app.domains.set(uuid, managed_save=True), Refused),
    ],
)
def test_domain_changed_while_waiting_for_the_lock(
    happens: Callable[[FakeApp, str], None], error: type[SharectlError]
) -> None:
    world = nfs()
    app = world.app
    uuid = world.uuid
    app.locks.while_waiting = lambda: happens(app, uuid)
    with pytest.raises(error):
        world.add()
    assert app.store.load() == ()
    assert app.shares.all_rules == ()


def test_a_root_port_that_came_before_the_failure_goes_with_the_undoing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """libvirt has added both, and cannot write what comes after: its disk is full, for one."""
    world = nfs()
    domains = world.app.domains
    uuid = domains.find("guest").uuid
    root = "<controller type='pci' index='0' model='pcie-root'/>"
    domains.edit(uuid, "<devices>", f"<devices>{root}")
    taken: list[tuple[int, ...]] = []

    def attach(uuid: str, filesystem: Filesystem) -> tuple[int, ...]:
        port = root.replace("'0'", "'1'").replace("pcie-root", "pcie-root-port")
        domains.edit(uuid, root, root + port)
        raise BackendError("No space left on device")

    def detach(_uuid: str, _device: Filesystem, ports: tuple[int, ...] = ()) -> tuple[int, ...]:
        taken.append(ports)
        return ()

    monkeypatch.setattr(domains, "attach_filesystem", attach)
    monkeypatch.setattr(domains, "detach_filesystem", detach)
    with pytest.raises(BackendError):
        world.add()
    assert taken == [(1,)]
