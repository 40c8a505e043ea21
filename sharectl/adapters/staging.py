"""Where a share is mounted first, so that its mount point exists only with the share on it.

libvirt looks only whether the folder exists: a domain that starts while a dead server is waited
for would write into an empty folder. A staged mount is bound to the mount point as soon as that
is made, and then taken off the staging folder. `mount --move` would be simpler, but the kernel
refuses it below a shared mount, as systemd makes /run.

Each staging folder has a name of its own: a mount helper that outlives a killed sharectl mounts
there or, when the folder is gone, nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from sharectl.adapters import deadline, mountinfo, process
from sharectl.adapters.files import private_folder
from sharectl.config import Config
from sharectl.errors import MountFailed, SharectlError
from sharectl.host_files import listing, quoted
from sharectl.model.mounts import mounted_at

_MOST_LAYERS = 4  # mounts on top of each other
_SECONDS = 5.0  # to take a staged mount away, which is done without waiting for its server


class Staging:
    """The staging folders of all shares. The caller holds the lock of the share `name`.

    A folder is called `NAME.TOKEN`. Once ceph-fuse has mounted there, a symbolic link to the
    mount point takes its place: ceph-fuse remounts itself by that path now and then, to make the
    kernel forget names.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._folder = config.runtime_dir / "staging"

    def make(self, name: str) -> Path:
        """A new staging folder. Raises `OSError`."""
        private_folder(self._config.runtime_dir, self._folder)
        stage = self._folder / f"{name}.{os.urandom(4).hex()}"
        stage.mkdir(mode=0o700)
        return stage

    def put_in_place(self, stage: Path, mount_point: Path) -> None:
        """Make the mount point and show there what is mounted at `stage`.

        Raises `MountFailed`; then there is no mount point.
        """
        from sharectl.adapters.mount_syscalls import bind

        private_folder(self._config.runtime_dir, mount_point.parent)

        def place() -> None:
            try:
                mount_point.mkdir(mode=0o700)
                try:
                    bind(stage, mount_point)
                except OSError:
                    mount_point.rmdir()
                    raise
            except OSError as error:
                raise MountFailed(
                    f"cannot mount {mount_point}: {error.strerror}",
                    hint=f"see what is there: ls -la {quoted(mount_point.parent)}",
                ) from error

        deadline.call(place, _SECONDS, f"the kernel to mount {mount_point}", change=True)

    def leave(self, stage: Path, mount_point: Path, *, link: bool) -> None:
        """Take the mount off `stage`, after it was put in place; what fails is left for `clear`."""
        from sharectl.adapters.mount_syscalls import detach

        with suppress(OSError):
            detach(stage)
            stage.rmdir()
            if link:
                stage.symlink_to(mount_point)

    def clear(self, name: str, *, keep_link: bool = False) -> None:
        """Take away all that is staged for the share, best as it goes.

        `keep_link` is for a share that is mounted, perhaps by ceph-fuse.
        """
        for stage in self._of(name):
            with suppress(OSError, SharectlError):
                if not (keep_link and stage.is_symlink()):
                    self._clear(stage)

    def _clear(self, stage: Path) -> None:
        if stage.is_symlink():
            stage.unlink()
            return
        for _again in range(_MOST_LAYERS):
            if mounted_at(mountinfo.read(), str(stage)) is None:
                break
            with suppress(process.TimedOut):
                process.run(["umount", "-c", "-l", "--", str(stage)], timeout=_SECONDS)
        stage.rmdir()

    def names(self, placed: Iterable[str]) -> frozenset[str]:
        """Shares that a mount which was killed has left something of.

        The link of a share among `placed`, which are those that are mounted, is not such a thing.
        """
        mounted = frozenset(placed)
        found = set()
        with listing(self._folder) as entries:
            for entry in entries:
                name = entry.name.partition(".")[0]
                if not (entry.is_symlink() and name in mounted):
                    found.add(name)
        return frozenset(found)

    def _of(self, name: str) -> list[Path]:
        with listing(self._folder) as entries:
            return [Path(item.path) for item in entries if item.name.partition(".")[0] == name]
