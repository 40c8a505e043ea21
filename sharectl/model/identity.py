"""Who this host is to other hosts."""

from __future__ import annotations

from dataclasses import dataclass

_SHORT = 8  # digits that tell hosts apart in names


@dataclass(frozen=True)
class HostIdentity:
    """This host's name, which is a label, and its ID, by which it is known.

    Two hosts may have one name; they never have one ID.
    """

    name: str
    id: str

    @property
    def short_id(self) -> str:
        """The first digits of the ID, for names that people read."""
        return self.id[:_SHORT]
