"""forget: drop the record of a mapping, and touch nothing that it speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharectl.engine.announce import announced
from sharectl.engine.records import drop
from sharectl.model import checks
from sharectl.model.event import Task
from sharectl.model.mapping import ShareMapping, has_device, has_live_device
from sharectl.model.mounts import mounted_at
from sharectl.operations.lookup import find_recorded, look_at

if TYPE_CHECKING:
    from sharectl.ports import App

_LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Forgettable:
    """A mapping whose record can be dropped, and what would be left of it."""

    mapping: ShareMapping
    left: tuple[str, ...]


def look(app: App, domain: str, share: str) -> Forgettable:
    """What `forget_mapping` would leave. Raises `NotFound`."""
    app.host.check_root("forget")
    checks.check_ident("domain", domain)
    checks.check_ident("share", share)
    mapping = find_recorded(app, domain, share, verb="forget")
    return Forgettable(mapping, tuple(_left(app, mapping)))


def _left(app: App, mapping: ShareMapping) -> list[str]:
    left = []
    if mapping.owns_rule:
        left.append(
            f"access rule {mapping.rule_id or '(unknown)'} on share {mapping.share_id} for"
            f" {mapping.access_type} {mapping.access_to}"
        )
    if (mount := mounted_at(app.mounts.list(), mapping.mount_point)) is not None:
        left.append(f"mount of {mount.source} on {mapping.mount_point}")
    if (key := app.secrets.file(mapping.share_id)) is not None:
        left.append(f"key {key}")
    seen, unseen = look_at(app, (mapping,))
    domain = seen.get(mapping.domain_uuid)
    if unseen:
        left.append(f"whatever domain {mapping.domain_name} has of it ({unseen[0].message})")
    elif domain is not None and (has_device(mapping, domain) or has_live_device(mapping, domain)):
        left.append(f"filesystem {mapping.tag} in domain {domain.name}")
    return left


def forget_mapping(app: App, found: Forgettable) -> None:
    """Drop the record. What others of the share or the domain have to know is handed on."""
    lock = app.locks.share(found.mapping.share_id, _LOCK_SECONDS)
    with lock, announced(app, Task.FORGET, found.mapping):
        drop(app, found.mapping)
