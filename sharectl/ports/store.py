"""The share mappings of this host, and the notes of what no mapping speaks of."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from sharectl.model.withdrawal import Withdrawal


class Transaction(Protocol):
    """The store while its lock is held."""

    @property
    def mappings(self) -> tuple[ShareMapping, ...]:
        """All mappings as they are now."""

    def put(self, mapping: ShareMapping) -> None:
        """Write a mapping, new or changed; on disk when it returns."""

    def delete(self, mapping_id: str) -> None:
        """Forget a mapping; nothing to do when it is not there."""


class MappingStore(Protocol):
    """The share mappings of this host. All raise `StoreError`; no error reads as empty."""

    def load(self) -> tuple[ShareMapping, ...]:
        """All mappings, without any lock: the file is replaced as a whole."""

    def transaction(self, wait: float | None = None) -> AbstractContextManager[Transaction]:
        """Hold the store's lock for a short read-modify-write.

        `wait` is how many seconds another process may hold it; None for the usual time. Raises
        `Busy`.
        """


class Withdrawals(Protocol):
    """Notes of what is to be withdrawn although no record speaks of it, one per share.

    All raise `StoreError`. Whoever writes holds the share's lock.
    """

    def put(self, note: Withdrawal) -> None:
        """Write the note, for the older one of the same share; on disk when it returns."""

    def list(self) -> tuple[Withdrawal, ...]:
        """All notes."""

    def delete(self, share_id: str) -> None:
        """Drop the note, if there is one."""
