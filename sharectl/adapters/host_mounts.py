"""Mounts on the host: made, taken away, and looked at without ever touching a file server.

What is mounted and from where is read from /proc/self/mountinfo; stat(2), realpath(3) and their
like hang on a dead server. What may hang runs in a child process with a deadline.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from sharectl.adapters import deadline, mount_options, mount_probe, process
from sharectl.adapters.files import private_folder, replace_file
from sharectl.config import Config
from sharectl.errors import MountFailed, Refused, ServerDead, Unavailable
from sharectl.model.enums import Health, ShareProtocol
from sharectl.model.export_location import servers
from sharectl.model.mounts import (
    HostMount,
    MountNote,
    MountRequest,
    ServedMount,
    mounted_at,
    parse_mountinfo,
)

MOUNTINFO = Path("/proc/self/mountinfo")
_NFS_PORT = 2049
_MOST_LAYERS = 4  # mounts of the same on top of each other
_LOOKUP_TIMEOUT = 5.0  # seconds for name resolution
_UNREACHABLE = (
    "timed out",
    "refused",
    "No route",
    "unreachable",
    "Host is down",
    "not responding",
    "Connection reset",
)
_NO_MDS = "no mds server"
_CEPHFS_NEEDS = {
    "kernel": "mount.ceph or a kernel with CephFS (cephfs.client is kernel)",
    "fuse": "ceph-fuse (cephfs.client is fuse)",
    "auto": "ceph-fuse, and mount.ceph with a kernel that has CephFS",
}
_PACKAGES = {ShareProtocol.NFS: "nfs-common", ShareProtocol.CEPHFS: "ceph-common or ceph-fuse"}


class HostMounts:
    """`Mounts` of this host."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def list(self) -> tuple[HostMount, ...]:
        """Read until two reads agree: kernels before 5.8 can leave lines out during a change."""
        seen = MOUNTINFO.read_bytes()
        for _ in range(5):
            again = MOUNTINFO.read_bytes()
            if again == seen:
                break
            seen = again
        return parse_mountinfo(seen.decode(errors="surrogateescape"))

    def check_client(self, protocol: ShareProtocol) -> None:
        """Look for the helper programs and, for CephFS, for the kernel's client."""
        if protocol is ShareProtocol.NFS:
            missing = None if _find("mount.nfs") else "mount.nfs"
        else:
            missing = None if self._cephfs_client() else _CEPHFS_NEEDS[self._config.cephfs_client]
        if missing:
            raise Refused(
                f"this host cannot mount {protocol}: it lacks {missing}",
                hint=f"install {_PACKAGES[protocol]}",
            )

    def _cephfs_client(self) -> str | None:
        """`kernel` or `fuse`, as configured or as the host can."""
        wanted = self._config.cephfs_client
        if wanted in ("auto", "kernel") and _find("mount.ceph") and _kernel_has("ceph"):
            return "kernel"
        if wanted in ("auto", "fuse") and _find("ceph-fuse"):
            return "fuse"
        return None

    def local_address(self, server: str) -> str:
        """The address that the kernel would send from; nothing is sent."""
        import socket

        name = server.partition("%")[0]
        try:
            found = deadline.call(
                lambda: socket.getaddrinfo(name, _NFS_PORT, type=socket.SOCK_DGRAM),
                _LOOKUP_TIMEOUT,
                f"the name service for {server}",
            )
        except (socket.gaierror, UnicodeError) as error:
            raise Unavailable(
                f"file server {server} cannot be found: {error}",
                hint=f"check its name: getent hosts {name}",
            ) from error
        failure: OSError | None = None
        for family, kind, _protocol, _name, address in found:
            try:
                with socket.socket(family, kind) as probe:
                    probe.connect(address)
                    return str(probe.getsockname()[0]).partition("%")[0]
            except OSError as error:
                failure = error
        raise Unavailable(
            f"this host has no route to file server {server}: {failure}",
            hint=f"see: ip route get {found[0][4][0]}",
        )

    def mount(self, request: MountRequest, key_file: Path | None, timeout: float) -> None:
        """Make the mount point and mount; the mount point goes again when it fails."""
        private_folder(self._config.runtime_dir, self._config.mount_base)
        request.mount_point.mkdir(mode=0o700, exist_ok=True)
        _check_empty(request.mount_point)
        try:
            self._mount(request, key_file, timeout)
        except BaseException:
            if mounted_at(self.list(), str(request.mount_point)) is None:
                self._remove_mount_point(request.mount_point)
            raise

    def _mount(self, request: MountRequest, key_file: Path | None, timeout: float) -> None:
        if request.protocol is ShareProtocol.NFS:
            self._run(mount_options.nfs(request, self._config), request, timeout)
            return
        if key_file is None:
            raise MountFailed(f"there is no cephx key for {request.source}")
        if self._cephfs_client() == "kernel":
            argv = mount_options.cephfs_kernel(request, key_file, self._config)
            self._run(argv, request, timeout)
        else:
            self._mount_fuse(request, key_file, timeout)

    def _mount_fuse(self, request: MountRequest, key_file: Path, timeout: float) -> None:
        """ceph-fuse reads a keyring and a ceph.conf once, at its start."""
        keyring, conf = self._fuse_files(request.mount_point)
        private_folder(self._config.runtime_dir, keyring.parent)
        key = key_file.read_text().strip()
        try:
            replace_file(keyring, f"[client.{request.user}]\nkey = {key}\n")
            replace_file(conf, mount_options.ceph_conf(request, timeout))
            argv = mount_options.cephfs_fuse(request, keyring, conf)
            self._run(argv, request, timeout)
        finally:
            keyring.unlink(missing_ok=True)
            conf.unlink(missing_ok=True)

    def _fuse_files(self, mount_point: Path) -> tuple[Path, Path]:
        """The keyring and the ceph.conf for a mount by ceph-fuse."""
        folder = self._config.runtime_dir / "ceph-fuse"
        return folder / f"{mount_point.name}.keyring", folder / f"{mount_point.name}.conf"

    def _run(self, argv: Sequence[str], request: MountRequest, timeout: float) -> None:
        hosts = servers(request.protocol, request.source)
        named = ", ".join(hosts)
        try:
            done = process.run(argv, timeout=timeout)
        except process.TimedOut as error:
            raise ServerDead(
                f"file server {named} did not answer in {timeout:g} s while mounting"
                f" {request.source}",
                servers=hosts,
                hint=f"check that {named} is up and that no firewall is in between",
            ) from error
        except FileNotFoundError as error:
            raise MountFailed(f"cannot run {argv[0]}: {error.strerror}") from error
        if done.status == 0:
            return
        text = f"cannot mount {request.source}: {done.reason}"
        if _NO_MDS in done.stderr:
            # Also for a key that is out of date: it says nothing of the servers.
            raise Unavailable(
                text, hint=f"check that file server {named} is up; if it is: sharectl reconcile"
            )
        if any(word in done.stderr for word in _UNREACHABLE):
            raise ServerDead(text, servers=hosts, hint=f"check that file server {named} is up")
        raise MountFailed(text, hint="the kernel may say more: dmesg | tail")

    def unmount(self, mount_point: str, timeout: float, *, force: bool = False) -> None:
        """umount(8) without canonicalising, which hangs on a dead server.

        `force` first cuts off pending requests, then takes the mount out of the tree even when
        it is busy; dirty data of a dead server is lost by it.

        A mount helper that outlived a killed sharectl may have mounted the same once more: all
        of them go. What else lay below stays, and the folder with it.
        """
        reason = ""
        first = left = mounted_at(self.list(), mount_point)
        for _again in range(_MOST_LAYERS):
            if first is None or left is None or reason or not left.same_as(first):
                break
            reason = self._unmount_top(mount_point, timeout, force=force)
            left = mounted_at(self.list(), mount_point)
        if left is not None and first is not None and left.same_as(first):
            raise MountFailed(
                f"cannot unmount {mount_point} ({left.label}): {reason or 'it is still mounted'}",
                hint=f"see who uses it: fuser -vm {mount_point}",
            )
        for file in self._fuse_files(Path(mount_point)):  # left by a mount that was killed
            file.unlink(missing_ok=True)
        if left is None:
            self._remove_mount_point(Path(mount_point))

    def _remove_mount_point(self, folder: Path) -> None:
        """Only what `mount` makes: rmdir(2) hangs in a mount, or takes a folder of the share."""
        if folder.parent == self._config.mount_base:
            _remove_folder(folder)

    def _unmount_top(self, mount_point: str, timeout: float, *, force: bool) -> str:
        """Unmount once; returns why it failed, or nothing."""
        reason = ""
        for way in [["-c"], ["-c", "-f"], ["-c", "-l"]] if force else [["-c"]]:
            try:
                done = process.run(["umount", *way, "--", mount_point], timeout=timeout)
            except process.TimedOut:
                reason = f"no answer in {timeout:g} s"
            else:
                if done.status == 0:
                    return ""
                reason = done.reason
        return reason

    def probe(self, groups: Iterable[Collection[str]], timeout: float) -> Mapping[str, Health]:
        """statfs(2) in a child for each group; a child that hangs is killed."""
        return mount_probe.probe(groups, timeout)

    def notes(self) -> Mapping[str, MountNote]:
        """None are kept yet."""
        return {}

    def served(self) -> tuple[ServedMount, ...]:
        """None are looked for yet."""
        return ()

    def resolve(self, paths: Iterable[str]) -> Mapping[str, str]:
        """By name alone."""
        return {path: os.path.normpath(path) for path in paths}


def _find(program: str) -> str | None:
    return shutil.which(program, path=process.PATH)


def _kernel_has(filesystem: str) -> bool:
    """Whether the kernel has the file system, built in, loaded or as a module to load."""
    if any(line.split()[-1:] == [filesystem] for line in _filesystems()):
        return True
    try:
        return process.run(["modprobe", "-q", "-n", filesystem], timeout=10).status == 0
    except (process.TimedOut, FileNotFoundError):
        return False


def _filesystems() -> Sequence[str]:
    return Path("/proc/filesystems").read_text().splitlines()


def _check_empty(folder: Path) -> None:
    """A mount would hide what lies in the folder, perhaps written while nothing was mounted."""
    if any(folder.iterdir()):
        raise MountFailed(
            f"mount point {folder} is not empty, and nothing is mounted there",
            hint=f"a guest may have written what is in it; move it away: mv {folder} /root/",
        )


def _remove_folder(folder: Path) -> None:
    """Remove an empty mount point; one with anything in it is somebody's data and stays."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        raise MountFailed(
            f"mount point {folder} cannot be removed: {error.strerror}",
            hint=f"look at what is in it: ls -la {folder}",
        ) from error
