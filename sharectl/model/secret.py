"""A cephx key, kept from being printed by accident."""

from __future__ import annotations


class CephxKey:
    """Wraps the key so that repr, str, format and logs show nothing of it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The key itself; only for writing it into a root-only file."""
        return self._text

    def __repr__(self) -> str:
        return "CephxKey(***)"
