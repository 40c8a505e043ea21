"""A share that Manila exports elsewhere by now: whether, where, and when that can be followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.model import export_location
from sharectl.model.action import ReplaceMount
from sharectl.model.enums import ShareProtocol
from sharectl.model.export_location import same_export
from sharectl.model.mount_use import check_replaceable
from sharectl.model.mounts import mounted_at
from sharectl.operations.preflight import new_client

if TYPE_CHECKING:
    from sharectl.model.domain import Domain
    from sharectl.model.mapping import ShareMapping
    from sharectl.model.mounts import HostMount
    from sharectl.operations.survey import Survey
    from sharectl.ports import App


def has_moved(mapping: ShareMapping, seen: Survey) -> bool:
    """Whether Manila no longer lists the recorded export location, of which more is wanted."""
    if not mapping.wanted:
        return False  # the mount is where it was, and is to go
    share = seen.shares.get(mapping.share_id) if seen.shares else None
    if share is None or share.status != "available" or not share.export_paths:
        return False
    recorded = mapping.export_location
    return not any(same_export(mapping.protocol, recorded, p) for p in share.export_paths)


def destination(app: App, mapping: ShareMapping) -> tuple[str, str]:
    """Where the share is exported now, and to whom.

    The route to another address may begin at another address of this host.
    """
    share = app.shares.find(mapping.share_id)
    where = export_location.choose(share)
    if mapping.protocol is ShareProtocol.NFS:
        return where, new_client(app, share, mapping.protocol, where)
    return where, mapping.access_to


def check_followable(
    mapping: ShareMapping,
    where: str,
    mounts: tuple[HostMount, ...],
    domains: tuple[Domain, ...] | None,
) -> None:
    """Raise `InUse` while a guest runs with the mount: the record has to say what is mounted."""
    if mounted_at(mounts, mapping.mount_point) is not None:
        check_replaceable(ReplaceMount(mapping, f"is no mount of {where}"), domains)
