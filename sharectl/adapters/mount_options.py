"""Command lines of the mount helpers. Pure; nothing secret ever stands in them.

NFS options: nfs(5). CephFS: mount.ceph(8) and ceph-fuse(8).
"""

from __future__ import annotations

from pathlib import Path

from sharectl.config import Config
from sharectl.model.enums import AccessLevel
from sharectl.model.export_location import parse
from sharectl.model.mounts import MountRequest

# The guest's kernel decides about suid and device files in the guest; these protect the host.
_SAFE = ("nosuid", "nodev")


def nfs(request: MountRequest, config: Config) -> list[str]:
    """mount(8) for NFS.

    `hard`: with `soft` a slow server means lost writes in the guest. `retry=0`: mount(8) would
    otherwise try again for two minutes. `vers=4` negotiates, from 4.2 down; a version with a dot
    is taken as it is, and a server without it refuses the mount (nfs(5); seen with nfs-utils 2.6).
    """
    options = [f"vers={config.nfs_version}", "hard", "timeo=600", "retrans=2", "retry=0"]
    if config.nfs_version == "3":
        options.append("nolock")  # locks do not pass virtiofs, and lockd needs a daemon
    return _mount("nfs", request, [*options, *_SAFE, *config.nfs_options])


def cephfs_kernel(
    request: MountRequest, key_file: Path, config: Config, timeout: float
) -> list[str]:
    """mount(8) for the kernel's CephFS client, with the key in a file; `timeout` in seconds.

    Without `recover_session=clean`: it would outlive a denied access rule.
    """
    options = [f"name={request.user}", f"secretfile={key_file}"]
    if request.filesystem_name:
        options.append(f"fs={request.filesystem_name}")
    options.append(f"mount_timeout={max(1, int(timeout))}")
    if _only_new_protocol(request):
        options.append("ms_mode=prefer-crc")
    return _mount("ceph", request, [*options, *_SAFE, *config.cephfs_options])


def _only_new_protocol(request: MountRequest) -> bool:
    """Monitors at port 3300 speak only the protocol that mount.ceph(8) calls msgr2."""
    servers = parse(request.protocol, request.source).servers
    return all(item.port == "3300" for item in servers)


def _mount(kind: str, request: MountRequest, options: list[str]) -> list[str]:
    if request.level is AccessLevel.RO:
        options = [*options, "ro"]
    return [
        "mount", "--no-canonicalize", "-t", kind, "-o", ",".join(options),
        "--", request.source, str(request.mount_point),
    ]  # fmt: skip


def cephfs_fuse(request: MountRequest, keyring: Path, conf: Path) -> list[str]:
    """ceph-fuse(8), which goes into the background by itself once it has mounted.

    `fsname` makes mountinfo show the export location as the source.
    """
    export = parse(request.protocol, request.source)
    source = request.source.replace(",", "/")  # a comma would end the option
    options = [f"fsname={source}", "subtype=ceph-fuse", *_SAFE]
    if request.level is AccessLevel.RO:
        options.append("ro")
    argv = [
        "ceph-fuse", "--conf", str(conf), "--name", f"client.{request.user}",
        "--keyring", str(keyring), "--client_mountpoint", export.path,
    ]  # fmt: skip
    if request.filesystem_name:
        argv += ["--client_fs", request.filesystem_name]
    return [*argv, "-o", ",".join(options), str(request.mount_point)]


def ceph_conf(request: MountRequest, timeout: float) -> str:
    """A ceph.conf for ceph-fuse: the monitors, and a limit for a mount that gets no answer.

    It also keeps the client from writing a log and an admin socket where the host's own Ceph
    clients have theirs, and from ending itself, with the guests' files, when it cannot remount
    itself: after the mount point is unmounted it goes on for the guests that still run.
    """
    monitors = request.source.partition(":/")[0]
    return (
        "[global]\n"
        f"mon host = {monitors}\n"
        f"client mount timeout = {max(1, int(timeout))}\n"
        "log file =\n"
        "admin socket =\n"
        "client die on failed dentry invalidate = false\n"
        "client die on failed remount = false\n"
    )
