"""Faults between an operation and its ports: at every change, before it and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from sharectl.errors import BackendError
from sharectl.ports import (
    App,
    Domains,
    MappingStore,
    Mounts,
    Origin,
    Secrets,
    Shares,
    Transaction,
    Withdrawals,
)
from tests.fakes.app import FakeApp

# Every method of a port that changes something.
EFFECTS = {
    "domains": (
        "attach_filesystem",
        "detach_filesystem",
        "mark",
        "unmark",
        "enable_shared_memory",
        "disable_shared_memory",
    ),
    "shares": ("grant", "revoke"),
    "mounts": ("mount", "unmount"),
    "secrets": ("put", "delete"),
    "store": ("put", "delete"),
    "withdrawals": ("put", "delete"),
}


class Kind(StrEnum):
    """What goes wrong."""

    ERROR = "error"
    """An expected failure, once."""
    BUG = "bug"
    """An exception that no port should raise, once."""
    SIGNAL = "signal"
    """Ctrl-C, held back where the operation shields itself."""
    BROKEN = "broken"
    """An expected failure of this method now and from now on, so that undoing meets it too."""
    KILL = "kill"
    """SIGKILL: from here on nothing reaches the world any more."""


class When(StrEnum):
    """On which side of the effect."""

    BEFORE = "before"
    AFTER = "after"


class Bug(Exception):
    """Raised for `Kind.BUG`."""


class Killed(BaseException):
    """Raised for `Kind.KILL`, by every call from then on."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong at the change number `step`, counted from 0."""

    step: int
    when: When
    kind: Kind


@dataclass
class Injector:
    """Counts the changes of an operation, and breaks one.

    Attributes:
        changes: names of the changes so far, as "port.method".
    """

    app: FakeApp
    fault: Fault | None = None
    changes: list[str] = field(default_factory=list)
    _broken: str | None = None
    _dead: bool = False

    def check_alive(self) -> None:
        """A killed process does nothing more."""
        if self._dead:
            raise Killed

    def call(self, name: str, function: Callable[..., object], args: Any, kwargs: Any) -> object:
        """Call a method that changes something, with the fault before or after it."""
        self.check_alive()
        if name == self._broken:
            raise BackendError(f"{name} fails still")
        step = len(self.changes)
        self.changes.append(name)
        fault = self.fault if self.fault is not None and self.fault.step == step else None
        if fault is not None and fault.when is When.BEFORE:
            self._strike(fault.kind, name)
        result = function(*args, **kwargs)
        if fault is not None and fault.when is When.AFTER:
            self._strike(fault.kind, name)
        return result

    def _strike(self, kind: Kind, name: str) -> None:
        if kind is Kind.SIGNAL:
            self.app.interrupts.arrive()
        elif kind is Kind.BUG:
            raise Bug(name)
        elif kind is Kind.KILL:
            self._dead = True
            raise Killed
        else:
            self._broken = name if kind is Kind.BROKEN else None
            raise BackendError(f"{name} fails")


class _Port:
    """A port whose changes go through the injector."""

    def __init__(self, name: str, target: object, injector: Injector) -> None:
        self._name = name
        self._target = target
        self._injector = injector

    def __getattr__(self, method: str) -> object:
        self._injector.check_alive()
        found = getattr(self._target, method)
        if method not in EFFECTS[self._name]:
            return found

        def through(*args: object, **kwargs: object) -> object:
            return self._injector.call(f"{self._name}.{method}", found, args, kwargs)

        return through


class _Store(_Port):
    """The store: its changes are methods of its transactions."""

    @contextmanager
    def transaction(self, wait: float | None = None) -> Iterator[Transaction]:
        """A transaction whose changes go through the injector."""
        self._injector.check_alive()
        store = self._injector.app.store
        with store.transaction(wait):
            yield cast(Transaction, _Port("store", store, self._injector))


class FaultyApp:
    """`App` over a `FakeApp`, broken by an injector."""

    def __init__(self, injector: Injector) -> None:
        app = injector.app
        self.config, self.events, self.clock = app.config, app.events, app.clock
        self.host, self.locks, self.interrupts = app.host, app.locks, app.interrupts
        self.hook_host = app.hook_host
        self.domains = cast(Domains, _Port("domains", app.domains, injector))
        self.shares = cast(Shares, _Port("shares", app.shares, injector))
        self.mounts = cast(Mounts, _Port("mounts", app.mounts, injector))
        self.secrets = cast(Secrets, _Port("secrets", app.secrets, injector))
        self.withdrawals = cast(Withdrawals, _Port("withdrawals", app.withdrawals, injector))
        self.store = cast(MappingStore, _Store("store", app.store, injector))
        self._injector = injector

    def at(self, origin: Origin) -> FaultyApp:
        """The same, over the app as it is there."""
        there = FaultyApp(self._injector)
        found = self._injector.app.at(origin)
        there.domains = cast(Domains, _Port("domains", found.domains, self._injector))
        there.shares = cast(Shares, _Port("shares", found.shares, self._injector))
        return there


def changes(app: FakeApp, operation: Callable[[App], object]) -> list[str]:
    """Names of the changes that `operation` makes on `app` when nothing goes wrong."""
    injector = Injector(app)
    operation(FaultyApp(injector))
    return injector.changes
