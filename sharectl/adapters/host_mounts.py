"""Mounts on the host: made, taken away, and looked at without ever touching a file server.

What is mounted and from where is read from /proc/self/mountinfo; stat(2), realpath(3) and their
like hang on a dead server. What may hang runs in a child process with a deadline.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from sharectl.adapters import mount_paths, mount_probe, mountinfo, process
from sharectl.adapters.files import private_folder
from sharectl.adapters.mount_clients import MountClients
from sharectl.adapters.mount_notes import MountNotes
from sharectl.adapters.staging import Staging
from sharectl.config import Config
from sharectl.errors import MountFailed
from sharectl.host_files import advice, listing, quoted, reason_of
from sharectl.model.commands import word
from sharectl.model.enums import Health, ShareProtocol
from sharectl.model.mount_use import check_as_seen, check_made
from sharectl.model.mounts import (
    HostMount,
    MountNote,
    MountRequest,
    ServedMount,
    layers_at,
    mounted_at,
)
from sharectl.model.places import MountTable
from sharectl.model.share import is_share_id

_MOST_LAYERS = 4  # mounts of the same on top of each other
_BUSY_SECONDS, _BUSY_PAUSE = 1.0, 0.1


class HostMounts:
    """`Mounts` of this host."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._clients = MountClients(config)
        self._staging = Staging(config)
        self._notes = MountNotes(config)

    def list(self) -> tuple[HostMount, ...]:
        """From mountinfo."""
        return mountinfo.read()

    def check_client(self, protocol: ShareProtocol) -> None:
        """The helper programs and the kernel."""
        self._clients.check(protocol)

    def local_address(self, server: str) -> str:
        """The address that the kernel would send from; nothing is sent."""
        from sharectl.adapters.route import local_address

        return local_address(server)

    def mount(self, request: MountRequest, key_file: Path | None, timeout: float) -> None:
        """Mount on a staging folder, look at it, note it, and only then put it in place."""
        mount_point, name = request.mount_point, request.mount_point.name
        with _failing(mount_point):
            private_folder(self._config.runtime_dir, self._config.mount_base)
            self._staging.clear(name)
            self._clients.clear(name)
            _remove_empty(mount_point)
            stage = self._staging.make(name)
            try:
                self._clients.mount(replace(request, mount_point=stage), key_file, timeout)
                made = check_made(request, mounted_at(self.list(), str(stage)))
                self._notes.write(
                    MountNote(
                        str(mount_point),
                        made.device,
                        made.source,
                        request.level,
                        request.rule_id,
                        request.project_id,
                    )
                )
                self._staging.put_in_place(stage, mount_point)
            except BaseException:
                self._staging.clear(name)
                raise
            self._staging.leave(stage, mount_point, link=made.fs_type.startswith("fuse."))

    def unmount(
        self, mount_point: str, timeout: float, *, seen: HostMount | None, force: bool = False
    ) -> None:
        """umount(8) without canonicalising, which hangs on a dead server.

        `force` first cuts off pending requests, then takes the mount out of the tree even when
        it is busy; dirty data of a dead server is lost by it.

        A mount helper that outlived a killed sharectl may have mounted the same once more: all
        of them go. What else lay below stays, and the folder with it.
        """
        reason = ""
        left = mounted_at(self.list(), mount_point)
        check_as_seen(mount_point, left, seen)
        for _again in range(_MOST_LAYERS):
            if seen is None or left is None or reason or not left.same_as(seen):
                break
            reason = self._unmount_top(mount_point, timeout, force=force)
            left = mounted_at(self.list(), mount_point)
        if left is not None and seen is not None and left.same_as(seen):
            raise MountFailed(
                f"cannot unmount {mount_point} ({left.label}): {reason or 'it is still mounted'}",
                hint=f"see who uses it: fuser -vm {word(mount_point)}",
            )
        self._clear(mount_point, keep_link=False)
        self._notes.remove(mount_point)
        if left is None and self._is_ours(Path(mount_point)):
            _remove_folder(Path(mount_point))

    def _is_ours(self, folder: Path) -> bool:
        """As `mount` makes it: rmdir(2) hangs in a mount, or takes a folder of the share."""
        return folder.parent == self._config.mount_base

    def _clear(self, mount_point: str, *, keep_link: bool) -> None:
        name = Path(mount_point).name
        self._staging.clear(name, keep_link=keep_link)
        self._clients.clear(name)

    def leftovers(self) -> tuple[str, ...]:
        """By the names in the runtime folder; nothing that may be mounted is looked at."""
        base = self._config.mount_base
        points = (Path(item.mount_point) for item in self.list())
        mounted = {point.name for point in points if point.parent == base}
        if not os.path.lexists(base):
            return ()
        with listing(base) as entries:
            there = {item.name for item in entries if is_share_id(item.name)}
        left = there - mounted | self._staging.names(mounted) | self._clients.names()
        return tuple(str(base / name) for name in sorted(left))

    def sweep(self, mount_point: str) -> None:
        """Staged mounts, links and key files; and the mount point, if nothing is in it."""
        mounted = mounted_at(self.list(), mount_point) is not None
        self._clear(mount_point, keep_link=mounted)
        if not mounted and self._is_ours(Path(mount_point)):
            with suppress(OSError):
                Path(mount_point).rmdir()

    def _unmount_top(self, mount_point: str, timeout: float, *, force: bool) -> str:
        """Unmount once; returns why it failed, or nothing."""
        reason = ""
        last = len(layers_at(self.list(), mount_point)) == 1 and self._is_ours(Path(mount_point))
        for way in [["-c"], ["-c", "-f"], ["-c", "-l"]] if force else [["-c"]]:
            try:
                done = _umount([*way, "--", mount_point], timeout)
            except process.TimedOut:
                reason = f"no answer in {timeout:.3g} s"
            else:
                if done.status == 0:
                    if last:  # at once: a domain may be about to start
                        with suppress(OSError):
                            Path(mount_point).rmdir()
                    return ""
                reason = done.reason
        return reason

    def probe(self, groups: Iterable[Collection[str]], timeout: float) -> Mapping[str, Health]:
        """In a child for each group; a child that hangs is killed."""
        return mount_probe.probe(groups, timeout, self.list)

    def notes(self) -> Mapping[str, MountNote]:
        """As they were written."""
        return self._notes.read()

    def served(self) -> tuple[ServedMount, ...]:
        """From /proc."""
        from sharectl.adapters.served_mounts import served

        return served(self.list(), str(self._config.mount_base))

    def resolve(self, paths: Iterable[str]) -> Mapping[str, str]:
        """By mountinfo and, where no file server is, by the links in the way."""
        return mount_paths.resolve(paths, self.list(), str(self._config.mount_base))

    def volatile(self) -> bool:
        """By the file system that the runtime folder lies on."""
        below = MountTable(self.list()).covering(str(self._config.runtime_dir))
        return below is not None and below.fs_type in ("tmpfs", "ramfs")


@contextmanager
def _failing(mount_point: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = Path(os.fsdecode(error.filename or mount_point))
        raise MountFailed(
            f"cannot mount {mount_point}: {what}: {reason_of(error)}", hint=advice(error, what)
        ) from error


def _remove_empty(folder: Path) -> None:
    """A mount would hide what lies in the folder, perhaps written while nothing was mounted."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        raise MountFailed(
            f"mount point {folder} is not empty, and nothing is mounted there",
            hint="a guest may have written what is in it; move it away: mv"
            f" {quoted(folder)} /root/",
        ) from error


def _umount(arguments: list[str], timeout: float) -> process.Completed:
    """umount(8), again for a second while the mount is busy.

    Another sharectl that looks at the share's health has it open for a moment.
    """
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        done = process.run(["umount", *arguments], timeout=timeout)
        if done.status == 0 or "busy" not in done.stderr or time.monotonic() >= until:
            return done
        time.sleep(_BUSY_PAUSE)


def _remove_folder(folder: Path) -> None:
    """Remove an empty mount point; one with anything in it is somebody's data and stays."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        raise MountFailed(
            f"mount point {folder} cannot be removed: {error.strerror}",
            hint=f"look at what is in it: ls -la {quoted(folder)}",
        ) from error
