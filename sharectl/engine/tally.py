"""The outcome of an operation on many mappings, as it grows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sharectl.errors import SharectlError
from sharectl.model.event import Changed, Failed
from sharectl.model.outcome import Outcome

if TYPE_CHECKING:
    from sharectl.model.mapping import ShareMapping
    from sharectl.ports.events import Events


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
