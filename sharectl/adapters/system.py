"""The host's name and user, and its clock."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

from sharectl.errors import Denied

# What a verb works on, also in a dry run, where that is less than what the others work on.
_OF_ROOT = {
    "forget": "sharectl's records",
    "hook install": "the hooks of libvirt",
    "hook uninstall": "the hooks of libvirt",
}


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
    """`Host` as the kernel names it."""

    @property
    def name(self) -> str:
        """The kernel's host name."""
        return os.uname().nodename

    @property
    def user(self) -> str:
        """SUDO_USER, else the name behind the real user id."""
        if sudo := os.environ.get("SUDO_USER"):
            return sudo
        import pwd

        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return str(os.getuid())

    def check_root(self, verb: str) -> None:
        """Raise `Denied` unless the effective user is root."""
        if os.geteuid() != 0:
            what = _OF_ROOT.get(verb, "mounts, domains and sharectl's records")
            raise Denied(f"{verb} must be run as root, to whom {what} belong")
