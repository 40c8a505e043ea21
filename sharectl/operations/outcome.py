"""What an operation on many mappings ends with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sharectl.errors import SharectlError, Unavailable
from sharectl.model.event import Changed, Failed

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from sharectl.ports.events import Events


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


@dataclass
class Tally:
    """The outcome as it grows; each part of it is an event at once.

    `ill` are the IDs of the mappings of which a problem was named.
    """

    events: Events
    ill: set[str] = field(default_factory=set)
    _changes: list[str] = field(default_factory=list)
    _problems: list[SharectlError] = field(default_factory=list)
    _unseen: list[SharectlError] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """All so far."""
        return Outcome(tuple(self._changes), tuple(self._problems), tuple(self._unseen))

    def changed(self, line: str, mapping: ShareMapping | None = None) -> None:
        """One more change, of `mapping` if it is one mapping's."""
        text = line if mapping is None else f"{_name(mapping)}: {line}"
        self._changes.append(text)
        self.events.emit(Changed(text))

    def failed(self, error: SharectlError, mapping: ShareMapping | None = None) -> None:
        """One more problem, of `mapping` if it is one mapping's."""
        if mapping is not None:
            self.ill.add(mapping.id)
            error = error.about(_name(mapping))
        self._problems.append(error)
        self.events.emit(Failed(error))

    def unseen(self, error: SharectlError) -> None:
        """One more problem: something could not be looked at."""
        self._unseen.append(error)
        self.failed(error)


def _name(mapping: ShareMapping) -> str:
    return f"{mapping.domain_name} {mapping.share_name or mapping.share_id}"
