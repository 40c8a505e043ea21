"""What an operation on many mappings ends with."""

from __future__ import annotations

from dataclasses import dataclass

from sharectl.errors import SharectlError, Unavailable


@dataclass(frozen=True)
class Outcome:
    """What was done, or would be, line by line; and what could not be done.

    `unseen` are those of the problems that tell what could not be looked at.
    """

    changes: tuple[str, ...]
    problems: tuple[SharectlError, ...]
    unseen: tuple[SharectlError, ...] = ()

    @property
    def unavailable(self) -> bool:
        """Whether nothing but what did not answer stood in the way."""
        return all(isinstance(item, Unavailable) for item in self.problems)

    @property
    def drift(self) -> bool:
        """Whether anything is not as it should be, as far as was looked."""
        return bool(self.changes) or len(self.problems) > len(self.unseen)
