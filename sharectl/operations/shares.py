"""shares: what could be attached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sharectl.errors import SharectlError
from sharectl.model.enums import ShareProtocol
from sharectl.model.other_hosts import host_names, host_of
from sharectl.model.share import Share

if TYPE_CHECKING:
    from sharectl.ports import App


@dataclass(frozen=True)
class ShareView:
    """A share that could be attached, and the domains of this host that have it.

    `hosts` are the hosts whose sharectl has an access rule on it, this one included; None when
    that could not be looked at, or was not asked for.
    """

    share: Share
    domains: tuple[str, ...]
    hosts: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Shares:
    """The shares, and why the rules of some could not be looked at."""

    views: tuple[ShareView, ...]
    unseen: tuple[SharectlError, ...] = ()


def list_shares(app: App, *, with_hosts: bool = False) -> Shares:
    """The shares of the project that could be attached: available, NFS or CEPHFS.

    `with_hosts` is to look at their access rules as well, for the hosts.
    """
    views = _list(app)
    return _with_hosts(app, views) if with_hosts else Shares(views)


def _list(app: App) -> tuple[ShareView, ...]:
    mappings = app.store.load()
    names = {item.value for item in ShareProtocol}
    usable = [
        item for item in app.shares.list() if item.status == "available" and item.protocol in names
    ]
    return tuple(
        ShareView(item, tuple(m.domain_name for m in mappings if m.share_id == item.id))
        for item in sorted(usable, key=lambda item: (item.name, item.id))
    )


def _with_hosts(app: App, views: tuple[ShareView, ...]) -> Shares:
    seen = app.shares.survey([item.share.id for item in views])
    hosts = {
        share_id: {host for rule in look.rules if (host := host_of(rule)) is not None}
        for share_id, look in seen.items()
        if look.error is None
    }
    names = host_names(host for group in hosts.values() for host in group)
    unseen = tuple(
        look.error.about(f"share {share_id}")
        for share_id, look in seen.items()
        if look.error is not None
    )
    return Shares(
        tuple(
            replace(item, hosts=tuple(sorted(names[it] for it in hosts[item.share.id])))
            if item.share.id in hosts
            else item
            for item in views
        ),
        unseen,
    )
