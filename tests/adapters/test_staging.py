"""A staged mount is put in place below private and shared mounts, on a real kernel."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharectl.adapters import mountinfo
from sharectl.adapters.staging import Staging
from sharectl.config import Config
from sharectl.errors import MountFailed
from sharectl.model.mounts import layers_at, mounted_at

pytestmark = pytest.mark.lab

_NAME = "0e8c4c9c-32cc-4a8c-a2b5-0aa6e4b4e0a1"


def _do(*argv: object) -> None:
    subprocess.run([str(item) for item in argv], check=True)


@pytest.fixture(params=["private", "shared"])
def config(request: pytest.FixtureRequest) -> Iterator[Config]:
    """A runtime folder on a mount of its own, as /run is with systemd or without."""
    folder = Path(tempfile.mkdtemp(prefix="staging-", dir="/run"))
    _do("mount", "-t", "tmpfs", "-o", "mode=700", "run", folder)
    _do("mount", f"--make-{request.param}", folder)
    yield Config(runtime_dir=folder / "run")
    _do("umount", "-R", "-l", folder)
    folder.rmdir()


def _stage(config: Config, options: str = "ro,nosuid,nodev") -> Path:
    stage = Staging(config).make(_NAME)
    _do("mount", "-t", "tmpfs", "-o", options, "the share", stage)
    return stage


def _at(path: Path) -> int:
    return len(layers_at(mountinfo.read(), str(path)))


def test_put_in_place(config: Config) -> None:
    point, staging = config.mount_base / _NAME, Staging(config)
    stage = _stage(config)
    assert not point.exists()
    staged = mounted_at(mountinfo.read(), str(stage))
    assert staged is not None
    staging.put_in_place(stage, point)
    staging.leave(stage, point, link=False)
    found = mounted_at(mountinfo.read(), str(point))
    assert found is not None
    assert (found.source, found.device, found.root) == ("the share", staged.device, "/")
    assert found.options == staged.options >= {"ro", "nosuid", "nodev"}
    assert (stage.exists(), _at(stage), _at(point)) == (False, 0, 1)
    assert staging.names(()) == frozenset()
    for folder in (config.runtime_dir, config.mount_base, stage.parent):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_link_leads_from_where_the_client_believes_to_be(config: Config) -> None:
    point, staging = config.mount_base / _NAME, Staging(config)
    stage = _stage(config, "rw")
    staging.put_in_place(stage, point)
    staging.leave(stage, point, link=True)
    _do("mount", "-i", "-o", "remount,size=1M", stage)  # as ceph-fuse does
    found = mounted_at(mountinfo.read(), str(point))
    assert found is not None
    assert "size=1024k" in found.super_options
    assert staging.names({_NAME}) == frozenset()
    assert staging.names(()) == {_NAME}
    staging.clear(_NAME, keep_link=True)
    assert stage.is_symlink()
    staging.clear(_NAME)
    assert not stage.is_symlink()


def test_what_a_kill_leaves_is_cleared_and_nothing_else(config: Config) -> None:
    staging = Staging(config)
    twice = _stage(config)
    _do("mount", "-t", "tmpfs", "again", twice)
    empty, other = staging.make(_NAME), staging.make("other")
    with (twice / "busy").open("w"):
        assert staging.names(()) == {_NAME, "other"}
        staging.clear(_NAME)
    assert (twice.exists(), empty.exists(), other.exists(), _at(twice)) == (False, False, True, 0)


def test_helper_that_is_late_mounts_nowhere(config: Config) -> None:
    """One that has opened the folder already, as the kernel has when the server is waited for."""
    stage = Staging(config).make(_NAME)
    opened = os.open(stage, os.O_PATH)
    try:
        Staging(config).clear(_NAME)
        late = ["mount", "--no-canonicalize", "-t", "tmpfs", "late", f"/proc/self/fd/{opened}"]
        done = subprocess.run(late, pass_fds=(opened,), capture_output=True, text=True, check=False)
    finally:
        os.close(opened)
    assert done.returncode != 0
    assert not [item for item in mountinfo.read() if item.source == "late"]


def test_mount_point_that_somebody_has_made_stays(config: Config) -> None:
    point = config.mount_base / _NAME
    point.mkdir(parents=True)
    stage = _stage(config)
    with pytest.raises(MountFailed, match="File exists"):
        Staging(config).put_in_place(stage, point)
    assert (_at(point), point.is_dir()) == (0, True)


def test_no_mount_point_without_a_mount(config: Config) -> None:
    point, stage = config.mount_base / _NAME, Staging(config).make(_NAME)
    stage.rmdir()
    with pytest.raises(MountFailed, match="No such file"):
        Staging(config).put_in_place(stage, point)
    assert not point.exists()
