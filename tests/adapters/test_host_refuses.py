"""No room, and no files to open: each adapter says so, with what to do about it."""

from __future__ import annotations

import errno
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sharectl.adapters import mountinfo, process, served_mounts
from sharectl.adapters.file_lock import FileLocks
from sharectl.adapters.host_mounts import HostMounts
from sharectl.adapters.json_store import JsonStore
from sharectl.adapters.mount_notes import MountNotes
from sharectl.adapters.secret_files import SecretFiles
from sharectl.adapters.staging import Staging
from sharectl.adapters.withdrawal_notes import WithdrawalNotes
from sharectl.config import Config
from sharectl.errors import ExitCode, SharectlError, StoreError
from sharectl.model.mapping import ShareMapping
from sharectl.model.secret import CephxKey
from sharectl.model.withdrawal import Withdrawal
from tests.model.things import MAPPING


def _put(path: Path, mapping: ShareMapping) -> None:
    with JsonStore(path).transaction() as transaction:
        transaction.put(mapping)


@contextmanager
def _no_room() -> Iterator[None]:
    """No file can be written, as on a full disk; pytest's own output may be one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: _put(folder / "mappings.json", MAPPING),
        lambda folder: SecretFiles(folder / "secrets").put("s1", CephxKey("secret")),
        lambda folder: WithdrawalNotes(folder / "w").put(Withdrawal("s1", "/m", "p1", ())),
    ],
    ids=["store", "key", "note"],
)
def test_where_nothing_can_be_written(tmp_path: Path, write: Callable[[Path], object]) -> None:
    """All say what is missing, and leave no half of a file."""
    with pytest.raises(StoreError, match="File too large") as caught, _no_room():
        write(tmp_path)
    assert caught.value.hint == "allow larger files and run it again: ulimit -f unlimited"
    assert not list(tmp_path.rglob("*.new"))


def test_a_lock_needs_no_room(tmp_path: Path) -> None:
    with _no_room(), FileLocks(tmp_path / "locks").share("s1", 0):
        assert (tmp_path / "locks" / "share-s1").read_text() == ""


def _too_many(*_arguments: object, **_options: object) -> Any:
    raise OSError(errno.EMFILE, "Too many open files")


@pytest.mark.parametrize(
    ("broken", "use"),
    [
        ("subprocess.Popen", lambda _folder: process.run(["true"], timeout=1)),
        ("os.scandir", lambda folder: HostMounts(Config(runtime_dir=folder)).leftovers()),
        ("os.scandir", lambda folder: Staging(Config(runtime_dir=folder)).names(())),
        ("os.scandir", lambda folder: served_mounts.served((), str(folder))),
        ("pathlib.Path.read_bytes", lambda _folder: mountinfo.read()),
        ("pathlib.Path.iterdir", lambda folder: WithdrawalNotes(folder).list()),
        ("pathlib.Path.iterdir", lambda folder: MountNotes(Config(runtime_dir=folder)).read()),
    ],
)
def test_what_the_system_refuses_for_now(
    broken: str, use: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mnt").mkdir()
    monkeypatch.setattr(broken, _too_many)
    with pytest.raises(SharectlError, match="Too many open files") as caught:
        use(tmp_path)
    assert caught.value.exit_code is ExitCode.IO
    assert caught.value.hint == "allow more open files and run it again: ulimit -n 4096"
