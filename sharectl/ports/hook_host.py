"""What installing the libvirt hook needs of the host."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sharectl.model.hook_files import HostFile


class HookHost(Protocol):
    """The places of libvirt, systemd and cron, and a way to make libvirt call its hooks.

    All raise `Denied` where only root may, and `HostChangeFailed` for what the host refuses.
    """

    @property
    def python(self) -> str:
        """The Python that runs this sharectl, as an absolute path."""

    @property
    def has_systemd(self) -> bool:
        """Whether systemd runs this host."""

    def template(self, name: str) -> str:
        """A file that comes with sharectl."""

    def read(self, path: Path) -> HostFile | None:
        """The file; None when there is none."""

    def modified(self, path: Path) -> datetime | None:
        """When the file was last written, in UTC; None when there is none."""

    def make_private(self, folder: Path) -> None:
        """Make a folder that only root may enter, unless it is there."""

    def write(self, path: Path, text: str, *, mode: int) -> None:
        """Make or replace the file as a whole, with the folders above it."""

    def delete(self, path: Path) -> None:
        """Delete the file, if it is there."""

    def systemctl(self, *arguments: str) -> None:
        """Have systemd do that."""

    def provoke_hook(self) -> None:
        """Start and destroy a tiny guest that runs nothing, so that libvirt calls its hooks.

        Raises `Unavailable` or `BackendError` when it cannot be started.
        """
