"""What the hook waits for: a lock, file servers, and all of it for so long and no longer."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from sharectl.hook import before_start as hook
from sharectl.model.enums import Health, Intent
from sharectl.model.mounts import HostMount, MountRequest
from tests.fakes.mounts import umount
from tests.hook.starting import Start, starting
from tests.operations.scenarios import NFS_PATH


def test_another_that_mounts_meanwhile_is_enough() -> None:
    start = starting()
    was = start.mount
    assert was is not None
    start.unmount()

    def mount_elsewhere() -> None:
        start.app.mounts.mounted.append(was)

    start.app.locks.while_waiting = mount_elsewhere
    start.prepare()
    assert start.app.mounts.list().count(was) == 1


def test_one_that_is_detached_while_we_wait_for_the_lock_is_refused() -> None:
    start = starting()
    start.unmount()
    start.app.locks.while_waiting = lambda: start.change(intent=Intent.DETACHING)
    assert "it is being detached" in start.refused()
    assert start.mount is None


def test_a_lock_that_does_not_come_free_is_named() -> None:
    start = starting()
    start.unmount()
    start.app.locks.taken_elsewhere.add(start.mapping.share_id)
    text = start.refused()
    assert "it is not mounted, and sharectl add (pid 42) holds the lock" in text
    assert f"waited {hook.DEADLINE_SECONDS:g} s" in text


def test_one_that_mounts_and_goes_on_holding_the_lock_is_enough() -> None:
    start = starting()
    was = start.mount
    assert was is not None
    start.unmount()
    start.app.locks.taken_elsewhere.add(start.mapping.share_id)
    start.app.locks.while_waiting = lambda: start.app.mounts.mounted.append(was)
    start.prepare()
    assert start.mount == was
    assert start.mapping.last_error is None


@pytest.mark.parametrize("other", [{"source": "192.0.2.1:/exports/other"}, {"fs_type": "tmpfs"}])
def test_not_when_it_mounts_something_else(other: dict[str, str]) -> None:
    start = starting()
    assert start.mount is not None
    wrong = replace(start.mount, **other)  # type: ignore[arg-type]
    start.unmount()
    start.app.locks.taken_elsewhere.add(start.mapping.share_id)
    start.app.locks.while_waiting = lambda: start.app.mounts.mounted.append(wrong)
    assert "holds the lock" in start.refused()


def test_nor_when_it_detaches() -> None:
    start = starting()
    was = start.mount
    assert was is not None
    start.unmount()

    def detach() -> None:
        start.app.mounts.mounted.append(was)
        start.change(intent=Intent.DETACHING)

    start.app.locks.taken_elsewhere.add(start.mapping.share_id)
    start.app.locks.while_waiting = detach
    assert "it is being detached" in start.refused()


def _with_more(start: Start) -> None:
    """Nine more shares of the same, mounted."""
    app, base = start.app, start.mapping
    for number in range(9):
        folder = f"/run/sharectl/mnt/more{number}"
        more = replace(base, id=f"more{number}", tag=f"m{number}", mount_point=folder)
        with app.store.transaction() as store:
            store.put(more)
        app.mounts.mounted.append(HostMount(folder, "nfs4", NFS_PATH, frozenset({"rw"})))
        app.domains.attach_filesystem(start.uuid, more.filesystem)


def test_a_busy_server_gets_most_of_the_time_and_is_asked_once_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine that is busy is no reason to refuse what is mounted and right."""
    start, asked = starting(), list[int]()
    app = start.app
    _with_more(start)

    def slow(groups: Iterable[Collection[str]], timeout: float) -> dict[str, Health]:
        chosen = [item for group in groups for item in group]
        asked.append(len(chosen))
        app.clock.sleep(14)
        health = Health.OK if timeout > 14 else Health.UNREACHABLE
        return dict.fromkeys(chosen, health)

    monkeypatch.setattr(app.mounts, "probe", slow)
    began = app.clock.monotonic()
    start.prepare()
    assert asked == [10]
    assert app.clock.monotonic() - began < hook.DEADLINE_SECONDS


def test_a_server_that_does_not_answer_leaves_time_to_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, given = starting(), list[float]()

    def dead(groups: Iterable[Collection[str]], timeout: float) -> dict[str, Health]:
        given.append(timeout)
        return {item: Health.UNREACHABLE for group in groups for item in group}

    monkeypatch.setattr(start.app.mounts, "probe", dead)
    assert "does not answer" in start.refused()
    assert given[0] <= hook.DEADLINE_SECONDS - 5


def test_the_deadline_is_for_all_shares_together(monkeypatch: pytest.MonkeyPatch) -> None:
    start = starting()
    _with_more(start)
    app, given = start.app, list[float]()
    for mapping in app.store.load():
        umount(app.mounts, mapping.mount_point)
    began = app.clock.monotonic()

    def slow(_request: MountRequest, _key_file: Path | None, timeout: float) -> None:
        given.append(min(timeout, 9))
        app.clock.sleep(given[-1])

    monkeypatch.setattr(app.mounts, "mount", slow)
    assert "its turn did not come within 20 s" in start.refused()
    assert app.clock.monotonic() - began == sum(given) == hook.DEADLINE_SECONDS


def test_a_file_server_gets_no_more_than_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    start = starting()
    start.unmount()
    given: list[float] = []
    mount = start.app.mounts.mount

    def timed(request: MountRequest, key_file: Path | None, timeout: float) -> None:
        given.append(timeout)
        mount(request, key_file, timeout)

    monkeypatch.setattr(start.app.mounts, "mount", timed)
    start.prepare()
    assert given == [hook.DEADLINE_SECONDS]  # less than mount.timeout
