"""What Manila tells about a CephFS share beside its export location."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

# Ceph allows these in the name of a file system (MonCommands: fs new, goodchars).
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_KEY = "__mount_options"


def filesystem_name(metadata: Mapping[str, str]) -> str | None:
    """The CephFS volume that `fs=` in the share's `__mount_options` metadata names.

    Users may write that metadata unless the operator forbids it, so nothing else is taken from
    it, and a name that Ceph would not allow counts as none.
    """
    try:
        words = shlex.split(metadata.get(_KEY, ""))
    except ValueError:
        return None
    for word in ",".join(words).split(","):
        key, _, value = word.partition("=")
        if key.strip() == "fs" and is_name(value):
            return value
    return None


def is_name(text: str) -> bool:
    """Whether a CephFS volume could be named so."""
    return _NAME.fullmatch(text) is not None
