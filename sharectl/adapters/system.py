"""The host's name and user, and its clock."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from sharectl.errors import ConfigError, Denied
from sharectl.host_files import KIB, Cause, Unreadable, read_text
from sharectl.model.event import Requester
from sharectl.model.identity import HostIdentity
from sharectl.model.text import printable

_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
# A random number that names sharectl. The machine ID itself is confidential (machine-id(5)).
_APPLICATION = bytes.fromhex("b0c5a1f3d2a94f0ea8f6a41f3d7e6b52")

# What a verb works on, also in a dry run, where that is less than what the others work on.
_OF_ROOT = {
    "forget": "sharectl's records",
    "hook install": "the hooks of libvirt",
    "hook uninstall": "the hooks of libvirt",
}


_LOGIN_UID = Path("/proc/self/loginuid")
_NOBODY = 2**32 - 1  # what the kernel says of processes that no login has started


class SystemClock:
    """`Clock` of the machine."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class LocalHost:
    """`Host` as the kernel names it, known by an ID that systemd's rules derive.

    Args:
        machine_ids: where the machine ID is looked for, in this order.
    """

    def __init__(self, machine_ids: tuple[Path, ...] = _MACHINE_IDS) -> None:
        self._machine_ids = machine_ids

    @property
    def name(self) -> str:
        """The kernel's host name."""
        return os.uname().nodename

    @cached_property
    def id(self) -> str:
        """As sd_id128_get_machine_app_specific(3) makes it: HMAC-SHA256 of the machine ID."""
        import hmac

        machine = self._machine_id()
        made = bytearray(hmac.digest(machine, _APPLICATION, "sha256")[:16])
        made[6] = made[6] & 0x0F | 0x40  # a UUID of version 4
        made[8] = made[8] & 0x3F | 0x80
        return made.hex()

    @property
    def identity(self) -> HostIdentity:
        """Name and ID."""
        return HostIdentity(self.name, self.id)

    def _machine_id(self) -> bytes:
        for file in self._machine_ids:
            try:
                text = read_text(file, KIB).strip()
            except FileNotFoundError:
                continue
            except Unreadable as error:
                if error.cause in (Cause.CONTENT, Cause.NO_FILE):
                    continue
                raise error.told(f"machine ID {file}", ConfigError) from error
            if len(text) == 32 and set(text) <= set("0123456789abcdef") and int(text, 16):
                return bytes.fromhex(text)
        raise ConfigError(
            f"this host has no machine ID in {self._machine_ids[0]}, and Manila's access rules name"
            " the host by it",
            hint="make one: systemd-machine-id-setup, or dbus-uuidgen --ensure=/etc/machine-id",
        )

    @property
    def user(self) -> str:
        """SUDO_USER, else the name behind the real user id; Manila keeps it, so it is text."""
        if sudo := os.environ.get("SUDO_USER"):
            return printable(sudo)
        return _user_name(os.getuid())

    @property
    def requester(self) -> Requester:
        """By the login UID, which the kernel sets at login and which sudo and su keep."""
        login = _NOBODY
        with suppress(OSError, ValueError):
            login = int(_LOGIN_UID.read_text())
        return Requester("" if login == _NOBODY else _user_name(login), _user_name(os.getuid()))

    def check_root(self, verb: str) -> None:
        """Raise `Denied` unless the effective user is root."""
        if os.geteuid() != 0:
            what = _OF_ROOT.get(verb, "mounts, domains and sharectl's records")
            raise Denied(f"{verb} must be run as root, to whom {what} belong")


def _user_name(uid: int) -> str:
    """The name of a user, or the number where there is none."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
