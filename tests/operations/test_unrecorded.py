"""A filesystem of a share that no record speaks of: list, reconcile and add say or take it."""

from __future__ import annotations

import pytest

from sharectl.errors import NotFound, Refused
from sharectl.model.enums import AccessLevel, Intent
from sharectl.operations.list import list_mappings
from sharectl.operations.remove import RemoveRequest, remove
from tests.cli.running import run
from tests.operations.reconciling import messages, run_reconcile
from tests.operations.scenarios import World, attached, cephfs, nfs


def _reverted(start: bool = False) -> World:
    """The share was detached from the guest, and a snapshot has brought the filesystem back.

    The neighbour has the share, so that it is mounted.
    """
    world, _ = attached(nfs)
    world.asking(domain="neighbour").add()
    with_device = world.app.domains.xml_of(world.uuid)
    world.remove()
    now = world.app.domains.xml_of(world.uuid)
    world.app.domains.edit(world.uuid, now, with_device)
    if start:
        world.app.domains.start(world.uuid)
    return world


@pytest.mark.parametrize("running", [False, True])
def test_reconcile_names_it_each_time_with_a_command_that_works(running: bool) -> None:
    world = _reverted(running)
    for _again in range(2):
        result = run_reconcile(world.app)
        assert result.changes == ()
        assert f"domain guest has a filesystem of share {world.share_id}" in messages(result)
    hint = result.problems[0].hint or ""
    assert f"sharectl add guest {world.share_id} --tag {world.share_id};" in hint
    world.asking(share=world.share_id).add()
    assert run_reconcile(world.app).problems == ()
    assert len(world.app.store.load()) == 2


def test_list_long_has_a_row_for_it() -> None:
    world = _reverted()
    shown = run(world.app, "list", "--long", "-f", "json", "-c", "Domain", "-c", "Health")
    assert '"guest"' in shown.stdout
    assert '"unrecorded"' in shown.stdout
    (other,) = list_mappings(world.app, "guest", examine=True).unrecorded
    assert (other.domain.name, other.share_id, other.live) == ("guest", world.share_id, False)
    assert list_mappings(world.app, "neighbour", examine=True).unrecorded == ()


def test_another_path_of_the_folder_is_seen_too() -> None:
    world = _reverted()
    folder = f"/run/sharectl/mnt/{world.share_id}"
    world.app.domains.edit(
        world.uuid, f'dir="{folder}"', f'dir="//run/./sharectl/mnt/{world.share_id}/"'
    )
    assert "domain guest has a filesystem" in messages(run_reconcile(world.app))


def _with_second(running: bool) -> World:
    """The share is attached, and somebody has added its folder once more, under another tag."""
    world, _ = attached(nfs)
    world.app.domains.edit(world.uuid, "</devices>", _device(world) + "</devices>")
    if running:
        world.app.domains.start(world.uuid)
    return world


@pytest.mark.parametrize("running", [False, True])
def test_a_second_filesystem_of_a_share_is_named(running: bool) -> None:
    world = _with_second(running)
    for dry_run in (True, False):
        result = run_reconcile(world.app, dry_run=dry_run)
        assert result.changes == ()
        (problem,) = result.problems
        assert problem.message == (
            f"domain guest has a second filesystem of share {world.share_id} (tag other), and the"
            f" record says {world.share_id}"
        )
        assert "virsh edit guest" in (problem.hint or "")
    listing = list_mappings(world.app, "guest", examine=True)
    assert [view.health for view in listing.views] == ["ok"]
    (second,) = listing.unrecorded
    assert (second.filesystem.tag, second.live) == ("other", running)


def test_a_second_filesystem_keeps_the_mount_when_the_share_is_removed() -> None:
    world = _with_second(running=False)
    world.remove()
    assert world.app.store.load() == ()
    assert "domain guest" in messages(run_reconcile(world.app))
    assert len(world.app.shares.all_rules) == 1
    world.asking(share=world.share_id, tag="other").add()
    assert run_reconcile(world.app).problems == ()
    (mapping,) = world.app.store.load()
    assert mapping.tag == "other"


def test_a_part_of_a_share_is_no_second_filesystem() -> None:
    world, _ = attached(nfs)
    part = _device(world).replace(world.share_id, f"{world.share_id}/part")
    world.app.domains.edit(world.uuid, "</devices>", part + "</devices>")
    assert run_reconcile(world.app).problems == ()


@pytest.mark.parametrize("base", ["/run/sharectl/mnt", "/srv/alias"])
def test_folder_of_the_share_in_a_running_guest_is_recorded_with_the_command_named(
    base: str,
) -> None:
    world = _reverted()
    app, share = world.app, world.share_id
    app.mounts.links["/srv/alias"] = "/run/sharectl/mnt"
    old, new = f'dir="/run/sharectl/mnt/{share}"', f'dir="{base}/{share}/projects"'
    app.domains.edit(world.uuid, old, new)
    app.domains.start(world.uuid)
    command = f"sharectl add guest {share} --tag {share}"
    assert command in (run_reconcile(app).problems[0].hint or "")
    with pytest.raises(NotFound) as caught:
        remove(app, RemoveRequest("guest", share))
    assert command in (caught.value.hint or "")
    world.asking(share=share).add()
    assert run_reconcile(app).problems == ()
    assert new in app.domains.xml_of(world.uuid)
    assert len(app.domains.find("guest").filesystems) == 1


def test_what_a_remove_leaves_to_a_copy_is_withdrawn_when_the_copy_is_gone() -> None:
    """Also after a reboot, which takes away the mount that leads to the rule."""
    world, before = attached(cephfs)
    app = world.app
    copy = app.domains.define("copy")
    xml = app.domains.xml_of(copy)
    app.domains.edit(copy, "</devices>", _device(world) + "</devices>")
    world.remove()
    assert app.store.load() == ()
    assert len(app.shares.all_rules) == 1
    app.mounts.mounted = [item for item in app.mounts.mounted if "sharectl" not in item.mount_point]
    assert "is used by domain copy" in messages(run_reconcile(app))
    app.domains.edit(copy, app.domains.xml_of(copy), xml)
    assert run_reconcile(app).problems == ()
    app.domains.undefine(copy)
    assert app.snapshot() == before


def _device(world: World) -> str:
    mapping = world.app.store.load()[0]
    return (
        "<filesystem type='mount'><driver type='virtiofs'/>"
        f"<source dir='{mapping.mount_point}'/><target dir='other'/></filesystem>"
    )


def test_guest_that_starts_while_remove_looks_keeps_its_share() -> None:
    world, _ = attached(nfs)
    transaction = world.app.store.transaction

    def start_first(*arguments: object) -> object:
        world.app.store.transaction = transaction  # type: ignore[method-assign]
        world.app.domains.start(world.uuid)
        return transaction()

    world.app.store.transaction = start_first  # type: ignore[method-assign, assignment]
    with pytest.raises(Exception, match="is running"):
        remove(world.app, RemoveRequest("guest", "docs"))
    (mapping,) = world.app.store.load()
    assert (mapping.intent, mapping.last_error) == (Intent.ATTACHED, None)
    assert run_reconcile(world.app).problems == ()


def test_read_only_leftover_is_no_mount_for_a_writing_guest() -> None:
    world, _ = attached(lambda: nfs().asking(level=AccessLevel.RO))
    mapping = world.app.store.load()[0]
    world.app.domains.detach_filesystem(world.uuid, mapping.filesystem)
    world.app.domains.unmark(world.uuid, mapping.id)
    with world.app.store.transaction() as store:
        store.delete(mapping.id)
    world.asking(level=AccessLevel.RW).add()
    (view,) = list_mappings(world.app, None, examine=True).views
    assert view.health == "ok"
    assert world.app.mounts.list()[-1].mode is AccessLevel.RW


def test_one_that_is_read_only_is_not_taken_for_read_write() -> None:
    world, _ = attached(nfs)
    app = world.app
    device = f'<target dir="{world.share_id}"/>'
    app.domains.edit(world.uuid, device, device + "<readonly/>")
    (mapping,) = app.store.load()
    with app.store.transaction() as store:
        store.delete(mapping.id)
    before = app.snapshot()
    with pytest.raises(Refused, match="read-only, and the record says read-write") as caught:
        world.add()
    assert "--read-only" in (caught.value.hint or "")
    assert app.snapshot() == before
