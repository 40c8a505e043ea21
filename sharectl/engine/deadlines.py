"""How long an operation may still wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharectl.errors import Unavailable

if TYPE_CHECKING:
    from sharectl.ports import App, Clock

DOMAIN_LOCK_SECONDS = 30.0  # it is held only around short calls
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0  # seconds between two looks at a rule


@dataclass(frozen=True)
class Deadline:
    """A point in time; `seconds` is how far away it was, for messages."""

    at: float
    seconds: float

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> Deadline:
        """The point `seconds` from now."""
        return cls(clock.monotonic() + seconds, seconds)

    def remaining(self, clock: Clock) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.at - clock.monotonic())


class Pause:
    """Waits longer each time, up to the deadline."""

    def __init__(self, app: App, deadline: Deadline) -> None:
        self._app = app
        self._deadline = deadline
        self._next = _FIRST_PAUSE

    def once(self, waiting_for: str) -> None:
        """Wait a little; raises `WaitEnded` when the deadline has passed."""
        left = self._deadline.remaining(self._app.clock)
        if left <= 0:
            raise WaitEnded(
                f"waited {self._deadline.seconds:g} s for {waiting_for}",
                hint="give it more time with --timeout SECONDS",
            )
        self._app.clock.sleep(min(self._next, left))
        self._next = min(self._next * 1.5, _LONGEST_PAUSE)


class WaitEnded(Unavailable):
    """Manila took the request and has not carried it out before the deadline."""
