"""The hook where a domain comes up that is recorded on another host: its own marks speak."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharectl.model.enums import AccessLevel
from sharectl.model.mounts import HostMount
from tests.operations.scenarios import NFS_PATH, nfs
from tests.operations.starting import Start, starting


def _destination(level: AccessLevel = AccessLevel.RW) -> Start:
    """Another host: no record, and nothing is mounted."""
    start = starting(lambda: nfs().asking(level=level))
    start.unmount()
    start.forget()
    return start


def _mount(start: Start, **changes: object) -> None:
    mount = HostMount(
        f"/run/sharectl/mnt/{start.app.shares.find('docs').id}", "nfs4", NFS_PATH, frozenset({"rw"})
    )
    start.app.mounts.mounted.append(replace(mount, **changes))  # type: ignore[arg-type]


def test_the_right_export_is_enough() -> None:
    start = _destination()
    _mount(start)
    start.prepare()
    assert start.app.store.load() == ()
    assert start.app.locks.taken == []


def test_its_server_must_answer() -> None:
    start = _destination()
    _mount(start)
    start.app.mounts.dead.add("192.0.2.1")
    assert "file server 192.0.2.1 does not answer" in start.refused()


def test_what_is_not_mounted_is_refused_and_not_mounted() -> None:
    start = _destination()
    before = start.app.mounts.list()
    text = start.refused()
    assert "no share is recorded for /run/sharectl/mnt/" in text
    assert "sharectl adopt" in text
    assert "virsh migrate --offline --persistent" in text
    assert start.app.mounts.list() == before


@pytest.mark.parametrize(
    "wrong",
    [{"source": "192.0.2.1:/exports/other"}, {"fs_type": "tmpfs", "source": "tmpfs"}],
    ids=["export", "folder"],
)
def test_anything_else_that_is_mounted_is_refused(wrong: dict[str, object]) -> None:
    start = _destination()
    _mount(start, **wrong)
    assert "no share is recorded for" in start.refused()


def test_a_share_that_must_not_be_written_must_be_mounted_so() -> None:
    start = _destination(AccessLevel.RO)
    _mount(start)
    assert "no share is recorded for" in start.refused()
    _mount(start, options=frozenset({"ro"}))
    start.prepare()


def test_a_filesystem_without_a_mark_is_refused() -> None:
    start = _destination()
    _mount(start)
    start.app.domains.edit(start.uuid, "urn:sharectl:1", "urn:another:1")
    assert "no share is recorded for" in start.refused()


def test_a_damaged_mark_is_refused() -> None:
    start = _destination()
    _mount(start)
    start.app.domains.edit(start.uuid, 'protocol="NFS"', 'protocol="SMB"')
    assert "is damaged" in start.refused()
