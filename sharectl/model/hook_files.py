"""The files that sharectl puts on a host: the libvirt hook, systemd's units, the cron table.

Pure: templates and settings in, texts out. Paths are data here as well: each file is quoted by
the rules of the program that reads it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sharectl.errors import Refused

HOOK = Path("/etc/libvirt/hooks/qemu.d/sharectl")
SINCE = (6, 5, 0)  # the first libvirt with qemu.d (https://libvirt.org/hooks.html)
HOOK_TEMPLATE = "hook.sh"
_UNITS = Path("/etc/systemd/system")
BOOT_UNIT, RECONCILE_UNIT = "sharectl-mounts.service", "sharectl-reconcile.service"
TIMER = "sharectl-reconcile.timer"
ENABLED = (BOOT_UNIT, TIMER)
UNIT_FILES = {name: _UNITS / name for name in (BOOT_UNIT, RECONCILE_UNIT, TIMER)}
CRON_TEMPLATE = "sharectl.cron"
CRON_FILES = {CRON_TEMPLATE: Path("/etc/cron.d/sharectl")}
_OURS = '# Written by "sharectl hook install"'
_XML_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})
_BOOT_EVENT = ("-", "boot", "begin", "-")


@dataclass(frozen=True)
class HostFile:
    """A file as it is on the host."""

    text: str
    executable: bool
    modified: datetime

    @property
    def ours(self) -> bool:
        """Whether sharectl wrote it: it says so in its first lines."""
        return any(line.startswith(_OURS) for line in self.text.split("\n", 2)[:2])


@dataclass(frozen=True)
class Caller:
    """How the files are to call sharectl: with the settings in force when they are written.

    `stamp` is the file that the hook touches when it is called; `config_file` is None for the
    default one.
    """

    version: str
    python: str
    config_file: Path | None
    state_dir: Path
    runtime_dir: Path
    mount_base: Path
    stamp: Path

    def __post_init__(self) -> None:
        """Raise `Refused` for a path that not all of the files could hold."""
        for path in (self.python, self.config_file, self.state_dir, self.runtime_dir):
            if path is not None and not str(path).isprintable():
                raise Refused(
                    f"path {str(path)!r} has control characters, and scripts would call it",
                    hint="choose another for SHARECTL_STATE_DIR, SHARECTL_RUNTIME_DIR or --config",
                )

    @property
    def environment(self) -> tuple[str, ...]:
        """The variables that sharectl needs to find its folders."""
        return (f"SHARECTL_STATE_DIR={self.state_dir}", f"SHARECTL_RUNTIME_DIR={self.runtime_dir}")

    @property
    def boot(self) -> tuple[str, ...]:
        """The command that mounts all shares."""
        return (self.python, "-I", "-m", "sharectl.hook", str(self.config_file or ""), *_BOOT_EVENT)

    @property
    def reconcile(self) -> tuple[str, ...]:
        """The command that looks after everything."""
        config = ("--config", str(self.config_file)) if self.config_file else ()
        return (self.python, "-I", "-m", "sharectl", *config, "reconcile")


def hook_script(template: str, caller: Caller) -> str:
    """The hook. It looks for names of our folders as libvirt writes them into XML."""
    above, folder = (name.translate(_XML_ESCAPES) for name in caller.mount_base.parts[-2:])
    values = {
        "STAMP": str(caller.stamp),
        "ABOVE": f"/{above}/",
        "FOLDER": f"{folder}/",
        "STATE": str(caller.state_dir),
        "RUNTIME": str(caller.runtime_dir),
        "PYTHON": caller.python,
        "CONFIG": str(caller.config_file or ""),
    }
    quoted = {name: shlex.quote(value) for name, value in values.items()}
    return _filled(template, {**quoted, "VERSION": caller.version})


def unit(template: str, caller: Caller) -> str:
    """A unit of systemd."""
    return _filled(
        template,
        {
            "VERSION": caller.version,
            "ENVIRONMENT": _systemd_words(caller.environment),
            "BOOT": _systemd_words(caller.boot, dollar="$$"),
            "RECONCILE": _systemd_words(caller.reconcile, dollar="$$"),
        },
    )


def _systemd_words(words: tuple[str, ...], dollar: str = "$") -> str:
    """Quoted as in systemd.syntax(7); in a command line `$` has a meaning of its own."""
    return " ".join(
        '"' + re.sub(r'[\\"]', r"\\\g<0>", word).replace("%", "%%").replace("$", dollar) + '"'
        for word in words
    )


def cron_table(template: str, caller: Caller) -> str:
    """A file for /etc/cron.d; there `%` would be a newline (crontab(5))."""
    commands = {"BOOT": caller.boot, "RECONCILE": caller.reconcile}
    lines = {
        name: shlex.join(("env", *caller.environment, *words)).replace("%", "\\%")
        for name, words in commands.items()
    }
    return _filled(template, {**lines, "VERSION": caller.version})


def _filled(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"@([A-Z]+)@", lambda match: values[match[1]], template)
