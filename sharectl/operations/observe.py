"""One look at everything that concerns a share on this host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharectl.errors import NotFound
from sharectl.model.mapping import ShareMapping
from sharectl.model.observed import Observed
from sharectl.model.share import AccessRule

if TYPE_CHECKING:
    from sharectl.ports import App


def observe(
    app: App, share_id: str, *, new: ShareMapping | None = None, manila: bool = True
) -> Observed:
    """What is there now.

    Args:
        app: the ports.
        share_id: the share to look at.
        new: a mapping that is not in the store yet, seen as if it were.
        manila: whether to ask Manila; otherwise rules count as not looked at.

    Raises `Unavailable` and whatever else looking can raise: a look that failed is never empty.
    """
    mappings = tuple(item for item in app.store.load() if item.share_id == share_id)
    if new is not None:
        mappings = (*(item for item in mappings if item.id != new.id), new)
    rules: tuple[AccessRule, ...] | None = None
    exists = True
    if manila:
        try:
            rules = app.shares.rules(share_id)
        except NotFound:
            rules, exists = (), False
    return Observed(mappings, rules, app.mounts.list(), app.domains.list(), exists)
