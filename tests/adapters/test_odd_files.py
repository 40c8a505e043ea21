"""The store, notes, keys, locks and the machine ID where something else is in their place."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sharectl.adapters.file_lock import FileLocks
from sharectl.adapters.hook_host import LocalHookHost
from sharectl.adapters.json_store import JsonStore, backup_of
from sharectl.adapters.mount_notes import MountNotes
from sharectl.adapters.secret_files import SecretFiles
from sharectl.adapters.system import LocalHost
from sharectl.adapters.withdrawal_notes import WithdrawalNotes
from sharectl.config import Config
from sharectl.errors import (
    Busy,
    ConfigError,
    Denied,
    InstallFailed,
    SharectlError,
    StoreError,
)
from sharectl.model.enums import AccessLevel
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import MountNote
from sharectl.model.secret import CephxKey
from sharectl.model.withdrawal import Withdrawal
from tests.model.things import MAPPING


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with a mapping, and its backup."""
    made = tmp_path / "mappings.json"
    for tag in ("old", "new"):
        _put(made, replace(MAPPING, tag=tag))
    return made


def _put(path: Path, mapping: ShareMapping) -> None:
    with JsonStore(path).transaction() as transaction:
        transaction.put(mapping)


def _error(path: Path) -> SharectlError:
    with pytest.raises(SharectlError) as caught:
        JsonStore(path).load()
    assert str(path) in caught.value.message
    return caught.value


_KINDS: dict[str, Callable[[Path], object]] = {
    "it is a FIFO": os.mkfifo,
    "Is a directory": Path.mkdir,
    "it is a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("kind", list(_KINDS)[:2])
def test_no_file_in_place_of_the_store(path: Path, kind: str) -> None:
    """cp would wait for ever at a FIFO, and fill a folder: first it goes out of the way."""
    path.unlink()
    _KINDS[kind](path)
    error = _error(path)
    assert isinstance(error, StoreError)
    assert kind in error.message
    aside = f"mv {path} {path}.bad"
    assert error.hint == f"put it aside: {aside}; cp {backup_of(path)} {path}"
    path.rename(f"{path}.bad")
    shutil.copy(backup_of(path), path)
    assert [item.tag for item in JsonStore(path).load()] == ["old"]


def test_a_device_in_place_of_the_store(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")
    error = _error(path)
    assert "it is a device" in error.message
    assert "cp " not in (error.hint or "")


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.ENOMEM, errno.EACCES])
def test_the_backup_is_no_cure_for_what_may_pass(
    path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> int:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(os, "open", fail)
    error = _error(path)
    assert os.strerror(number) in error.message
    assert "cp " not in error.advice
    assert "adopt" not in error.advice
    assert isinstance(error, Denied if number == errno.EACCES else StoreError)


@pytest.mark.parametrize("backup", ["{", "{}", None])
def test_a_backup_that_is_no_better_is_not_offered(path: Path, backup: str | None) -> None:
    path.write_text("{")
    assert f"cp {backup_of(path)} {path}" in (_error(path).hint or "")
    backup_of(path).unlink()
    if backup is None:
        os.mkfifo(backup_of(path))
    else:
        backup_of(path).write_text(backup)
    hint = _error(path).hint or ""
    assert "cp " not in hint
    assert f"mv {backup_of(path)} {backup_of(path)}.bad" in hint  # else adopt finds it "gone"


def test_a_link_that_leads_nowhere_is_no_empty_store(path: Path) -> None:
    for file in (path, backup_of(path)):
        file.unlink()
    path.symlink_to("/nowhere/mappings.json")
    assert "leads nowhere" in _error(path).message
    with pytest.raises(StoreError):
        _put(path, MAPPING)


def test_a_store_without_end_is_not_read_to_its_end(path: Path) -> None:
    os.truncate(path, 1 << 40)
    error = _error(path)
    assert "larger than 64 MiB" in error.message
    assert f"cp {backup_of(path)} {path}" in (error.hint or "")


@pytest.mark.parametrize("name", ["mount_point", "share_id", "id", "tag", "domain_uuid"])
def test_what_can_be_no_name_is_damage(path: Path, name: str) -> None:
    document = json.loads(path.read_text())
    odd = {"mount_point": ["/x\0y", "run/x", ""], "tag": ["\ud800"]}
    for value in odd.get(name, ["x\0y", "../x"]):
        document["mappings"]["1"][name] = value
        path.write_text(json.dumps(document))
        assert f"{name} is" in _error(path).message or "surrogates not" in _error(path).message


def test_a_store_with_a_byte_order_mark_is_read(path: Path) -> None:
    before = JsonStore(path).load()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert JsonStore(path).load() == before


def test_notes_of_mounts_that_are_no_files_are_none(tmp_path: Path) -> None:
    config = Config(runtime_dir=tmp_path)
    note = MountNote(str(config.mount_base / "s1"), "0:52", "nas:/x", AccessLevel.RO, None)
    MountNotes(config).write(note)
    for number, make in enumerate(_KINDS.values()):
        make(tmp_path / "mounts" / f"x{number}.json")
    (tmp_path / "mounts" / "deep.json").write_text("[" * 5000)
    os.truncate(tmp_path / "mounts" / "deep.json", 1 << 40)
    assert MountNotes(config).read() == {note.mount_point: note}


def test_a_note_of_a_mount_that_cannot_be_read_for_now_is_not_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config(runtime_dir=tmp_path)
    note = MountNote(str(config.mount_base / "s1"), "0:52", "nas:/x", AccessLevel.RO, None)
    MountNotes(config).write(note)

    def fail(*_arguments: object, **_options: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(StoreError, match="Too many open files"):
        MountNotes(config).read()


@pytest.mark.parametrize("kind", _KINDS)
def test_a_note_of_a_withdrawal_that_is_no_file(tmp_path: Path, kind: str) -> None:
    notes = WithdrawalNotes(tmp_path / "withdrawals")
    notes.put(Withdrawal("s1", "/m", "p1", ()))
    _KINDS[kind](tmp_path / "withdrawals" / "s2.json")
    with pytest.raises(StoreError, match=kind):
        notes.list()


def test_what_is_no_key_file_is_no_key(tmp_path: Path) -> None:
    secrets = SecretFiles(tmp_path)
    os.mkfifo(tmp_path / "s1.key")
    assert secrets.file("s1") is None
    secrets.put("s1", CephxKey("secret"))
    assert secrets.file("s1") is not None
    (tmp_path / "s2.key").mkdir()
    with pytest.raises(StoreError, match=r"cannot delete .*s2\.key"):
        secrets.delete("s2")


def test_a_fifo_in_place_of_a_new_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "s1.key.new")
    with pytest.raises(StoreError, match=r"cannot write .*s1\.key"):
        SecretFiles(tmp_path).put("s1", CephxKey("secret"))


def test_a_lock_file_that_is_something_else(tmp_path: Path) -> None:
    folder = tmp_path / "locks"
    folder.mkdir()
    os.mkfifo(folder / "share-s1")
    locks = FileLocks(folder)
    with locks.share("s1", 0), pytest.raises(Busy, match="another sharectl"), locks.share("s1", 0):
        pytest.fail("held twice")
    (folder / "share-s2").mkdir()
    with pytest.raises(StoreError, match="Is a directory"), FileLocks(folder).share("s2", 0):
        pytest.fail("a folder was locked")


def test_a_machine_id_that_is_something_else(tmp_path: Path) -> None:
    good = tmp_path / "good"
    good.write_text("0123456789abcdef0123456789abcdef\n")
    for number, make in enumerate(_KINDS.values()):
        odd = tmp_path / f"{number}"
        make(odd)
        assert LocalHost((odd, good)).id == LocalHost((good,)).id
        with pytest.raises(ConfigError, match="has no machine ID"):
            _ = LocalHost((odd,)).id


def test_a_machine_id_that_cannot_be_read_for_now_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "id").touch()

    def fail(*_arguments: object, **_options: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(ConfigError, match="Too many open files") as caught:
        _ = LocalHost((tmp_path / "id",)).id
    assert "ulimit -n" in (caught.value.hint or "")


def test_a_hook_that_is_something_else(tmp_path: Path) -> None:
    for kind, make in _KINDS.items():
        path = tmp_path / kind
        make(path)
        with pytest.raises(InstallFailed, match=kind):
            LocalHookHost("", 1).read(path)
