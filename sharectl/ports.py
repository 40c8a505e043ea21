"""What the operations need of the world, as protocols. Adapters implement them, tests fake them.

Every method has a deadline of its own making or takes one: no port may block for ever.
All raise `SharectlError` subclasses only; foreign exceptions stop in the adapters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sharectl.config import Config
    from sharectl.hook_ports import HookHost
    from sharectl.model.domain import Domain, Filesystem
    from sharectl.model.enums import Health, SharedMemory, ShareProtocol
    from sharectl.model.host import HostFacts
    from sharectl.model.mapping import ShareMapping
    from sharectl.model.mark import Mark
    from sharectl.model.mounts import HostMount, MountRequest
    from sharectl.model.secret import CephxKey
    from sharectl.model.share import Access, AccessRule, Share, ShareSeen


class Domains(Protocol):
    """The libvirt host."""

    def host(self) -> HostFacts:
        """Versions and abilities. Raises `Unavailable`."""

    def find(self, ident: str) -> Domain:
        """The domain with that name, UUID or id (in this order). Raises `NotFound`."""

    def get(self, uuids: Iterable[str], *, brief: bool = False) -> dict[str, Domain]:
        """Those of the domains that exist, by UUID.

        `brief` looks at name, state and live filesystems alone, which costs half.
        """

    def list(self) -> tuple[Domain, ...]:
        """All domains of the host."""

    def attach_filesystem(self, uuid: str, filesystem: Filesystem) -> tuple[int, ...]:
        """Add to the persistent definition. Raises `Refused` when libvirt does.

        Returns the indexes of PCI controllers that libvirt had to add for it.
        """

    def detach_filesystem(
        self, uuid: str, filesystem: Filesystem, controllers: tuple[int, ...] = ()
    ) -> tuple[int, ...]:
        """Take out of the persistent definition; nothing to do when it is not there.

        `controllers` go with it; returns those that something else has come to use.
        """

    def mark(self, uuid: str, mark: Mark) -> None:
        """Write `mark` into the persistent metadata, for the older one of the same mapping.

        The caller holds the domain's lock, as for the next.
        """

    def unmark(self, uuid: str, mapping_id: str) -> None:
        """Take the mapping's mark out of the metadata; nothing to do when it is not there."""

    def enable_shared_memory(self, uuid: str, kind: SharedMemory) -> None:
        """Give the persistent definition shared memory; see `memory_xml.enable`."""

    def disable_shared_memory(self, uuid: str, kind: SharedMemory) -> None:
        """Undo it, unless something has come to need it."""


class Shares(Protocol):
    """Manila, in the project of the credentials."""

    def project_id(self) -> str:
        """The project that the credentials are scoped to."""

    def find(self, ident: str) -> Share:
        """The share with that ID or name, with export locations. Raises `NotFound`, `Refused`."""

    def list(self) -> tuple[Share, ...]:
        """All shares of the project, without export locations."""

    def rules(self, share_id: str) -> tuple[AccessRule, ...]:
        """The share's access rules; whom one is for may be hidden. Raises `NotFound`."""

    def survey(self, share_ids: Collection[str]) -> Mapping[str, ShareSeen]:
        """Status, export paths and rules of many shares, in few and concurrent calls.

        A share that alone cannot be looked at has its `error`. Raises `Unavailable` when Manila
        does not answer, or stops answering, and `ConfigError` for the credentials.
        """

    def key(self, share_id: str, rule_id: str) -> CephxKey | None:
        """The cephx key of a rule; None while the back end has not made it yet.

        Raises `Denied` when Manila hides it: the rule was made by another Manila user.
        """

    def grant(self, share_id: str, access: Access, metadata: Mapping[str, str]) -> AccessRule:
        """Ask for an access rule; it is applied later. Raises `Refused` when Manila does."""

    def revoke(self, share_id: str, rule_id: str) -> None:
        """Ask to withdraw a rule; nothing to do when it is gone.

        Raises `Denied` when another Manila user made and locked it.
        """


class Mounts(Protocol):
    """Mounts of file servers on this host."""

    def list(self) -> tuple[HostMount, ...]:
        """What is mounted, from mountinfo: never touches a file server."""

    def check_client(self, protocol: ShareProtocol) -> None:
        """Raises `Refused` when the host has no way to mount that protocol."""

    def local_address(self, server: str) -> str:
        """This host's address on the route to `server`. Raises `Unavailable`."""

    def mount(self, request: MountRequest, key_file: Path | None, timeout: float) -> None:
        """Mount within `timeout` seconds. Raises `MountFailed` or `Unavailable`."""

    def unmount(self, mount_point: str, timeout: float, *, force: bool = False) -> None:
        """Unmount within `timeout` seconds and remove the folder; `force` gives up dirty data.

        When there is another mount below, that and the folder stay.
        """

    def probe(self, groups: Iterable[Collection[str]], timeout: float) -> Mapping[str, Health]:
        """What the file servers behind mount points answer to a statfs, by mount point.

        Those of one group lie on one server: none is heard of when one of them does not answer
        within `timeout` seconds. The words are `OK`, `STALE`, `NO_ACCESS` and `UNREACHABLE`.
        """


class Transaction(Protocol):
    """The store while its lock is held."""

    @property
    def mappings(self) -> tuple[ShareMapping, ...]:
        """All mappings as they are now."""

    def put(self, mapping: ShareMapping) -> None:
        """Write a mapping, new or changed; on disk when it returns."""

    def delete(self, mapping_id: str) -> None:
        """Forget a mapping; nothing to do when it is not there."""


class MappingStore(Protocol):
    """The share mappings of this host. All raise `StoreError`; no error reads as empty."""

    def load(self) -> tuple[ShareMapping, ...]:
        """All mappings, without any lock: the file is replaced as a whole."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Hold the store's lock for a short read-modify-write. Raises `Busy`."""


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
    def user(self) -> str:
        """Who asked: the user behind sudo, else the login name."""

    def check_root(self, verb: str) -> None:
        """Raises `Denied` when not root."""


class Reporter(Protocol):
    """Where progress and warnings go."""

    def step(self, text: str) -> None:
        """What is being done now."""

    def note(self, text: str) -> None:
        """Why nothing is done; only for a human at a terminal."""

    def done(self) -> None:
        """Results come now: progress must not stand between them."""

    def problem(self, text: str, hint: str) -> None:
        """What could not be done, while the rest goes on; also said when all else is quiet."""

    def warn(self, text: str) -> None:
        """Something that the admin should know; said once for the same text."""


class Interrupts(Protocol):
    """SIGINT, SIGTERM and SIGHUP, which raise `Interrupted` in the main thread."""

    def shielded(self) -> AbstractContextManager[None]:
        """Hold signals back inside, so that a change and its record are not torn apart."""

    def install(self) -> None:
        """Take over the signals from here on; without it they end the process as usual."""

    def reset(self) -> None:
        """Forget the signal that came, so that undoing is stopped only by a second one."""


class App(Protocol):
    """Everything an operation works with. Ports are made when first used."""

    @property
    def config(self) -> Config: ...
    @property
    def domains(self) -> Domains: ...
    @property
    def shares(self) -> Shares: ...
    @property
    def mounts(self) -> Mounts: ...
    @property
    def store(self) -> MappingStore: ...
    @property
    def locks(self) -> Locks: ...
    @property
    def secrets(self) -> Secrets: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def host(self) -> Host: ...
    @property
    def report(self) -> Reporter: ...
    @property
    def interrupts(self) -> Interrupts: ...
    @property
    def hook_host(self) -> HookHost: ...
