"""The mapping store, the key files and the notes of withdrawals, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sharectl.errors import StoreError
from sharectl.model.mapping import ShareMapping
from sharectl.model.secret import CephxKey
from sharectl.model.withdrawal import Withdrawal


class MemoryStore:
    """`MappingStore`. Also its own `Transaction`, since nobody else can hold it."""

    def __init__(self) -> None:
        self._mappings: dict[str, ShareMapping] = {}
        self._open = False
        self.unreadable = False

    @property
    def mappings(self) -> tuple[ShareMapping, ...]:
        """All mappings; inside a transaction as well."""
        return self.load()

    def load(self) -> tuple[ShareMapping, ...]:
        """All mappings, in the order in which they were made."""
        if self.unreadable:
            raise StoreError("store /var/lib/sharectl/mappings.json cannot be read: test")
        return tuple(sorted(self._mappings.values(), key=lambda item: (item.created_at, item.id)))

    @contextmanager
    def transaction(self, wait: float | None = None) -> Iterator[MemoryStore]:
        """The store, held; a second time inside would wait for itself."""
        assert not self._open, "a transaction inside a transaction"
        self._open = True
        try:
            yield self
        finally:
            self._open = False

    def put(self, mapping: ShareMapping) -> None:
        """Write a mapping."""
        assert self._open, "a write without the store's lock"
        self._mappings[mapping.id] = mapping

    def delete(self, mapping_id: str) -> None:
        """Forget a mapping."""
        assert self._open, "a write without the store's lock"
        self._mappings.pop(mapping_id, None)


class FakeSecrets:
    """`Secrets`; `files` is what lies in the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files: dict[Path, str] = {}

    def put(self, share_id: str, key: CephxKey) -> Path:
        """Write the key."""
        path = self._folder / f"{share_id}.key"
        self.files[path] = key.reveal()
        return path

    def file(self, share_id: str) -> Path | None:
        """The key's file, if there is one."""
        path = self._folder / f"{share_id}.key"
        return path if path in self.files else None

    def delete(self, share_id: str) -> None:
        """Remove the key."""
        self.files.pop(self._folder / f"{share_id}.key", None)


class FakeWithdrawals:
    """`Withdrawals`; `notes` are by share."""

    def __init__(self) -> None:
        self.notes: dict[str, Withdrawal] = {}

    def put(self, note: Withdrawal) -> None:
        """Write the note."""
        self.notes[note.share_id] = note

    def list(self) -> tuple[Withdrawal, ...]:
        """All notes, by share."""
        return tuple(self.notes[key] for key in sorted(self.notes))

    def delete(self, share_id: str) -> None:
        """Drop the note, if there is one."""
        self.notes.pop(share_id, None)
