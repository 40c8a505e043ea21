"""The share mappings of this host."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping


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

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Hold the store's lock for a short read-modify-write. Raises `Busy`."""
