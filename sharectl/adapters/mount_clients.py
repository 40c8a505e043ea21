"""The mount helpers: which of them this host has, and what they answer."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from sharectl.adapters import mount_options, process
from sharectl.adapters.files import private_folder, replace_file
from sharectl.config import Config
from sharectl.errors import (
    HostFailed,
    MountFailed,
    Refused,
    ServerDead,
    SharectlError,
    StoreError,
    Unavailable,
)
from sharectl.host_files import KIB, Unreadable, read_text, telling
from sharectl.model.enums import ShareProtocol
from sharectl.model.export_location import servers
from sharectl.model.mounts import MountRequest

_UNREACHABLE = (
    "timed out",
    "refused",
    "No route",
    "unreachable",
    "Host is down",
    "not responding",
    "Connection reset",
    "Failed to resolve server",
)
_PATIENCE = 0.9  # the part of its time after which it has waited, on a clock of its own
_FILESYSTEMS = Path("/proc/filesystems")
# mount.nfs: of EPROTONOSUPPORT, as it is worded in nfs-utils 2.6 and in older ones.
_NO_VERSION = ("Protocol not supported", "NFS version or transport protocol is not supported")
_NO_MDS = "no mds server"
# ceph-fuse, of monitors that have no address.
_NO_ADDRESS = "cannot identify monitors"
# ceph-fuse, of monitors that are away, after all the time that it has; and at once of a key that
# they do not take.
_NO_MONITOR = "failed to fetch mon config"
_CEPHFS_NEEDS = {
    "kernel": "mount.ceph or a kernel with CephFS (cephfs.client is kernel)",
    "fuse": "ceph-fuse (cephfs.client is fuse)",
    "auto": "ceph-fuse, and mount.ceph with a kernel that has CephFS",
}
_PACKAGES = {ShareProtocol.NFS: "nfs-common", ShareProtocol.CEPHFS: "ceph-common or ceph-fuse"}


class MountClients:
    """The clients of this host, by the configuration."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def check(self, protocol: ShareProtocol) -> None:
        """Look for the helper programs and, for CephFS, for the kernel's client.

        Raises `Refused` when one is missing.
        """
        if protocol is ShareProtocol.NFS:
            missing = None if _find("mount.nfs") else "mount.nfs"
        else:
            missing = None if self._cephfs() else _CEPHFS_NEEDS[self._config.cephfs_client]
        if missing:
            raise Refused(
                f"this host cannot mount {protocol}: it lacks {missing}",
                hint=f"install {_PACKAGES[protocol]}",
            )

    def _cephfs(self) -> str | None:
        """`kernel` or `fuse`, as configured or as the host can."""
        wanted = self._config.cephfs_client
        if wanted in ("auto", "kernel") and _find("mount.ceph") and _kernel_has("ceph"):
            return "kernel"
        if wanted in ("auto", "fuse") and _find("ceph-fuse"):
            return "fuse"
        return None

    def mount(self, request: MountRequest, key_file: Path | None, timeout: float) -> None:
        """Mount on the folder that the request names.

        Raises `MountFailed`, `Unavailable`, and `OSError` for a file that cannot be written.
        """
        if request.protocol is ShareProtocol.NFS:
            self._run(mount_options.nfs(request, self._config), request, timeout)
            return
        if key_file is None:
            raise MountFailed(
                f"the cephx key of {request.user} for {request.source} is not on this host",
                hint="fetch it with: sharectl reconcile",
            )
        if self._cephfs() == "kernel":
            argv = mount_options.cephfs_kernel(request, key_file, self._config, timeout)
            self._run(argv, request, timeout)
        else:
            self._mount_fuse(request, key_file, timeout)

    def _mount_fuse(self, request: MountRequest, key_file: Path, timeout: float) -> None:
        """ceph-fuse reads a keyring and a ceph.conf once, at its start."""
        folder, name = self._fuse_folder, request.mount_point.name
        keyring, conf = folder / f"{name}.keyring", folder / f"{name}.conf"
        private_folder(self._config.runtime_dir, folder)
        key = _key(key_file)
        try:
            replace_file(keyring, f"[client.{request.user}]\nkey = {key}\n")
            replace_file(conf, mount_options.ceph_conf(request, timeout))
            argv = mount_options.cephfs_fuse(request, keyring, conf)
            self._run(argv, request, timeout)
        finally:
            keyring.unlink(missing_ok=True)
            conf.unlink(missing_ok=True)

    @property
    def _fuse_folder(self) -> Path:
        return self._config.runtime_dir / "ceph-fuse"

    def clear(self, name: str) -> None:
        """Remove keyrings and the like that a mount which was killed has left of a share."""
        folder = self._fuse_folder
        with telling(f"keyrings in {folder} cannot be removed", folder, MountFailed):
            for file in folder.glob(f"{name}.*"):
                file.unlink(missing_ok=True)

    def names(self) -> frozenset[str]:
        """Shares of which there are such files."""
        folder = self._fuse_folder
        with telling(f"folder {folder} cannot be read", folder, HostFailed):
            return frozenset(file.name.partition(".")[0] for file in folder.glob("*.*"))

    def _run(self, argv: Sequence[str], request: MountRequest, timeout: float) -> None:
        hosts = servers(request.protocol, request.source)
        named = ", ".join(hosts)
        begun = monotonic()
        try:
            done = process.run(argv, timeout=timeout)
        except process.TimedOut as error:
            raise ServerDead(
                f"file server {named} did not answer in {timeout:.3g} s while mounting"
                f" {request.source}",
                servers=hosts,
                hint=f"check that {named} is up and that no firewall is in between",
            ) from error
        except process.Missing as error:
            raise MountFailed(
                error.message, hint=f"install {_PACKAGES[request.protocol]}"
            ) from error
        if done.status != 0:
            waited = monotonic() - begun >= _PATIENCE * int(timeout)
            raise _monitors(done, request, waited=waited) or self._failure(done, request)

    def _failure(self, done: process.Completed, request: MountRequest) -> SharectlError:
        """What a mount helper that has failed says of the file server."""
        hosts = servers(request.protocol, request.source)
        named = ", ".join(hosts)
        text = f"cannot mount {request.source}: {done.reason}"
        if _NO_MDS in done.stderr:
            # Also for a key that is out of date: it says nothing of the servers.
            hint = f"check that file server {named} is up; if it is: sharectl reconcile"
            return Unavailable(text, hint=hint)
        if any(word in done.stderr for word in _UNREACHABLE):
            return ServerDead(text, servers=hosts, hint=f"check that file server {named} is up")
        if request.protocol is ShareProtocol.NFS and any(it in done.stderr for it in _NO_VERSION):
            return MountFailed(text, hint=_other_version(self._config.nfs_version))
        return MountFailed(text, hint="the kernel may say more: dmesg | tail")


def _monitors(
    done: process.Completed, request: MountRequest, *, waited: bool
) -> SharectlError | None:
    """What ceph-fuse says of the monitors; None if nothing. `waited` is for all of its time."""
    if _NO_ADDRESS in done.stderr or (_NO_MONITOR in done.stderr and waited):
        hosts = servers(request.protocol, request.source)
        return ServerDead(
            f"cannot mount {request.source}: no monitor answers ({done.reason})",
            servers=hosts,
            hint=f"check that monitor {', '.join(hosts)} is up",
        )
    if _NO_MONITOR in done.stderr:
        return MountFailed(
            f"cannot mount {request.source}: its monitors refuse {request.user} ({done.reason})",
            hint="fetch the key that is valid now: sharectl reconcile",
        )
    return None


def _key(file: Path) -> str:
    try:
        return read_text(file, KIB).strip()
    except FileNotFoundError as error:
        raise StoreError(f"key {file} is gone", hint="fetch it with: sharectl reconcile") from error
    except Unreadable as error:
        raise error.told(f"key {file}", StoreError) from error


def _other_version(tried: str) -> str:
    other = "4" if tried == "3" else "3"
    return (
        f'the file server may not have NFS version {tried}: set version = "{other}" in section'
        " [nfs] of the configuration (man sharectl-config)"
    )


def _find(program: str) -> str | None:
    return shutil.which(program, path=process.PATH)


def _kernel_has(filesystem: str) -> bool:
    """Whether the kernel has the file system, built in, loaded or as a module to load."""
    with telling("the kernel does not say what it mounts", _FILESYSTEMS, HostFailed):
        known = _FILESYSTEMS.read_text().splitlines()
    if any(line.split()[-1:] == [filesystem] for line in known):
        return True
    try:
        return process.run(["modprobe", "-q", "-n", filesystem], timeout=10).status == 0
    except (process.TimedOut, process.Missing):
        return False
