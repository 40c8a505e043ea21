"""What an operation on many mappings ends with, and who hears of it as it happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

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


class Listener(Protocol):
    """Hears of each change and problem when it is there: the operation may yet be killed."""

    def changed(self, line: str) -> None:
        """One thing was done, or would be."""

    def failed(self, problem: SharectlError) -> None:
        """One thing could not be done."""


class Nobody:
    """`Listener` of those who wait for the outcome."""

    def changed(self, line: str) -> None:
        """Not heard."""

    def failed(self, problem: SharectlError) -> None:
        """Not heard."""


@dataclass
class Progress:
    """The outcome as it grows, told to a listener."""

    listener: Listener = field(default_factory=Nobody)
    _changes: list[str] = field(default_factory=list)
    _problems: list[SharectlError] = field(default_factory=list)
    _unseen: list[SharectlError] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """All so far."""
        return Outcome(tuple(self._changes), tuple(self._problems), tuple(self._unseen))

    def changed(self, line: str) -> None:
        """One more change."""
        self._changes.append(line)
        self.listener.changed(line)

    def failed(self, problem: SharectlError) -> None:
        """One more problem, its message complete."""
        self._problems.append(problem)
        self.listener.failed(problem)

    def unseen(self, problem: SharectlError) -> None:
        """One more problem: something could not be looked at."""
        self._unseen.append(problem)
        self.failed(problem)
