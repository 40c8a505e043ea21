"""The host's places for hooks and units, in memory, and a libvirt that calls the hook it saw."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sharectl.errors import InstallFailed, SharectlError
from sharectl.model.hook_files import HOOK, HostFile
from tests.fakes.process import FakeClock

_DATA = Path(__file__).parents[2] / "sharectl/data"


@dataclass
class FakeHookHost:
    """`HookHost`.

    Attributes:
        clock: gives the files their times.
        stamp: the file that the hook touches.
        files: what is on the host.
        folders: private folders that were made.
        has_systemd: whether systemd runs it.
        commands: what systemctl was asked for.
        refuses: what systemctl fails at.
        restarted: whether libvirt's daemon has looked into its folder since the hook was made.
        unable: why libvirt cannot start a guest.
        started: how many guests were started.
    """

    clock: FakeClock
    stamp: Path
    files: dict[Path, HostFile] = field(default_factory=dict)
    folders: list[Path] = field(default_factory=list)
    has_systemd: bool = True
    commands: list[str] = field(default_factory=list)
    refuses: str | None = None
    restarted: bool = True
    unable: SharectlError | None = None
    started: int = 0
    python: str = "/opt/sharectl/bin/python3"

    def template(self, name: str) -> str:
        """The real ones."""
        return (_DATA / name).read_text()

    def read(self, path: Path) -> HostFile | None:
        """From memory."""
        return self.files.get(path)

    def modified(self, path: Path) -> datetime | None:
        """From memory."""
        file = self.files.get(path)
        return file.modified if file is not None else None

    def make_private(self, folder: Path) -> None:
        """Remember."""
        self.folders.append(folder)

    def write(self, path: Path, text: str, *, mode: int) -> None:
        """Into memory."""
        self.files[path] = HostFile(text, bool(mode & 0o111), self.clock.now())

    def delete(self, path: Path) -> None:
        """Out of memory."""
        self.files.pop(path, None)

    def systemctl(self, *arguments: str) -> None:
        """Remember."""
        command = " ".join(arguments)
        if self.refuses == arguments[0]:
            raise InstallFailed(f"systemctl {command}: it refuses")
        self.commands.append(command)

    def provoke_hook(self) -> None:
        """libvirt calls an executable hook that it has seen."""
        if self.unable is not None:
            raise self.unable
        self.started += 1
        hook = self.files.get(HOOK)
        if hook is not None and hook.executable and self.restarted:
            self.touch_stamp()

    def touch_stamp(self) -> None:
        """What the hook does first."""
        assert self.stamp.parent in self.folders
        self.files[self.stamp] = HostFile("", False, self.clock.now())

    def change(self, path: Path, **fields: object) -> None:
        """Somebody changes a file; `fields` as in `HostFile`."""
        self.files[path] = replace(self.files[path], **fields)  # type: ignore[arg-type]
