"""Where the operations tell what happens."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Where progress and warnings go."""

    def step(self, text: str) -> None:
        """What is being done now."""

    def note(self, text: str) -> None:
        """Why nothing is done; only for a human at a terminal."""

    def done(self) -> None:
        """Results come now: progress must not stand between them."""

    def problem(self, text: str, hint: str) -> None:
        """What could not be done, while the rest goes on; also said when all else is quiet."""

    def warn(self, text: str) -> None:
        """Something that the admin should know; said once for the same text."""
