"""Notes of access rules that no record speaks of and that are to be withdrawn: a file per share.

They are not in the store, whose loss is what leaves such rules behind.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from sharectl.adapters.files import private_folder, replace_file
from sharectl.errors import StoreError
from sharectl.model.withdrawal import Withdrawal

_SUFFIX = ".json"


class WithdrawalNotes:
    """`Withdrawals` in a folder. Whoever writes holds the share's lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, note: Withdrawal) -> None:
        """Write the note; on disk when it returns."""
        path = self._path(note.share_id)
        try:
            private_folder(self._folder.parent, self._folder)
            replace_file(path, json.dumps(asdict(note), indent=1, sort_keys=True) + "\n")
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from error

    def list(self) -> tuple[Withdrawal, ...]:
        """All notes, by share. Raises `StoreError`."""
        return tuple(_read(path) for path in sorted(self._folder.glob(f"*{_SUFFIX}")))

    def delete(self, share_id: str) -> None:
        """Drop the note, if there is one."""
        path = self._path(share_id)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"cannot delete {path}: {error.strerror}") from error

    def _path(self, share_id: str) -> Path:
        return self._folder / f"{share_id}{_SUFFIX}"


def _read(path: Path) -> Withdrawal:
    try:
        note = _parsed(json.loads(path.read_text(encoding="utf-8")))
        if note.share_id != path.stem:
            raise ValueError(f"it is of share {note.share_id}")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreError(
            f"{path} cannot be read: {error}",
            hint=f"it names access rules that are to be withdrawn; look at it: cat {path}",
        ) from error
    return note


def _parsed(values: Any) -> Withdrawal:
    texts = {item.name: values[item.name] for item in fields(Withdrawal) if item.name != "rules"}
    rules = values["rules"]
    if not isinstance(rules, list):
        raise TypeError("it is not a note of sharectl's")
    if not all(isinstance(item, str) for item in (*texts.values(), *rules)):
        raise TypeError("it is not a note of sharectl's")
    return Withdrawal(**texts, rules=tuple(rules))
