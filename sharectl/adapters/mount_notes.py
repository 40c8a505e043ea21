"""What is noted of each mount that sharectl makes, one small file for each share.

They lie in the runtime folder, as the mounts do not outlive a boot either.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sharectl.adapters.files import private_folder, replace_file
from sharectl.config import Config
from sharectl.errors import StoreError
from sharectl.host_files import KIB, Cause, Unreadable, listed, parsed, read_text
from sharectl.model.enums import AccessLevel
from sharectl.model.mounts import MountNote

_MOST = 64 * KIB
_TEXTS = ("mount_point", "device", "source", "level")


class MountNotes:
    """The notes. Who writes or removes one holds the share's lock."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._folder = config.runtime_dir / "mounts"

    def write(self, note: MountNote) -> None:
        """Note a mount. Where there is no room it stays without, like one of an earlier version."""
        with suppress(OSError):
            private_folder(self._config.runtime_dir, self._folder)
            replace_file(self._file(note.mount_point), json.dumps(asdict(note)) + "\n")

    def remove(self, mount_point: str) -> None:
        """Forget a mount."""
        with suppress(OSError):
            self._file(mount_point).unlink(missing_ok=True)

    def read(self) -> dict[str, MountNote]:
        """All notes by mount point, without those that are damaged.

        Raises `StoreError` when the system does not let them be read for now: a mount that seems
        to have no note would be taken for somebody else's.
        """
        try:
            files = listed(self._folder, ".json")
        except Unreadable as error:
            if isinstance(error.__cause__, NotADirectoryError):
                return {}
            raise error.told(str(self._folder), StoreError) from error
        notes = (self._read(file) for file in files)
        return {note.mount_point: note for note in notes if note is not None}

    def _read(self, file: Path) -> MountNote | None:
        try:
            note = _note(parsed(json.loads, read_text(file, _MOST)))
        except Unreadable as error:
            if error.cause in (Cause.CONTENT, Cause.NO_FILE):
                return None
            raise error.told(str(file), StoreError) from error
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return note if self._file(note.mount_point) == file else None

    def _file(self, mount_point: str) -> Path:
        return self._folder / f"{Path(mount_point).name}.json"


def _note(document: Any) -> MountNote:
    texts = [document[key] for key in _TEXTS]
    texts.append(document.get("project_id", ""))  # which an earlier version did not note
    rule = document["rule_id"]
    if not all(isinstance(item, str) for item in texts) or not isinstance(rule, str | None):
        raise TypeError(document)
    mount_point, device, source, level, project = texts
    return MountNote(mount_point, device, source, AccessLevel(level), rule, project)
