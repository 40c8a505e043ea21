"""The host's mounts, in memory, with file servers that ask Manila's rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from posixpath import normpath

from sharectl.config import Config
from sharectl.errors import MountFailed, Refused, ServerDead, Unavailable
from sharectl.model.enums import AccessLevel, AccessType, Health, ShareProtocol
from sharectl.model.export_location import parse, servers
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
from sharectl.ports.host import Mounts
from tests.fakes.rules import covers
from tests.fakes.shares import FakeShares
from tests.fakes.store import FakeSecrets

_OWN = (
    HostMount("/", "ext4", "/dev/vda1", frozenset({"rw"}), device="254:1"),
    HostMount("/run", "tmpfs", "tmpfs", frozenset({"rw", "nosuid"}), device="0:25"),
    HostMount("/mnt/foreign", "nfs4", "192.0.2.9:/foreign", frozenset({"rw"}), device="0:40"),
)
_BASE = str(Config().mount_base)
_TYPES = {ShareProtocol.NFS: "nfs4", ShareProtocol.CEPHFS: "ceph"}


@dataclass
class FakeMounts:
    """`Mounts`.

    Attributes:
        shares: whose rules the file servers obey.
        secrets: where key files lie.
        address: this host's, on every route.
        mounted: what is mounted.
        dead: servers that do not answer.
        busy: mount points that the kernel does not let go.
        stale: mount points whose server answers with an error.
        unmountable: protocols that the host has no helper for.
        shown_as: what mountinfo shows for a source, where that differs.
        daemons: what the virtiofsds of running guests serve, by the domain's UUID.
        noted: the notes of the mounts.
        folders: mount points that are there, empty, with nothing mounted on them.
        left: mount points for which a mount that was killed has left something.
        on_disk: whether the runtime folder outlives a boot.
        addresses: this host's on the route to a server, where that is another.
        refusing: servers that let this host mount nothing, whatever access Manila has granted.
        unrouted: servers that the host has no route to.
        waits: the timeout of each mount that was tried, in seconds.
        links: symbolic links of the host, with what they lead to.
    """

    shares: FakeShares
    secrets: FakeSecrets
    address: str = "198.51.100.7"
    mounted: list[HostMount] = field(default_factory=lambda: list(_OWN))
    dead: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)
    unmountable: set[ShareProtocol] = field(default_factory=set)
    shown_as: dict[str, str] = field(default_factory=dict)
    daemons: dict[str, list[HostMount]] = field(default_factory=dict)
    noted: dict[str, MountNote] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    on_disk: bool = False
    addresses: dict[str, str] = field(default_factory=dict)
    unrouted: set[str] = field(default_factory=set)
    waits: list[float] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    _devices: Iterator[int] = field(default_factory=lambda: count(50))
    _keys: dict[str, tuple[str, str, str | None]] = field(default_factory=dict)
    """The share, the cephx id and the key of each mount, by its device."""

    def exists(self, path: str) -> bool:
        """Whether there is such a folder; in a share all are, elsewhere it is not looked at."""
        path = self._resolve(path)
        covering = MountTable(self.mounted).covering(path)
        assert covering is not None
        ours = covering.mount_point.startswith(f"{_BASE}/")
        return ours or path in self.folders or not path.startswith(f"{_BASE}/")

    def serve(self, uuid: str, source: str) -> None:
        """The virtiofsd of domain `uuid` opens what is at `source`, and keeps it."""
        source = self._resolve(source)
        found = MountTable(self.mounted).covering(source)
        assert found is not None
        inside = source[len(found.mount_point.rstrip("/")) :]
        if found.fs_type == _TYPES[ShareProtocol.NFS]:
            seen = replace(found, mount_point=source, source=f"{found.source}{inside}")
        else:
            seen = replace(found, mount_point=source, root=inside or "/")
        self.daemons.setdefault(uuid, []).append(seen)

    def served(self) -> tuple[ServedMount, ...]:
        """By the virtiofsds of the guests that run."""
        everyone = [item for group in self.daemons.values() for item in group]
        return tuple(
            ServedMount(1000 + number, "virtiofsd", replace(item, mount_point="/"))
            for number, item in enumerate(everyone)
        )

    def take_away(self, mount_point: str) -> None:
        """An admin unmounts by hand: folder and note stay, and guests keep what they have."""
        found = mounted_at(self.list(), mount_point)
        self.mounted = [item for item in self.mounted if item is not found]
        if mounted_at(self.list(), mount_point) is None:
            self.folders.add(mount_point)

    def notes(self) -> Mapping[str, MountNote]:
        """Of the mounts made here."""
        return dict(self.noted)

    def resolve(self, paths: Iterable[str]) -> Mapping[str, str]:
        """By name, and by the `links` of the host."""
        return {path: self._resolve(path) for path in paths}

    def _resolve(self, path: str) -> str:
        path = "/" + normpath(path).lstrip("/")
        for link, target in self.links.items():
            if path == link or path.startswith(link + "/"):
                return target + path[len(link) :]
        return path

    def list(self) -> tuple[HostMount, ...]:
        """What is mounted."""
        return tuple(self.mounted)

    def check_client(self, protocol: ShareProtocol) -> None:
        """Refuse what is in `unmountable`."""
        if protocol in self.unmountable:
            raise Refused(f"this host cannot mount {protocol}: its mount helper is missing")

    def local_address(self, server: str) -> str:
        """The usual one, unless `addresses` has another."""
        if server in self.unrouted:
            raise Unavailable(f"this host has no route to file server {server}")
        return self.addresses.get(server, self.address)

    def mount(self, request: MountRequest, key_file: Path | None, timeout: float) -> None:
        """Mount what the file server lets this host have."""
        assert timeout > 0
        self.waits.append(timeout)
        self._clear(str(request.mount_point))
        export = parse(request.protocol, request.source)
        if all(server.host in self.dead for server in export.servers):
            hosts = servers(request.protocol, request.source)
            words = {
                ShareProtocol.NFS: f"file server {hosts[0]} did not answer",
                ShareProtocol.CEPHFS: f"cannot mount {request.source}: Connection timed out",
            }
            raise ServerDead(words[request.protocol], servers=hosts)
        if export.servers[0].host in self.refusing:
            raise MountFailed(f"cannot mount {request.source}: refused", hint="ask its operator")
        if mounted_at(self.list(), str(request.mount_point)) is not None:
            raise MountFailed(f"{request.mount_point} is mounted already")
        share_id, key = self._share_at(request.source), None
        if request.protocol is ShareProtocol.CEPHFS:
            key = self._check_key(share_id, request.user, key_file)
            level = self.shares.level_for(share_id, AccessType.CEPHX, request.user or "")
        else:
            client = self.local_address(export.servers[0].host)
            level = self.shares.level_for(share_id, AccessType.IP, client)
        if level is None:
            raise MountFailed(f"cannot mount {request.source}: access denied by server")
        made = self._made(request)
        check_made(request, made)
        self.mounted.append(made)
        self._keys[made.device] = share_id, request.user or "", key
        self.noted[made.mount_point] = MountNote(
            made.mount_point, made.device, made.source, request.level, request.rule_id,
            request.project_id,
        )  # fmt: skip

    def _made(self, request: MountRequest) -> HostMount:
        mode = "ro" if request.level is AccessLevel.RO else "rw"
        source = self.shown_as.get(request.source, request.source)
        options = frozenset({mode, "nosuid", "nodev"})
        device = f"0:{next(self._devices)}"
        kind = _TYPES[request.protocol]
        return HostMount(str(request.mount_point), kind, source, options, device=device)

    def _share_at(self, source: str) -> str:
        for share in self.shares.all_shares:
            if any(location.path == source for location in share.export_locations):
                return share.id
        raise MountFailed(f"cannot mount {source}: No such file or directory")

    def _check_key(self, share_id: str, user: str | None, key_file: Path | None) -> str:
        key = self.secrets.files.get(key_file) if key_file is not None else None
        if key is None or key != self.shares.key_of(share_id, user or ""):
            raise MountFailed("mount error 1 = Operation not permitted")
        return key

    def _clear(self, mount_point: str) -> None:
        self.left.discard(mount_point)
        self.folders.discard(mount_point)

    def unmount(
        self, mount_point: str, timeout: float, *, seen: HostMount | None, force: bool = False
    ) -> None:
        """Unmount, unless busy or waiting for a dead server; `force` does it all the same."""
        assert timeout > 0
        found = mounted_at(self.list(), mount_point)
        check_as_seen(mount_point, found, seen)
        self._clear(mount_point)
        if found is None:
            self.noted.pop(mount_point, None)
            return
        if not force and (mount_point in self.busy or self._is_dead(found)):
            why = "target is busy" if mount_point in self.busy else f"no answer in {timeout:g} s"
            raise MountFailed(f"cannot unmount {mount_point} ({found.source}): {why}")
        for layer in reversed(layers_at(self.list(), mount_point)):
            if not layer.same_as(found):
                break
            del self.mounted[max(i for i, item in enumerate(self.mounted) if item == layer)]
        self.stale.discard(mount_point)
        self.noted.pop(mount_point, None)

    def _is_dead(self, mount: HostMount) -> bool:
        return any(server in mount.source for server in self.dead)

    def volatile(self) -> bool:
        """What the test says."""
        return not self.on_disk

    def leftovers(self) -> tuple[str, ...]:
        """What the test says, and empty folders."""
        return tuple(sorted(self.left | self.folders))

    def sweep(self, mount_point: str) -> None:
        """It goes."""
        self._clear(mount_point)

    def probe(self, groups: Iterable[Collection[str]], timeout: float) -> Mapping[str, Health]:
        """What the servers behind the mounts answer."""
        assert timeout > 0
        return {mount_point: self._ask(mount_point) for group in groups for mount_point in group}

    def _ask(self, mount_point: str) -> Health:
        found = mounted_at(self.list(), mount_point)
        assert found is not None
        if mount_point in self.stale:
            return Health.STALE
        if self._is_dead(found):
            return Health.UNREACHABLE
        return Health.OK if self._has_access(found) else Health.NO_ACCESS

    def _has_access(self, mount: HostMount) -> bool:
        """A CephFS client whose rule was withdrawn is cut off: one made again has another key."""
        if mount.device not in self._keys:
            return True
        share_id, user, key = self._keys[mount.device]
        if key is not None:
            return self.shares.key_of(share_id, user) == key
        rules = (item for item in self.shares.all_rules if item.share_id == share_id)
        (server,) = servers(ShareProtocol.NFS, mount.source)
        client = self.addresses.get(server, self.address)
        return any(covers(item.access, AccessType.IP, client) for item in rules)


def umount(mounts: Mounts, mount_point: str) -> None:
    """Unmount what is there, as an admin with umount(8)."""
    mounts.unmount(mount_point, 1, seen=mounted_at(mounts.list(), mount_point), force=True)
