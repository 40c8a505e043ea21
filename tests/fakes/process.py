"""What surrounds an operation: time, the caller, locks, signals, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import local

from sharectl.errors import Busy, Denied, Interrupted, SharectlError
from sharectl.model.event import (
    Changed,
    Event,
    Failed,
    Note,
    Phase,
    Progress,
    Requester,
    StepEvent,
    Warned,
)
from sharectl.model.identity import HostIdentity

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class FakeClock:
    """`Clock` whose seconds pass when somebody sleeps; looking at the time of day takes one too.

    So that records never have the same time, and their order never hangs on a random ID.
    """

    elapsed: float = 0.0
    looks: int = 0

    def now(self) -> datetime:
        """The time of day."""
        self.looks += 1
        return _EPOCH + timedelta(seconds=self.elapsed + self.looks)

    def monotonic(self) -> float:
        """Seconds slept so far."""
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        """Move on; a sleep of nothing would make a loop endless."""
        assert seconds > 0, "a loop that does not wait"
        self.elapsed += seconds


@dataclass
class FakeHost:
    """`Host`."""

    name: str = "hyper1.example.org"
    id: str = "0123456789abcdef0123456789abcdef"
    user: str = "alice"
    root: bool = True

    @property
    def identity(self) -> HostIdentity:
        """Name and ID."""
        return HostIdentity(self.name, self.id)

    @property
    def requester(self) -> Requester:
        """Alice, by sudo."""
        return Requester(self.user, "root")

    def check_root(self, verb: str) -> None:
        """Raise `Denied` unless `root`."""
        if not self.root:
            raise Denied(f"{verb} must be run as root")


@dataclass
class Heard:
    """`Listener` that remembers."""

    events: list[Event] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        """Remember."""
        self.events.append(event)

    @property
    def steps(self) -> list[str]:
        """What was done or waited for."""
        return [
            item.text if isinstance(item, Progress) else item.action.describe()
            for item in self.events
            if isinstance(item, Progress)
            or (isinstance(item, StepEvent) and item.phase is Phase.START)
        ]

    @property
    def notes(self) -> list[str]:
        """Remarks for a person."""
        return [item.text for item in self.events if isinstance(item, Note)]

    @property
    def warnings(self) -> list[str]:
        """Each text once."""
        return list(dict.fromkeys(it.text for it in self.events if isinstance(it, Warned)))

    @property
    def changes(self) -> list[str]:
        """What was done, of commands on many mappings."""
        return [item.text for item in self.events if isinstance(item, Changed)]

    @property
    def problems(self) -> list[SharectlError]:
        """What could not be done."""
        return [item.error for item in self.events if isinstance(item, Failed)]


class FakeInterrupts:
    """`Interrupts`; tests call `arrive` where a signal would come."""

    def __init__(self) -> None:
        self._shields = 0
        self._pending: Interrupted | None = None

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Hold the first signal back until the end of the block."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        if not self._shields and self._pending is not None:
            raise self._pending

    def install(self) -> None:
        """Nothing to take over."""

    def reset(self) -> None:
        """Forget the signal."""
        self._pending = None

    def arrive(self) -> None:
        """A signal comes now; raises at once, or at the end of the shield."""
        again, self._pending = self._pending is not None, Interrupted("interrupted by SIGINT")
        if again or not self._shields:
            raise self._pending


class FakeLocks:
    """`Locks` that notice what would be a deadlock between two processes.

    Attributes:
        taken_elsewhere: names of shares and domains whose lock another process has.
        while_waiting: what happens elsewhere before a share's lock is got; once.
        taken: what was locked, in order.
    """

    def __init__(self) -> None:
        self.taken_elsewhere: set[str] = set()
        self.while_waiting: Callable[[], object] | None = None
        self.taken: list[str] = []
        self._own = local()  # a thread holds no lock of another

    @property
    def _held(self) -> list[str]:
        held: list[str] = self._own.__dict__.setdefault("held", [])
        return held

    @property
    def held(self) -> tuple[str, ...]:
        """What is locked now."""
        return tuple(self._held)

    @contextmanager
    def share(self, share_id: str, timeout: float) -> Iterator[None]:
        """The lock of a share: the outer one."""
        assert not self._held, f"share {share_id} locked while holding {self._held}"
        happens, self.while_waiting = self.while_waiting, None
        if happens is not None:
            happens()
        with self._hold(f"share {share_id}", timeout):
            yield

    @contextmanager
    def domain(self, uuid: str, timeout: float) -> Iterator[None]:
        """The lock of a domain: only inside that of a share."""
        assert [name.partition(" ")[0] for name in self._held] == ["share"], self._held
        with self._hold(f"domain {uuid}", timeout):
            yield

    @contextmanager
    def reconcile(self) -> Iterator[None]:
        """The lock of reconcile: outside of all others."""
        assert not self._held, f"reconcile locked while holding {self._held}"
        if "reconcile" in self.taken_elsewhere:
            raise Busy("sharectl reconcile (pid 42) holds the lock of reconcile; waited 0 s")
        yield

    @contextmanager
    def _hold(self, name: str, timeout: float) -> Iterator[None]:
        assert timeout > 0
        if name.partition(" ")[2] in self.taken_elsewhere:
            raise Busy(f"sharectl add (pid 42) holds the lock of {name}; waited {timeout:g} s")
        self.taken.append(name)
        self._held.append(name)
        try:
            yield
        finally:
            self._held.remove(name)
