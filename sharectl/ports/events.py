"""The one stream of what happens, and who hears of it."""

from __future__ import annotations

from typing import Protocol

from sharectl.model.event import Event, Note, Progress, Warned


class Listener(Protocol):
    """Hears of each event when it happens: the command may yet be killed."""

    def hear(self, event: Event) -> None:
        """Take note of `event`. Must return soon and raise nothing: work waits for it."""


class Events:
    """The stream of events of one command.

    Args:
        listeners: who hears of them, in this order.
    """

    def __init__(self, *listeners: Listener) -> None:
        self.listeners = listeners

    def emit(self, event: Event) -> None:
        """Let every listener hear of `event`."""
        for listener in self.listeners:
            listener.hear(event)

    def progress(self, text: str) -> None:
        """Say what is done or waited for now."""
        self.emit(Progress(text))

    def note(self, text: str) -> None:
        """Say what only a person at a terminal may like to know, such as why nothing is done."""
        self.emit(Note(text))

    def warn(self, text: str) -> None:
        """Say what the admin should know although nothing failed."""
        self.emit(Warned(text))
