"""Mounting a share, for the engine and for the hook."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from sharectl.errors import Busy, MountFailed, SharectlError
from sharectl.model.enums import AccessType
from sharectl.model.export_location import servers
from sharectl.model.mounts import MountRequest

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from sharectl.ports import HostPorts

_AT_ONCE = 0.01  # seconds for a lock


def mount_share(
    app: HostPorts,
    mapping: ShareMapping,
    key_file: Path | None,
    timeout: float,
    *,
    rule_id: str | None = None,
) -> None:
    """Mount the mapping's export at its mount point.

    The caller holds the share's lock and has seen that nothing is mounted there.

    Args:
        app: the ports; of them only the mounts.
        mapping: what to mount, and where.
        key_file: the file with the cephx key; None for NFS.
        timeout: seconds for the file server.
        rule_id: the access rule that lets it be mounted; None for the one that is recorded.

    Raises `MountFailed`, and `Unavailable` when the server does not answer or something else
    turns up at the mount point; then nothing is left mounted.
    """
    request = MountRequest(
        mapping.protocol, mapping.export_location, Path(mapping.mount_point),
        mapping.access_level, mapping.access_to, mapping.filesystem_name,
        rule_id or mapping.rule_id, mapping.project_id,
    )  # fmt: skip
    try:
        app.mounts.mount(request, key_file, timeout)
    except MountFailed as error:
        raise _other_address(app, mapping) or error from error


def warn_of_disk(app: HostPorts) -> None:
    """Warn when the folders of mount points outlive a boot, after which nothing is mounted."""
    if not app.mounts.volatile():
        app.events.warn(
            f"{app.config.runtime_dir} is on a disk: after a boot, or a kill, a domain could start"
            " on the empty folder of a share that is not mounted, and write there; set"
            " SHARECTL_RUNTIME_DIR to a folder on a tmpfs, as /run/sharectl is"
        )


def sweep(app: HostPorts) -> tuple[str, ...]:
    """Take away what mounts that were killed have left; returns their mount points.

    A share that another process works on is left alone, since it may be mounting.
    """
    swept = []
    for mount_point in app.mounts.leftovers():
        try:
            with app.locks.share(PurePath(mount_point).name, _AT_ONCE):
                if mount_point in app.mounts.leftovers():
                    app.mounts.sweep(mount_point)
                    if mount_point not in app.mounts.leftovers():
                        swept.append(mount_point)
        except Busy:
            continue
    return tuple(swept)


def _other_address(app: HostPorts, mapping: ShareMapping) -> MountFailed | None:
    """Access was granted to an address that this host no longer has towards the server."""
    if mapping.access_type is not AccessType.IP or app.config.nfs_access_to is not None:
        return None
    try:
        (server,) = servers(mapping.protocol, mapping.export_location)
        here = app.mounts.local_address(server)
        if ip_address(here) in ip_network(mapping.access_to, strict=False):
            return None
    except (SharectlError, ValueError):
        return None
    return MountFailed(
        f"cannot mount {mapping.export_location}: access was granted to {mapping.access_to}, and"
        f" this host is {here} towards {server} now",
        # All that have the share keep the address that the first was granted; see `client_of`.
        hint="with all domains that have it shut off: sharectl remove"
        f" {mapping.domain_uuid} {mapping.share_id}, likewise for the others; then:"
        f" {mapping.add_again}",
    )
