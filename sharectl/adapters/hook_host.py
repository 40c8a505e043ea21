"""Where libvirt, systemd and cron look for files, and a guest that makes libvirt call its hooks."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from sharectl.adapters import process
from sharectl.adapters.files import private_folder, replace_file
from sharectl.errors import InstallFailed
from sharectl.host_files import MIB, Unreadable, read_bytes, telling
from sharectl.model.hook_files import HostFile

_SYSTEMD = Path("/run/systemd/system")  # sd_booted(3)
_SYSTEMCTL_SECONDS = 30.0
_MOST = MIB


class LocalHookHost:
    """`HookHost` of this machine.

    Args:
        uri: libvirt's.
        timeout: seconds for libvirt.
    """

    def __init__(self, uri: str, timeout: float) -> None:
        self._uri = uri
        self._timeout = timeout

    @property
    def python(self) -> str:
        """The Python that runs; not where a venv's link leads to, which knows no sharectl."""
        return sys.executable

    @property
    def has_systemd(self) -> bool:
        """As sd_booted(3) has it."""
        return os.path.isdir(_SYSTEMD)  # noqa: PTH112 - never raises

    def template(self, name: str) -> str:
        """From the package."""
        file = resources.files("sharectl") / "data" / name
        with _told(Path(str(file)), "read"):
            return file.read_text(encoding="utf-8")

    def read(self, path: Path) -> HostFile | None:
        """The file."""
        modified = self.modified(path)
        if modified is None:
            return None
        try:
            text = read_bytes(path, _MOST).decode(errors="replace")
        except FileNotFoundError:
            return None
        except Unreadable as error:
            raise error.told(str(path), InstallFailed) from error
        return HostFile(text, os.access(path, os.X_OK), modified)

    def modified(self, path: Path) -> datetime | None:
        """Its time."""
        with _told(path, "read"):
            try:
                return datetime.fromtimestamp(path.stat().st_mtime, UTC)
            except FileNotFoundError:
                return None

    def make_private(self, folder: Path) -> None:
        """Mode 0700."""
        with _told(folder, "made"):
            private_folder(folder)

    def write(self, path: Path, text: str, *, mode: int) -> None:
        """By a temporary file, so that libvirt never runs half a hook."""
        with _told(path, "written"):
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, text, mode=mode)

    def delete(self, path: Path) -> None:
        """Unlink."""
        with _told(path, "deleted"):
            path.unlink(missing_ok=True)

    def systemctl(self, *arguments: str) -> None:
        """systemctl(1)."""
        command = " ".join(("systemctl", *arguments))
        try:
            done = process.run(["systemctl", *arguments], timeout=_SYSTEMCTL_SECONDS)
        except (process.TimedOut, process.Missing) as error:
            raise InstallFailed(f"{command}: {error}") from error
        if done.status != 0:
            raise InstallFailed(f"{command}: {done.reason}")

    def provoke_hook(self) -> None:
        """A guest for a moment."""
        from sharectl.adapters.libvirt_probe import start_and_destroy

        start_and_destroy(self._uri, self._timeout)


def _told(path: Path, what: str) -> AbstractContextManager[None]:
    return telling(f"{path} cannot be {what}", path, InstallFailed)
