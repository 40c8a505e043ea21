"""cephx keys: one file per share, 0600 in a 0700 folder, while the share is attached.

A boot can then mount without Keystone. The file holds the bare key, as `secretfile=` wants it.
"""

from __future__ import annotations

from pathlib import Path

from sharectl.adapters.files import private_folder, replace_file
from sharectl.errors import StoreError
from sharectl.host_files import telling
from sharectl.model.secret import CephxKey


class SecretFiles:
    """`Secrets` in a folder. The caller holds the share's lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, share_id: str, key: CephxKey) -> Path:
        """Write the key."""
        path = self._path(share_id)
        with telling(f"cannot write {path}", path, StoreError):
            private_folder(self._folder.parent, self._folder)
            replace_file(path, key.reveal() + "\n")
        return path

    def file(self, share_id: str) -> Path | None:
        """The key's file, if it is there."""
        path = self._path(share_id)
        with telling(f"cannot look at {path}", path, StoreError):
            return path if path.is_file() else None

    def delete(self, share_id: str) -> None:
        """Remove the key."""
        path = self._path(share_id)
        with telling(f"cannot delete {path}", path, StoreError):
            path.unlink(missing_ok=True)

    def _path(self, share_id: str) -> Path:
        return self._folder / f"{share_id}.key"
