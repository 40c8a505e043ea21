"""The cephx key is nowhere but in its root-only file: not for a moment, not with --debug."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.world import Result, World
from tests.lab import processes
from tests.lab.cloud.api import Location
from tests.lab.cloud.places import DEMO

pytestmark = pytest.mark.lab


class Watcher:
    """Reads argv and environment of every process, over and over; keeps what it has seen."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.seen: set[bytes] = set()
        self.rounds = 0

    def _watch(self) -> None:
        while not self._stop.is_set():
            for process in Path("/proc").iterdir():
                if process.name.isdigit():
                    self._read(process)
            self.rounds += 1

    def _read(self, process: Path) -> None:
        for name in ("cmdline", "environ"):
            try:
                self.seen.add((process / name).read_bytes())
            except OSError:
                continue  # it has ended

    def saw(self, text: str) -> bool:
        return any(text.encode() in item for item in self.seen)

    @classmethod
    @contextmanager
    def watching(cls) -> Iterator[Watcher]:
        """Watch inside the block."""
        watcher = cls()
        watcher._thread.start()
        try:
            yield watcher
        finally:
            watcher._stop.set()
            watcher._thread.join()


def test_the_watcher_sees_a_key_that_is_there_for_a_moment() -> None:
    wait = [sys.executable, "-c", "import time; time.sleep(0.3)"]
    with Watcher.watching() as watcher:
        subprocess.run([*wait, "KEY-IN-ARGV"], check=True)
        subprocess.run(wait, env={"SECRET": "KEY-IN-ENVIRONMENT"}, check=True)
    assert watcher.saw("KEY-IN-ARGV")
    assert watcher.saw("KEY-IN-ENVIRONMENT")


def test_the_key_is_nowhere(world: World) -> None:
    world.guest("vm1")
    share = world.cloud.create_share("late-key-2s", "CEPHFS", backend="ceph")
    with Watcher.watching() as watcher:
        added = world.sharectl("--debug", "add", "vm1", "late-key-2s").ok()
        (rule,) = world.cloud.rules(share.id)
        shown = world.sharectl("--debug", "show", "vm1", "late-key-2s", "-f", "json").ok()
        kept = world.state / "secrets" / f"{share.id}.key"
        assert kept.read_text().strip() == rule.access_key
        assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        files = _contents(world, besides=kept)
        removed = world.sharectl("--debug", "remove", "vm1", "late-key-2s").ok()
    key = rule.access_key
    assert key
    assert watcher.rounds > 10
    assert watcher.saw("ceph-fuse")  # it was there to be seen
    assert not watcher.saw(key)
    for result in (added, shown, removed):
        assert key not in _said(result)
        assert DEMO.password not in _said(result)
    assert "keystoneauth" in _said(added)  # --debug did log
    assert [path for path, text in files.items() if key.encode() in text] == []
    assert not kept.exists()


def test_the_key_is_nowhere_when_the_mount_fails(world: World) -> None:
    """With a traceback of it, too."""
    world.guest("vm1")
    lost = [Location("10.99.0.1:6789:/nowhere", preferred=True)]
    share = world.cloud.create_share("slow-deny-2s", "CEPHFS", backend="ceph", exports=lost)
    with Watcher.watching() as watcher:
        process = world.start("--debug", "add", "vm1", "slow-deny-2s")
        key = processes.wait_until(
            lambda: [rule.access_key for rule in world.cloud.rules(share.id) if rule.access_key],
            timeout=30, what="the key",
        )[0]  # fmt: skip
        out, err = process.communicate(timeout=60)
    assert process.returncode == 74
    assert "Traceback" in err
    assert "cannot mount" in err
    assert key not in out + err
    assert not watcher.saw(key)
    files = _contents(world, besides=Path())
    assert [path for path, text in files.items() if key.encode() in text] == []


def _said(result: Result) -> str:
    return result.stdout + result.stderr


def _contents(world: World, besides: Path) -> dict[Path, bytes]:
    """All files of state and runtime folder but the share's own, and what is mounted."""
    found = {Path("/proc/self/mountinfo"): Path("/proc/self/mountinfo").read_bytes()}
    for base in (world.state, world.runtime):
        for path in base.rglob("*"):
            if path.is_file() and path != besides and world.runtime / "mnt" not in path.parents:
                found[path] = path.read_bytes()
    return found
