"""A share that Manila exports elsewhere by now: whether, where, and when that can be followed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sharectl.engine.candidates import new_client, reachable
from sharectl.model.action import ReplaceMount
from sharectl.model.cephfs import filesystem_name
from sharectl.model.enums import ShareProtocol
from sharectl.model.export_location import same_export
from sharectl.model.mapping import ShareMapping
from sharectl.model.mount_use import is_ours
from sharectl.model.mount_users import check_replaceable
from sharectl.model.mounts import mounted_at
from sharectl.model.plan import foreign_mount

if TYPE_CHECKING:
    from sharectl.model.observed import Observed
    from sharectl.model.survey import Survey
    from sharectl.ports import App


@dataclass(frozen=True)
class Destination:
    """Where a share is exported now: location, client, and CephFS volume."""

    export_location: str
    access_to: str
    filesystem_name: str | None

    def of(self, mapping: ShareMapping, rules: tuple[str, ...] = ()) -> ShareMapping:
        """The mapping of the share that is exported there; see `ShareMapping.moved`."""
        moved = mapping.moved(self.export_location, self.access_to, rules)
        return replace(moved, filesystem_name=self.filesystem_name)


def has_moved(mapping: ShareMapping, seen: Survey) -> bool:
    """Whether Manila no longer lists the recorded export location, or names another volume."""
    if not mapping.wanted:
        return False  # the mount is where it was, and is to go
    share = seen.share(mapping.share_id)
    if share is None or share.status != "available" or not share.export_paths:
        return False
    named = filesystem_name(share.metadata) if share.metadata is not None else None
    if share.metadata is not None and named != mapping.filesystem_name:
        return mapping.protocol is ShareProtocol.CEPHFS
    recorded = mapping.export_location
    return not any(same_export(mapping.protocol, recorded, p) for p in share.export_paths)


def destination(app: App, mapping: ShareMapping) -> Destination:
    """Where the share is exported now, and to whom.

    The route to another address may begin at another address of this host.
    """
    share = app.shares.find(mapping.share_id)
    where, to = reachable(app, share)[0], mapping.access_to
    if mapping.protocol is ShareProtocol.NFS:
        to = new_client(app, share.id, mapping.protocol, where)
    return Destination(where, to, filesystem_name(share.metadata))


def check_followable(mapping: ShareMapping, to: Destination, observed: Observed) -> None:
    """Raise `InUse` while a guest runs with the mount, `Refused` while it is not of sharectl."""
    mount = mounted_at(observed.mounts, mapping.mount_point)
    if mount is None:
        return
    if not is_ours(mapping, mount, observed.notes.get(mapping.mount_point)):
        raise foreign_mount(mapping, mount)
    check_replaceable(ReplaceMount(mapping, f"is no mount of {to.export_location}"), observed)
