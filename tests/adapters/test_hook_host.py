"""The host's files for hooks and units, on a real file system."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sharectl.adapters.hook_host import LocalHookHost
from sharectl.errors import Denied, InstallFailed
from sharectl.model import hook_files

HOST = LocalHookHost("qemu:///system", 5)


def test_a_script_is_written_whole_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "hooks" / "qemu.d" / "sharectl"
    HOST.write(path, "#!/bin/sh\n", mode=0o755)
    assert path.stat().st_mode & 0o777 == 0o755
    assert path.parent.stat().st_mode & 0o777 == 0o755
    file = HOST.read(path)
    assert file is not None
    assert (file.text, file.executable) == ("#!/bin/sh\n", True)
    assert abs(file.modified - datetime.now(UTC)) < timedelta(minutes=1)
    HOST.write(path, "other", mode=0o644)
    file = HOST.read(path)
    assert file is not None
    assert (file.text, file.executable) == ("other", False)
    assert [item.name for item in path.parent.iterdir()] == ["sharectl"]


def test_what_is_not_there_is_none_and_can_be_deleted(tmp_path: Path) -> None:
    path = tmp_path / "sharectl"
    assert HOST.read(path) is None
    assert HOST.modified(path) is None
    HOST.delete(path)
    path.write_text("")
    HOST.delete(path)
    assert not path.exists()


def test_what_the_file_system_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InstallFailed, match="cannot be written: "):
        HOST.write(tmp_path / "file" / "sharectl", "", mode=0o644)

    def refuse(_path: Path, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(Denied, match="cannot be deleted: Permission denied"):
        HOST.delete(tmp_path / "file")


def test_the_folder_of_the_stamp_is_private(tmp_path: Path) -> None:
    HOST.make_private(tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "name", [hook_files.HOOK_TEMPLATE, *hook_files.UNIT_FILES, *hook_files.CRON_FILES]
)
def test_every_template_comes_with_the_package_and_says_whose_it_is(name: str) -> None:
    text = HOST.template(name)
    assert hook_files.HostFile(text, False, datetime.now(UTC)).ours
