"""shares: what could be attached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharectl.model.enums import ShareProtocol
from sharectl.model.share import Share

if TYPE_CHECKING:
    from sharectl.ports import App


@dataclass(frozen=True)
class ShareView:
    """A share that could be attached, and the domains of this host that have it."""

    share: Share
    domains: tuple[str, ...]


def list_shares(app: App) -> tuple[ShareView, ...]:
    """The shares of the project that could be attached: available, NFS or CEPHFS."""
    mappings = app.store.load()
    names = {item.value for item in ShareProtocol}
    usable = [
        item for item in app.shares.list() if item.status == "available" and item.protocol in names
    ]
    return tuple(
        ShareView(item, tuple(m.domain_name for m in mappings if m.share_id == item.id))
        for item in sorted(usable, key=lambda item: (item.name, item.id))
    )
