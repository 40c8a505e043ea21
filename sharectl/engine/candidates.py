"""The export locations of a share: which of them this host can reach, and as whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sharectl.errors import MountFailed, ServerDead, SharectlError, Unavailable
from sharectl.model import access as rules_of
from sharectl.model import export_location
from sharectl.model.enums import ShareProtocol

if TYPE_CHECKING:
    from sharectl.model.share import Share
    from sharectl.ports import App

_ROUTES_SECONDS = 10.0  # for the names of all servers of a share to be looked up


def reachable(app: App, share: Share) -> tuple[str, ...]:
    """The export locations in the order to try them: those with a route first.

    A single one is not looked at. Raises `Refused` when there is none, `ServerDead` when there are
    several and this host has no route to any, nor another way to know its address.
    """
    found = export_location.candidates(share)
    if len(found) == 1:
        return found
    protocol = ShareProtocol(share.protocol)
    end = app.clock.monotonic() + _ROUTES_SECONDS
    unreached: dict[str, Unavailable] = {}
    for location in found:
        error = _no_route(app, protocol, location) if app.clock.monotonic() < end else None
        if error is not None:
            unreached[location] = error
    asks_route = protocol is ShareProtocol.NFS and app.config.nfs_access_to is None
    if len(unreached) == len(found) and asks_route:
        raise none_answers(share.id, unreached)
    return tuple(sorted(found, key=lambda location: location in unreached))


def _no_route(app: App, protocol: ShareProtocol, location: str) -> Unavailable | None:
    """Why this host cannot send to any server of the location; None when it can."""
    failure: Unavailable | None = None
    for server in export_location.servers(protocol, location):
        try:
            app.mounts.local_address(server)
        except Unavailable as error:
            failure = error
        else:
            return None
    return failure


def others(app: App, share: Share, mounted: str) -> tuple[str, ...]:
    """Those to try after `mounted`; none when the admin chose that."""
    records = (item for item in app.store.load() if item.share_id == share.id)
    if any(item.location_chosen for item in records):
        return ()
    protocol, found = ShareProtocol(share.protocol), export_location.candidates(share)
    rest = [item for item in found if not export_location.same_export(protocol, item, mounted)]
    if not rest:
        return ()
    ordered = reachable(app, share)
    return tuple(item for item in ordered if item in rest)


def none_answers(share: str, failures: Mapping[str, SharectlError]) -> SharectlError:
    """The error when none of several export locations can be used, with why, one by one.

    `MountFailed` with its own hint when a file server has answered and refused, else `ServerDead`.
    """
    refused = next((item for item in failures.values() if isinstance(item, MountFailed)), None)
    kind = ServerDead if refused is None else MountFailed
    reasons = "; ".join(f"{location}: {error.message}" for location, error in failures.items())
    return kind(
        f"share {share} cannot be mounted from any of its {len(failures)} export locations:"
        f" {reasons}",
        hint=refused.hint
        if refused is not None
        else "check that one of its file servers is up and that no firewall is in between; see"
        f" them: openstack share export location list {share}",
    )


def new_client(app: App, share_id: str, protocol: ShareProtocol, source: str) -> str:
    """Whom to grant access to a share of which nothing is mounted yet, or no longer from there.

    This host's address towards the server, or its cephx id. Raises `Unavailable` when it has no
    route to the server.
    """
    if protocol is ShareProtocol.CEPHFS:
        configured = app.config.cephfs_access_to
        return configured or rules_of.cephx_id(app.host.identity, share_id)
    if app.config.nfs_access_to:
        return app.config.nfs_access_to
    return app.mounts.local_address(export_location.parse(protocol, source).servers[0].host)
