"""What an operation on many mappings ends with."""

from __future__ import annotations

from dataclasses import dataclass

from sharectl.errors import SharectlError


@dataclass(frozen=True)
class Outcome:
    """What was done, or would be, line by line; and what could not be done."""

    changes: tuple[str, ...]
    problems: tuple[SharectlError, ...]
