"""The mount of an export on the host, made and looked at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sharectl.errors import Unavailable
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import MountRequest, mounted_at
from sharectl.model.plan import is_right

if TYPE_CHECKING:
    from sharectl.ports import App


def mount_share(app: App, mapping: ShareMapping, key_file: Path | None, timeout: float) -> None:
    """Mount the mapping's export at its mount point within `timeout` seconds.

    The caller holds the share's lock. `key_file` has the cephx key. Raises `MountFailed` or
    `Unavailable`, with nothing mounted.
    """
    request = MountRequest(
        mapping.protocol, mapping.export_location, Path(mapping.mount_point),
        mapping.access_level, mapping.access_to, mapping.filesystem_name,
    )  # fmt: skip
    app.mounts.mount(request, key_file, timeout)
    found = mounted_at(app.mounts.list(), mapping.mount_point)
    if found is None or not is_right(mapping, found):
        # What was made just now is ours, even if it cannot be recognised later.
        app.mounts.unmount(mapping.mount_point, timeout, force=True)
        what = "nothing" if found is None else f"{found.source} ({found.fs_type})"
        raise Unavailable(
            f"after mounting {mapping.export_location}, {mapping.mount_point} shows {what}"
        )
