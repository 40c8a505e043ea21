"""The hook: a domain starts with all its shares mounted from the right place, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sharectl.hook import before_start as hook
from sharectl.hook.at_boot import mount_all
from sharectl.model.enums import AccessLevel, Intent
from sharectl.model.mounts import HostMount
from tests.fakes.mounts import umount
from tests.hook.starting import starting
from tests.operations.scenarios import CEPH_ID, NFS_PATH, World, cephfs, nfs

CEPH_SERVERS = {"192.0.2.21", "192.0.2.22"}


@pytest.mark.parametrize("make", [nfs, cephfs])
def test_what_is_mounted_is_fine_and_no_lock_is_taken(make: Callable[[], World]) -> None:
    start = starting(make)
    before = start.app.mounts.list()
    start.prepare()
    assert start.app.mounts.list() == before
    assert start.app.locks.taken == []


@pytest.mark.parametrize("make", [nfs, cephfs])
def test_what_is_not_mounted_is_mounted_under_the_lock(make: Callable[[], World]) -> None:
    start = starting(make)
    was = start.mount
    start.unmount()
    start.prepare()
    assert start.mount == was
    assert start.app.locks.taken == [f"share {start.mapping.share_id}"]


def test_a_domain_without_shares_does_not_even_read_the_store() -> None:
    start = starting()
    start.app.store.unreadable = True
    neighbour = start.app.domains.find("neighbour").uuid
    hook.prepare(start.app, start.app.domains.xml_of(neighbour))


def test_a_filesystem_of_somebody_else_is_no_affair_of_ours() -> None:
    start = starting()
    xml = start.app.domains.xml_of(start.uuid)
    elsewhere = xml.replace("/run/sharectl/mnt/", "/run/sharectl/mnt-not/")
    start.app.store.unreadable = True
    hook.prepare(start.app, elsewhere)


def test_a_wrong_source_is_refused() -> None:
    start = starting()
    assert start.mount is not None
    start.app.mounts.mounted.append(replace(start.mount, source="192.0.2.1:/exports/other"))
    text = start.refused()
    assert text.startswith("share docs of domain guest: ")
    assert f"is a mount of 192.0.2.1:/exports/other, not of {NFS_PATH} (rw)" in text
    assert text.endswith("mend it with: sharectl reconcile")


def test_a_mount_that_could_be_written_and_must_not_is_refused() -> None:
    start = starting(lambda: nfs().asking(level=AccessLevel.RO))
    start.unmount()
    start.app.mounts.mounted.append(
        HostMount(start.mapping.mount_point, "nfs4", NFS_PATH, frozenset({"rw"}))
    )
    assert "(ro)" in start.refused()


@pytest.mark.parametrize(
    ("make", "servers", "mounting"),
    [
        (nfs, {"192.0.2.1"}, "file server 192.0.2.1 did not answer"),
        (cephfs, CEPH_SERVERS, "Connection timed out"),
    ],
    ids=["nfs", "cephfs"],
)
def test_a_dead_server_is_refused(
    make: Callable[[], World], servers: set[str], mounting: str
) -> None:
    start = starting(make)
    start.app.mounts.dead |= servers
    assert f"file server {', '.join(sorted(servers))} does not answer" in start.refused()
    start.app.mounts.dead.clear()
    start.unmount()
    start.app.mounts.dead |= servers
    assert mounting in start.refused()
    assert start.mount is None


def test_a_stale_mount_is_refused() -> None:
    start = starting()
    start.app.mounts.stale.add(start.mapping.mount_point)
    text = start.refused()
    assert "file server 192.0.2.1 is of no use any more" in text
    assert "is of no use any more (stale)" in text


def test_a_share_that_is_being_detached_is_refused() -> None:
    start = starting()
    start.change(intent=Intent.DETACHING)
    assert start.refused() == (
        "share docs of domain guest: it is being detached; finish that: sharectl remove guest"
        f" {start.mapping.share_id}"
    )


def test_a_share_whose_attaching_was_killed_is_mounted() -> None:
    start = starting()
    start.change(intent=Intent.ATTACHING)
    start.unmount()
    start.prepare()
    assert start.mount is not None


def test_a_share_without_record_is_refused() -> None:
    start = starting()
    share_id = start.mapping.share_id
    start.unmount()
    start.forget()
    before = start.app.mounts.list()
    text = start.refused()
    where = f"/run/sharectl/mnt/{share_id}"
    assert text == (
        f"share {share_id} of domain guest: the domain has a filesystem for {where}, and no record"
        f" of it; if it is to have the share: sharectl add guest {share_id} --tag {share_id};"
        " if not, take the filesystem out: virsh edit guest"
    )
    assert start.app.mounts.list() == before


def test_an_unreadable_store_is_refused() -> None:
    start = starting()
    start.app.store.unreadable = True
    assert start.refused().startswith("domain guest has shares, and store /var/lib/sharectl/")


def test_the_record_is_found_by_uuid_when_the_name_has_changed() -> None:
    start = starting()
    start.app.domains.rename(start.uuid, "renamed")
    start.app.domains.define("guest")
    start.unmount()
    start.prepare()
    assert start.mount is not None


def test_without_the_key_a_cephfs_share_is_refused() -> None:
    start = starting(cephfs)
    start.unmount()
    start.app.secrets.files.clear()
    text = start.refused()
    assert f"the key of {CEPH_ID}" in text
    assert "is not on this host" in text


def test_at_boot_everything_is_mounted_and_failures_are_told() -> None:
    start = starting(cephfs)
    data = start.mapping
    World(start.app, "docs", nfs().request).asking(share="docs").add()
    start.app.restart()
    before = start.app.mounts.list()
    for mapping in start.app.store.load():
        umount(start.app.mounts, mapping.mount_point)
    start.app.domains.dead = True
    assert mount_all(start.app) == ()
    assert set(start.app.mounts.list()) == set(before)
    assert mount_all(start.app) == ()

    for mapping in start.app.store.load():
        umount(start.app.mounts, mapping.mount_point)
    start.app.secrets.files.clear()
    (failure,) = mount_all(start.app)
    assert failure.message.startswith(f"share {data.share_name} of domain guest: ")
    assert len(start.app.mounts.list()) == len(before) - 1
