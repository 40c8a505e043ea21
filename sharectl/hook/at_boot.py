"""At boot: each recorded share is mounted, before libvirt starts any domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.engine.deadlines import Deadline
from sharectl.errors import ServerDead, SharectlError, Unavailable
from sharectl.hook.recorded_mount import about, label, mount_recorded
from sharectl.model import starting
from sharectl.model.export_location import servers
from sharectl.model.mounts import mounted_at

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from sharectl.ports import HostPorts

BOOT_SECONDS = 120.0  # for all shares of the host; libvirt's daemon starts after it


def mount_all(app: HostPorts) -> tuple[SharectlError, ...]:
    """Mount each recorded share that is not mounted, as at boot; returns what failed.

    Neither libvirt nor Manila is asked: at boot libvirt is to start after it, and the mounts
    need no credentials but the key files. The file servers are waited for side by side.
    """
    from concurrent.futures import ThreadPoolExecutor  # no domain's start needs it

    deadline = Deadline.after(app.clock, BOOT_SECONDS)
    mounts = app.mounts.list()
    wanted = {item.mount_point: item for item in app.store.load() if item.wanted}
    groups: dict[tuple[str, ...], list[ShareMapping]] = {}
    for mapping in wanted.values():
        if mounted_at(mounts, mapping.mount_point) is None:
            by = servers(mapping.protocol, mapping.export_location)
            groups.setdefault(by, []).append(mapping)
    with ThreadPoolExecutor(max(1, len(groups))) as pool:
        failures = pool.map(lambda group: _mount_of_server(app, group, deadline), groups.values())
        return tuple(error for found in failures for error in found)


def _mount_of_server(
    app: HostPorts, mappings: list[ShareMapping], deadline: Deadline
) -> list[SharectlError]:
    """Mount what lies on one file server, which is waited for once if it does not answer."""
    failures: list[SharectlError] = []
    dead: ServerDead | None = None
    for mapping in mappings:
        owner = starting.of_record(mapping)
        (need,) = starting.needs(owner)
        try:
            with about(owner, label(mapping)):
                if dead is not None:
                    by = ", ".join(servers(mapping.protocol, mapping.export_location))
                    raise Unavailable(f"file server {by} did not answer before", hint=dead.hint)
                mount_recorded(app, owner, need, mapping, deadline)
        except ServerDead as error:
            dead = error
            failures.append(error)
        except SharectlError as error:
            failures.append(error)
    return failures
