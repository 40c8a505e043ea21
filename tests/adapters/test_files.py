"""Key files and the folders around them: for root alone, whole or not there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharectl.adapters.files import private_folder, replace_file
from sharectl.adapters.secret_files import SecretFiles
from sharectl.errors import StoreError
from sharectl.model.secret import CephxKey

_KEY = CephxKey("AQBnotarealkey==")


@pytest.fixture(autouse=True, params=[0, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever the caller's umask; the last one takes even our own rights away."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is not there, in one that is not there either."""
    return tmp_path / "state" / "secrets"


def test_key_file_is_for_root_alone(folder: Path) -> None:
    path = SecretFiles(folder).put("s1", _KEY)
    assert path == folder / "s1.key"
    assert path.read_text() == "AQBnotarealkey==\n"
    assert _mode(path) == 0o600
    for made in (folder, folder.parent):
        assert not _mode(made) & 0o077, made


def test_new_key_replaces_the_old_one_with_its_mode(folder: Path) -> None:
    path = SecretFiles(folder).put("s1", CephxKey("old"))
    path.chmod(0o644)
    SecretFiles(folder).put("s1", _KEY)
    assert (path.read_text(), _mode(path)) == ("AQBnotarealkey==\n", 0o600)


def test_nothing_else_is_left_beside_the_key(folder: Path) -> None:
    SecretFiles(folder).put("s1", _KEY)
    assert [path.name for path in folder.iterdir()] == ["s1.key"]


def test_delete(folder: Path) -> None:
    secrets = SecretFiles(folder)
    secrets.delete("s1")
    secrets.put("s1", _KEY)
    secrets.put("s2", _KEY)
    secrets.delete("s1")
    assert [path.name for path in folder.iterdir()] == ["s2.key"]


def test_key_that_cannot_be_written(folder: Path) -> None:
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    folder.parent.chmod(0o700)
    folder.write_text("a file in the way")
    with pytest.raises(StoreError, match=r"cannot write .*s1\.key") as caught:
        SecretFiles(folder).put("s1", _KEY)
    assert "AQB" not in str(caught.value)


def test_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    """A link at the place of the temporary file would lead the key elsewhere."""
    trap = tmp_path / "trap"
    (tmp_path / "file.new").symlink_to(trap)
    with pytest.raises(OSError, match="symbolic links"):
        replace_file(tmp_path / "file", "secret")
    assert not trap.exists()


def test_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    there.chmod(0o750)
    assert private_folder(there) == there
    assert _mode(there) == 0o750


@pytest.mark.parametrize("text", [repr(_KEY), str(_KEY), f"{_KEY}", f"{[_KEY]}"])
def test_key_does_not_show(text: str) -> None:
    assert "AQB" not in text
    assert _KEY.reveal() == "AQBnotarealkey=="
