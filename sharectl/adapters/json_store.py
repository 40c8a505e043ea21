"""The mapping store: TinyDB on a storage that survives crashes and concurrent writers.

TinyDB's own JSONStorage writes in place and truncates, so that a reader in between, or a crash,
finds half a document; its documentation says that it is not for several processes. Here every
write replaces the whole file and keeps the one before as backup, and every read-modify-write
holds a lock on a file of its own, since the store's inode changes with each write.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharectl.adapters import store_schema
from sharectl.errors import SharectlError, StoreError, said
from sharectl.host_files import MIB, Cause, Unreadable, parsed, quoted, read_text, telling
from sharectl.model.mapping import ShareMapping

if TYPE_CHECKING:
    from tinydb.table import Table

_TABLE = "mappings"
_LOCK_TIMEOUT = 10.0  # seconds; a transaction takes milliseconds
_MOST = 64 * MIB  # some 40,000 mappings
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


class ReplacingStorage:
    """Reads a whole file and replaces it as a whole, keeping the previous generation.

    It has the methods of TinyDB's `Storage` without being one: reading, which is all that the
    hook does, need not import TinyDB.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Any]:
        """The document, with an empty table when there has never been one. Raises `StoreError`."""
        document = read_document(self._path)
        return {_TABLE: {}} if document is None else document

    def write(self, data: Mapping[str, Any]) -> None:
        """Replace the document. Raises `StoreError`."""
        from sharectl.adapters.files import replace_file

        data = {**data, **store_schema.stamp()}
        with telling(f"store {self._path} cannot be written", self._path, StoreError):
            _keep_previous(self._path)
            replace_file(self._path, json.dumps(data, indent=1, sort_keys=True) + "\n")

    def close(self) -> None:
        """Nothing stays open."""


def backup_of(path: Path) -> Path:
    """Where the previous generation of the store is kept."""
    return path.with_name(path.name + ".bak")


def _keep_previous(path: Path) -> None:
    """Make the present file the backup, by a second name: its content is already on disk."""
    temporary = path.with_name(path.name + ".bak.new")
    with suppress(FileNotFoundError):
        temporary.unlink()
    with suppress(FileNotFoundError):
        os.link(path, temporary)
        temporary.replace(backup_of(path))


def read_document(path: Path) -> dict[str, Any] | None:
    """The store's document in the present schema; None for a host without mappings yet.

    Raises `StoreError` for a file that is damaged, newer than this sharectl, or gone while its
    backup is still there.
    """
    try:
        text = read_text(path, _MOST)
    except FileNotFoundError as error:
        if _is_there(backup_of(path)):
            raise _damaged(path, "it is gone, but its backup is there") from error
        return None
    except Unreadable as error:
        raise _unreadable(path, error) from error
    return _parse(path, text)


def _loads(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique)


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return store_schema.migrate(parsed(_loads, text))
    except store_schema.TooNew as error:
        raise StoreError(
            f"store {path} has schema {error.version}, this sharectl knows {error.known}",
            hint=f"install the sharectl that wrote it; the backup is {quoted(backup_of(path))}",
        ) from error
    except _DAMAGE as error:
        why = f"it is not a sharectl store ({said(error)})"
        raise _damaged(path, why) from error


def _mappings(document: dict[str, Any]) -> list[ShareMapping]:
    found = [store_schema.mapping(item) for item in document["mappings"].values()]
    for item in found:
        store_schema.check_names(item)
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; of two equal keys json would keep the second, an empty table perhaps."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands in it twice")
    return found


def _unreadable(path: Path, error: Unreadable) -> SharectlError:
    """What is not the fault of the content is not mended by the backup."""
    match error.cause:
        case Cause.CONTENT:
            return _damaged(path, error.reason)
        case Cause.NO_FILE if not os.path.islink(path):  # noqa: PTH114 - never raises
            backup, store = quoted(backup_of(path)), quoted(path)
            hint = f"put it aside: mv {store} {quoted(_aside(path))}"
            if _is_good(backup_of(path)):
                hint += f"; cp {backup} {store}"
            return error.told(f"store {path}", StoreError, hint)
        case _:
            return error.told(f"store {path}", StoreError)


def _damaged(path: Path, why: str) -> StoreError:
    backup, store, kept = quoted(backup_of(path)), quoted(path), _is_there(backup_of(path))
    restore = (
        f"check the backup of the previous state, then: cp {backup} {store}"
        if kept and _is_good(backup_of(path))
        else "restore it from a backup of this host"
    )
    anew = f"or make it anew from the domains' metadata: mv {store} {quoted(_aside(path))}"
    if kept:
        anew += f"; mv {backup} {quoted(_aside(backup_of(path)))}"
    hint = f"{restore}; {anew}; sharectl adopt"
    return StoreError(f"store {path} cannot be read: {why}", hint=hint)


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ".bad")


def _is_there(path: Path) -> bool:
    """Whether there is anything of that name, be it unreadable."""
    return os.path.lexists(path)


def _is_good(backup: Path) -> bool:
    """Whether the store could be read if it were this file."""
    try:
        _mappings(store_schema.migrate(parsed(_loads, read_text(backup, _MOST))))
    except (OSError, Unreadable, store_schema.TooNew, *_DAMAGE):
        return False
    return True


class JsonStore:
    """`MappingStore` in one JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> tuple[ShareMapping, ...]:
        """All mappings, in the order in which they were made."""
        document = read_document(self._path)
        if document is None:
            return ()
        try:
            found = _mappings(document)
        except _DAMAGE as error:
            raise _damaged(self._path, f"a mapping in it is damaged ({error!r})") from error
        return tuple(sorted(found, key=lambda item: (item.created_at, item.id)))

    @contextmanager
    def transaction(self, wait: float | None = None) -> Iterator[_Transaction]:
        """Hold the store's lock; each change is on disk when it returns."""
        from sharectl.adapters.file_lock import hold
        from sharectl.adapters.files import private_folder

        folder = self._path.parent
        with telling(f"{folder} cannot be made", folder, StoreError):
            private_folder(folder)
        lock = self._path.with_name(self._path.stem + ".lock")
        with hold(lock, _LOCK_TIMEOUT if wait is None else wait, "the mapping store"):
            self.load()  # a damaged store must not be written over
            yield _Transaction(self)

    @contextmanager
    def table(self) -> Iterator[Table]:
        """The TinyDB table of the mappings; whatever TinyDB raises is a `StoreError`."""
        from tinydb import TinyDB

        class Database(TinyDB):
            """TinyDB 3 makes its default table when it is opened; `mappings` is there anyway."""

            DEFAULT_TABLE = default_table_name = _TABLE

        try:
            with Database(self._path, storage=ReplacingStorage) as database:
                yield database.table(_TABLE)
        except (SharectlError, MemoryError):
            raise
        except Exception as error:
            raise StoreError(f"store {self._path} cannot be changed: {said(error)}") from error


class _Transaction:
    def __init__(self, store: JsonStore) -> None:
        self._store = store

    @property
    def mappings(self) -> tuple[ShareMapping, ...]:
        """All mappings."""
        return self._store.load()

    def put(self, mapping: ShareMapping) -> None:
        """Write a mapping."""
        from tinydb import where

        try:
            store_schema.check_names(mapping)  # it could not be read again
        except ValueError as error:
            raise StoreError(
                f"a mapping cannot be recorded: its {error}",
                hint="see where it comes from: run it again with --debug",
            ) from error
        with self._store.table() as table:
            same = where("id") == mapping.id
            # Not upsert(), which writes a file without the new mapping first.
            if table.contains(same):
                table.update(store_schema.document(mapping), same)
            else:
                table.insert(store_schema.document(mapping))

    def delete(self, mapping_id: str) -> None:
        """Forget a mapping."""
        from tinydb import where

        with self._store.table() as table:
            table.remove(where("id") == mapping_id)
