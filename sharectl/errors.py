"""What can go wrong, named by situation; each kind has one exit code.

Messages are lower case without a full stop. The hint is the next command to type, or the change
to make. Nothing here knows of Click, libvirt or Manila.
"""

from __future__ import annotations

from copy import copy
from enum import IntEnum
from typing import ClassVar, Self


class ExitCode(IntEnum):
    """Exit statuses of sharectl; after sysexits(3) where it has a word for the case."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    DRIFT = 5
    PARTIAL = 6
    UNAVAILABLE = 69
    IO = 74
    BUSY = 75
    PERMISSION = 77
    CONFIG = 78
    INTERRUPTED = 130


class Explained(BaseException):
    """What is raised with a sentence and a hint; a value that does not change.

    Args:
        message: what failed and why, one sentence.
        hint: how to mend it, if known.
    """

    exit_code = ExitCode.INTERNAL
    usual_hint: ClassVar[str] = (
        "run it again with --debug, which shows what libvirt and Manila answered"
    )

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def about(self, what: str) -> Self:
        """The same error, said of `what`: a new value, so that whoever holds this one keeps it."""
        return self._said(f"{what}: {self.message}", self.hint)

    def and_so(self, what: str, hint: str | None = None) -> Self:
        """The same error with what follows from it, and a better hint if there is one."""
        return self._said(f"{self.message}; {what}", hint or self.hint)

    def hinting(self, hint: str) -> Self:
        """The same error with another hint."""
        return self._said(self.message, hint)

    def _said(self, message: str, hint: str | None) -> Self:
        new = copy(self)
        new.message, new.hint, new.args = message, hint, (message,)
        new.__cause__ = self.__cause__ or self
        return new

    @property
    def sentence(self) -> str:
        """Message and hint, if there is one, for a warning."""
        return f"{self.message}; {self.hint}" if self.hint else self.message

    @property
    def advice(self) -> str:
        """The hint, or what to type after any error of this kind; every error is told with it."""
        return self.hint or self.usual_hint


class SharectlError(Explained, Exception):
    """Base of every expected failure."""


def said(error: BaseException) -> str:
    """A foreign exception as a part of a sentence: its kind and what it says, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


class UsageError(SharectlError):
    """A malformed argument: a bad tag, an impossible id."""

    exit_code = ExitCode.USAGE
    usual_hint = "see: sharectl --help"


class NotFound(SharectlError):
    """No such domain, share or mapping."""

    exit_code = ExitCode.NOT_FOUND
    usual_hint = "see what there is: virsh list --all; sharectl shares; sharectl list"


class Refused(SharectlError):
    """A precondition does not hold; nothing was changed."""

    exit_code = ExitCode.REFUSED
    usual_hint = (
        "see how things stand: sharectl list; mend what it names and run the same command again"
    )


class RuleExists(Refused):
    """Manila has a rule for that client: it allows one at a time, which may be on its way out."""


class InUse(Refused):
    """A guest runs with what would have to change, or somebody's mount lies over it: for now."""


class Unavailable(SharectlError):
    """libvirt, Keystone, Manila or the file server did not answer, or not in time.

    `uncertain` tells that a change had been sent when the answer got lost: it may yet happen.
    """

    exit_code = ExitCode.UNAVAILABLE
    usual_hint = "see how things stand: sharectl list; once it answers, run the same command again"

    def __init__(self, message: str, *, hint: str | None = None, uncertain: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.uncertain = uncertain


class ServerDead(Unavailable):
    """The file servers of a share, `servers`, did not answer; to ask them again is in vain."""

    def __init__(
        self, message: str, *, servers: tuple[str, ...] = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.servers = servers


class StoreError(SharectlError):
    """The mapping store is unreadable, newer than this sharectl, or cannot be written."""

    exit_code = ExitCode.IO
    usual_hint = "see whether there is room to write: df /var/lib/sharectl /run/sharectl"


class MountFailed(SharectlError):
    """The host could not mount or unmount an export."""

    exit_code = ExitCode.IO
    usual_hint = "see: sharectl list --long, and what the kernel says: dmesg | tail"


class HostFailed(SharectlError):
    """The operating system refused what every program may ask: a file, a process, memory."""

    exit_code = ExitCode.IO
    usual_hint = "see what the kernel says: dmesg | tail"


class InstallFailed(SharectlError):
    """A file of the host, or systemd, would not take what was to be installed."""

    exit_code = ExitCode.IO
    usual_hint = "see what is installed: sharectl hook status"


class BackendError(SharectlError):
    """libvirt or Manila answered with an error that no other class describes.

    It is theirs: the exit status for internal errors is left for our own mistakes.
    """

    exit_code = ExitCode.UNAVAILABLE


class Busy(SharectlError):
    """Another sharectl holds the lock."""

    exit_code = ExitCode.BUSY
    usual_hint = "run it again when that one is done"


class Denied(SharectlError):
    """Not root, or a policy of libvirt or Manila forbids it."""

    exit_code = ExitCode.PERMISSION
    usual_hint = "run it with sudo"


class ConfigError(SharectlError):
    """The configuration file, clouds.yaml or the credentials are wrong or missing."""

    exit_code = ExitCode.CONFIG
    usual_hint = "see: man sharectl-config"


class Interrupted(Explained):
    """SIGINT, SIGTERM or SIGHUP arrived, or the admin did not confirm.

    It is no failure: whoever catches failures to go on, or to say more of them, lets it pass.
    """

    exit_code = ExitCode.INTERRUPTED
    usual_hint = "see how things stand: sharectl list"
