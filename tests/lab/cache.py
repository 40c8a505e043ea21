"""Folders that are built once per machine and then kept: venvs, kernels, databases.

They lie outside the checkout, so that a fresh clone finds them, and not below /tmp, which
the lab VM covers with its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(os.environ.get("SHARECTL_LAB_CACHE", "/var/cache/sharectl-lab"))
_STAMP = ".complete"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the cache's lock called `name`; a second process waits for the first."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f".{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def digest(*parts: str | Path) -> str:
    """A short hash of texts and of the contents of files, to name what was built from them."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        total.update(b"\0")
    return total.hexdigest()[:12]


def built(name: str, recipe: str, build: Callable[[Path], None]) -> Path:
    """The folder CACHE/name-HASH(recipe), built by `build(folder)` when it is not there yet.

    It is built where it will stay, since a venv cannot be moved; a stamp marks it complete, and
    a folder without the stamp (an interrupted build) is thrown away. Older recipes' folders of
    the same name stay: another checkout may be using them.
    """
    folder = CACHE / f"{name}-{digest(recipe)}"
    if (folder / _STAMP).exists():
        return folder
    with locked(name):
        if (folder / _STAMP).exists():
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        print(f"lab: building {folder.name}", flush=True)
        build(folder)
        (folder / _STAMP).touch()
    return folder
