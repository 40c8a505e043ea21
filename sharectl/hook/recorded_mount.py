"""Mounting a recorded share for the hook, which asks neither libvirt nor Manila."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sharectl.engine.announce import announced
from sharectl.engine.mounting import mount_share
from sharectl.errors import Busy, Refused, SharectlError
from sharectl.model import starting
from sharectl.model.enums import AccessType
from sharectl.model.event import Task
from sharectl.model.mapping import ShareMapping
from sharectl.model.mount_use import is_right
from sharectl.model.mounts import HostMount, mounted_at
from sharectl.model.starting import Need, Starting

if TYPE_CHECKING:
    from sharectl.engine.deadlines import Deadline
    from sharectl.ports import HostPorts

_LOCK_SECONDS = 20.0  # for another sharectl that works on the same share


@contextmanager
def about(domain: Starting, share: str) -> Iterator[None]:
    """What goes wrong inside is said of this share and domain."""
    try:
        yield
    except SharectlError as error:
        raise error.about(f"share {share} of domain {domain.name}") from error


def label(mapping: ShareMapping) -> str:
    """The name of the share, or its ID."""
    return mapping.share_name or mapping.share_id


def find(
    app: HostPorts, mappings: tuple[ShareMapping, ...], domain: Starting, need: Need
) -> ShareMapping | None:
    """The record by which `domain` may use what it needs; see `model.starting`."""
    base = str(app.config.mount_base)
    return starting.find(mappings, domain, need, base, lambda: app.host.identity)


def check_source(mapping: ShareMapping, mount: HostMount) -> None:
    """Raise `Refused` unless the mount is that of the mapping."""
    if not is_right(mapping, mount):
        raise Refused(
            f"{mapping.mount_point} is a mount of {mount.label}, not of"
            f" {mapping.export_location} ({mapping.access_level})",
            hint="mend it with: sharectl reconcile",
        )


def seconds_left(app: HostPorts, deadline: Deadline, at_most: float) -> float:
    """Seconds that a step may take, above 0."""
    left = min(at_most, deadline.remaining(app.clock))
    if left <= 0:
        raise Refused(
            f"its turn did not come within {deadline.seconds:g} s",
            hint="the file servers are slow; start the domain again, what is mounted stays",
        )
    return left


def mount_recorded(
    app: HostPorts, domain: Starting, need: Need, seen: ShareMapping, deadline: Deadline
) -> None:
    """Mount, unless another has done it while we waited for the lock."""
    try:
        with app.locks.share(seen.share_id, seconds_left(app, deadline, _LOCK_SECONDS)):
            mapping = find(app, app.store.load(), domain, need)
            if mapping is None:
                return
            mount = mounted_at(app.mounts.list(), mapping.mount_point)
            if mount is not None:
                check_source(mapping, mount)
                return
            key_file = app.secrets.file(mapping.share_id)
            if key_file is None and mapping.access_type is AccessType.CEPHX:
                raise Refused(
                    f"it is not mounted, and the key of {mapping.access_to} is not on this host",
                    hint="fetch it with: sharectl reconcile",
                )
            timeout = seconds_left(app, deadline, app.config.mount_timeout)
            with announced(app, Task.MOUNT, mapping):
                mount_share(app, mapping, key_file, timeout)
    except Busy as error:
        if _is_mounted(app, domain, need):
            return
        raise Busy(
            f"it is not mounted, and {error.message}",
            hint="start the domain again when that one is done",
        ) from error


def _is_mounted(app: HostPorts, domain: Starting, need: Need) -> bool:
    """Whether whoever has the lock has mounted it; `Refused` when the domain must not have it."""
    mapping = find(app, app.store.load(), domain, need)
    if mapping is None:
        return True
    mount = mounted_at(app.mounts.list(), mapping.mount_point)
    return mount is not None and is_right(mapping, mount)
