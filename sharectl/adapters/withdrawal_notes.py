"""Notes of access rules that no record speaks of and that are to be withdrawn: a file per share.

They are not in the store, whose loss is what leaves such rules behind.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from sharectl.adapters.files import private_folder, replace_file
from sharectl.errors import StoreError, said
from sharectl.host_files import KIB, Unreadable, listed, parsed, quoted, read_text, telling
from sharectl.model.withdrawal import Withdrawal

_SUFFIX = ".json"
_MOST = 256 * KIB


class WithdrawalNotes:
    """`Withdrawals` in a folder. Whoever writes holds the share's lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, note: Withdrawal) -> None:
        """Write the note; on disk when it returns."""
        path = self._path(note.share_id)
        with telling(f"cannot write {path}", path, StoreError):
            private_folder(self._folder.parent, self._folder)
            replace_file(path, json.dumps(asdict(note), indent=1, sort_keys=True) + "\n")

    def list(self) -> tuple[Withdrawal, ...]:
        """All notes, by share. Raises `StoreError`."""
        try:
            paths = listed(self._folder, _SUFFIX)
        except Unreadable as error:
            raise error.told(str(self._folder), StoreError) from error
        return tuple(note for path in paths for note in _read(path))

    def delete(self, share_id: str) -> None:
        """Drop the note, if there is one."""
        path = self._path(share_id)
        with telling(f"cannot delete {path}", path, StoreError):
            path.unlink(missing_ok=True)

    def _path(self, share_id: str) -> Path:
        return self._folder / f"{share_id}{_SUFFIX}"


def _read(path: Path) -> tuple[Withdrawal, ...]:
    """The note; none when somebody has dropped it meanwhile."""
    try:
        text = read_text(path, _MOST)
    except FileNotFoundError:
        return ()
    except Unreadable as error:
        raise error.told(str(path), StoreError) from error
    try:
        note = _parsed(parsed(json.loads, text))
        if note.share_id != path.stem:
            raise ValueError(f"it is of share {note.share_id}")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreError(
            f"{path} cannot be read: {said(error)}",
            hint=f"it names access rules that are to be withdrawn; look at it: cat {quoted(path)}",
        ) from error
    return (note,)


def _parsed(values: Any) -> Withdrawal:
    texts = {item.name: values[item.name] for item in fields(Withdrawal) if item.name != "rules"}
    rules = values["rules"]
    if not isinstance(rules, list):
        raise TypeError("it is not a note of sharectl's")
    if not all(isinstance(item, str) for item in (*texts.values(), *rules)):
        raise TypeError("it is not a note of sharectl's")
    return Withdrawal(**texts, rules=tuple(rules))
