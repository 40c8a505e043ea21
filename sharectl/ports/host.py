"""What the operations need of the host: mounts, locks, key files, time and signals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sharectl.model.enums import Health, ShareProtocol
    from sharectl.model.event import Requester
    from sharectl.model.identity import HostIdentity
    from sharectl.model.mounts import HostMount, MountNote, MountRequest, ServedMount
    from sharectl.model.secret import CephxKey


class Mounts(Protocol):
    """Mounts of file servers on this host."""

    def list(self) -> tuple[HostMount, ...]:
        """What is mounted, from mountinfo: never touches a file server."""

    def check_client(self, protocol: ShareProtocol) -> None:
        """Raises `Refused` when the host has no way to mount that protocol."""

    def local_address(self, server: str) -> str:
        """This host's address on the route to `server`. Raises `Unavailable`."""

    def mount(self, request: MountRequest, key_file: Path | None, timeout: float) -> None:
        """Mount within `timeout` seconds, note it, and look whether the right export is there.

        Nothing is mounted at the mount point, and the caller holds the share's lock. The mount
        point exists only with the export mounted on it. Raises `MountFailed`; `Unavailable` when
        the server does not answer or something else turns up. Then nothing is left.
        """

    def unmount(
        self, mount_point: str, timeout: float, *, seen: HostMount | None, force: bool = False
    ) -> None:
        """Unmount within `timeout` seconds and remove the folder; `force` gives up dirty data.

        `seen` is what the caller saw on the mount point and may take away; None is nothing. When
        there is another mount below, that and the folder stay. Raises `InUse` when something else
        is on the mount point by now, and `MountFailed` when it cannot be unmounted.
        """

    def leftovers(self) -> tuple[str, ...]:
        """Mount points for which something is left of a mount that was killed.

        Also those that another process is mounting now: ask again under the share's lock.
        """

    def sweep(self, mount_point: str) -> None:
        """Take away what a mount that was killed has left, but nothing that is mounted there.

        The caller holds the share's lock.
        """

    def probe(self, groups: Iterable[Collection[str]], timeout: float) -> Mapping[str, Health]:
        """What the file servers behind mount points answer to a look, by mount point.

        Those of one group lie on one server: none is heard of when one of them does not answer
        within `timeout` seconds. The words are `OK`, `STALE`, `NO_ACCESS` and `UNREACHABLE`.
        """

    def notes(self) -> Mapping[str, MountNote]:
        """What was noted when sharectl made the mounts of this boot, by mount point.

        A mount without a note was made by an earlier version, or by somebody else.
        """

    def served(self) -> tuple[ServedMount, ...]:
        """What processes in other mount namespaces serve, as virtiofsd does.

        Those are file systems of shares, and folders below the folder of the mount points. A
        virtiofsd keeps what it serves after that was unmounted or removed here. Read from /proc
        alone; see `mount_use.holders`.
        """

    def resolve(self, paths: Iterable[str]) -> Mapping[str, str]:
        """The one form of each absolute path: without links, `//`, `.` and other aliases.

        A path inside a bind mount of a share's mount is given as the path below the share's mount
        point. No file server is touched.
        """

    def volatile(self) -> bool:
        """Whether the folder of the mount points is gone after a boot, as it has to be.

        On a disk the mount point of a share that is not mounted would be an ordinary folder.
        """


class Locks(Protocol):
    """Locks between sharectl processes of this host. Raise `Busy` naming the holder."""

    def share(self, share_id: str, timeout: float) -> AbstractContextManager[None]:
        """Held around everything that grants, mounts, unmounts or revokes for a share."""

    def domain(self, uuid: str, timeout: float) -> AbstractContextManager[None]:
        """Held around a change of a domain's definition; taken inside a share's lock."""

    def reconcile(self) -> AbstractContextManager[None]:
        """Held by the one `reconcile` of the host; never waited for."""


class Secrets(Protocol):
    """Root-only files with cephx keys, one per share."""

    def put(self, share_id: str, key: CephxKey) -> Path:
        """Write the key; returns its file."""

    def file(self, share_id: str) -> Path | None:
        """The file with the share's key, if it is there."""

    def delete(self, share_id: str) -> None:
        """Remove the key's file, if it is there."""


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds from some start."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Host(Protocol):
    """Who and where we are."""

    @property
    def name(self) -> str:
        """The host's name."""

    @property
    def id(self) -> str:
        """The host ID: 32 hexadecimal digits, derived from /etc/machine-id with a key of ours.

        Two hosts never have the same, whatever they are called. Raises `ConfigError` when the
        host has no machine ID.
        """

    @property
    def identity(self) -> HostIdentity:
        """Name and ID together. Raises as `id` does."""

    @property
    def user(self) -> str:
        """Who asked: the user behind sudo, else the login name."""

    @property
    def requester(self) -> Requester:
        """Who asked for what is done, for those who keep a record of it. Never raises."""

    def check_root(self, verb: str) -> None:
        """Raises `Denied` when not root."""


class Interrupts(Protocol):
    """SIGINT, SIGTERM and SIGHUP, which raise `Interrupted` in the main thread."""

    def shielded(self) -> AbstractContextManager[None]:
        """Hold signals back inside, so that a change and its record are not torn apart."""

    def install(self) -> None:
        """Take over the signals from here on; without it they end the process as usual."""

    def reset(self) -> None:
        """Forget the signal that came, so that undoing is stopped only by a second one."""
