"""show: one mapping, with its health as the host, libvirt and Manila know it.

It answers within seconds whatever is dead, and says what it could not see.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sharectl.errors import MountFailed, NotFound, SharectlError
from sharectl.model import access as rules_of
from sharectl.model.domain import Domain
from sharectl.model.enums import Health, RuleState
from sharectl.model.mapping import ShareMapping, has_device
from sharectl.model.mounts import HostMount, mounted_at
from sharectl.model.plan import is_right
from sharectl.operations.listing import find_recorded, look_at
from sharectl.operations.views import Listing, view

if TYPE_CHECKING:
    from sharectl.ports import App

_PROBE_TIMEOUT = 3.0  # seconds for a file server to answer
_STALE = ("Stale", "Transport endpoint", "Input/output error", "Host is down")


def show_mapping(app: App, domain: str, share: str) -> Listing:
    """One mapping with its health. Raises `NotFound`."""
    found = find_recorded(app, domain, share)
    domains, unseen = look_at(app, {found.domain_uuid})
    seen = view(found, domains.get(found.domain_uuid), seen=not unseen)
    health = Health.UNKNOWN
    if not unseen:
        health = _local_health(app, found, domains.get(found.domain_uuid))
    more, unseen_manila = _manila_health(app, found)
    if more is not None and health is not Health.DOMAIN_MISSING:
        health = more
    return Listing((replace(seen, health=health),), unseen + unseen_manila)


def _manila_health(
    app: App, mapping: ShareMapping
) -> tuple[Health | None, tuple[SharectlError, ...]]:
    """What Manila knows to be wrong; None for nothing."""
    try:
        rules = app.shares.rules(mapping.share_id)
    except NotFound:
        return Health.SHARE_MISSING, ()
    except SharectlError as error:
        return None, (error,)
    rule = rules_of.find_rule(rules, mapping.access)
    granted = (
        rule is not None
        and rule.state is RuleState.ACTIVE
        and rules_of.allows(rule, mapping.access_level)
    )
    return (None if granted else Health.NO_ACCESS), ()


def _local_health(app: App, mapping: ShareMapping, domain: Domain | None) -> Health:
    """The health as far as this host knows it; `domain` is None when it is gone."""
    if domain is None:
        return Health.DOMAIN_MISSING
    mount = mounted_at(app.mounts.list(), mapping.mount_point)
    if mount is None:
        return Health.NOT_MOUNTED
    if not is_right(mapping, mount):
        return Health.WRONG_SOURCE
    if not has_device(mapping, domain):
        return Health.NO_DEVICE
    return _server_health(app, mount)


def _server_health(app: App, mount: HostMount) -> Health:
    try:
        alive = app.mounts.responds(mount.mount_point, _PROBE_TIMEOUT)
    except MountFailed as error:
        stale = any(word in error.message for word in _STALE)
        return Health.STALE if stale else Health.NO_ACCESS
    return Health.OK if alive else Health.UNREACHABLE
