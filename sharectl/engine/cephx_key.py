"""The cephx key of a share on this host: fetched from Manila, and kept for the next boot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sharectl.engine.deadlines import Deadline, Pause
from sharectl.errors import Denied, Unavailable

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from sharectl.model.share import AccessRule
    from sharectl.ports import App


def fetch_or_kept(app: App, share_id: str, rule: AccessRule, deadline: Deadline) -> Path:
    """The file with the key of `rule`, which is active; Manila has the key a little later.

    Where Manila hides the key, since another of its users made the rule, the one that was kept.
    Raises `Denied` when there is none, `WaitEnded` when the key does not come in time.
    """
    pause = Pause(app, deadline)
    try:
        while (key := app.shares.key(share_id, rule.id)) is None:
            pause.once(f"the cephx key of {rule.access_to}")
    except Denied:
        if (found := app.secrets.file(share_id)) is None:
            raise
        return found
    return app.secrets.put(share_id, key)


def kept(app: App, mapping: ShareMapping) -> Path:
    """The file with the kept key. Raises `Unavailable` when there is none."""
    file = app.secrets.file(mapping.share_id)
    if file is None:
        raise Unavailable(
            f"the cephx key of share {mapping.share_id} is not on this host, and Manila was"
            " not asked for it",
            hint=f"once Manila answers: sharectl reconcile {mapping.domain_word}",
        )
    return file
