"""Where steps are carried out, and what they write into the mapping's record."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sharectl.engine.deadlines import DOMAIN_LOCK_SECONDS, Deadline
from sharectl.engine.observe import observe
from sharectl.errors import StoreError
from sharectl.model.mapping import ShareMapping

if TYPE_CHECKING:
    from sharectl.model.observed import Observed
    from sharectl.ports import App, Transaction


@dataclass(frozen=True)
class Effort:
    """How hard to try.

    Attributes:
        deadline: until when to wait for Manila.
        force: give up what a dead file server still holds.
        manila: whether to ask and change Manila.
        mount_seconds: how long a file server may take to be mounted; None is as configured.
    """

    deadline: Deadline
    force: bool = False
    manila: bool = True
    mount_seconds: float | None = None


@dataclass(frozen=True)
class Site:
    """The mapping that steps are carried out for, with the ports of where it was attached."""

    app: App
    mapping: ShareMapping
    effort: Effort

    def look(self) -> Observed:
        """Who uses the mount now: another moment than that of the plan."""
        return observe(self.app, self.mapping.share_id, manila=False)

    def remember(self, **changes: Any) -> None:
        """Write what has become of the mapping into its record."""
        with self.app.store.transaction() as store:
            store.put(replace(self.stored(store), **changes))

    def stored(self, store: Transaction) -> ShareMapping:
        """The record as it is now. Raises `StoreError` when there is none."""
        for item in store.mappings:
            if item.id == self.mapping.id:
                return item
        raise StoreError(
            f"the record of share {self.mapping.share_id} at domain {self.mapping.domain_name} has"
            " vanished from the store",
            hint="see what is recorded: sharectl list; what is left: sharectl reconcile",
        )

    def domain_lock(self, uuid: str) -> AbstractContextManager[None]:
        """Held only around short calls, so a few seconds' wait is enough at any deadline."""
        return self.app.locks.domain(uuid, DOMAIN_LOCK_SECONDS)
