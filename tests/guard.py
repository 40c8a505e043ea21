"""A unit test that reaches out of its process fails, whatever the code under test catches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import libvirt
import pytest
from hypothesis import HealthCheck, settings

from tests.fuzz import TIMES, examples

# Audit events of https://docs.python.org/3/library/audit_events.html and what allows them.
_PROCESSES = frozenset({"subprocess.Popen", "os.posix_spawn", "os.exec", "os.fork", "os.system"})
_NETWORK = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"})

settings.register_profile(
    "unit",
    max_examples=examples(60),
    deadline=None,
    database=None,
    derandomize=TIMES == 1,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unit")


class _Watch:
    """What is forbidden now, and what was tried all the same."""

    def __init__(self) -> None:
        self.forbidden: frozenset[str] = frozenset()
        self.loopback = False
        self.tried: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in self.forbidden and not (self.loopback and _is_loopback(event, arguments)):
            self.tried.append(f"{event} {arguments[:2]}")
            raise AssertionError(f"a unit test must not do this: {self.tried[-1]}")


_watch = _Watch()
sys.addaudithook(_watch)


def _is_loopback(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether a connection or a look-up stays on this machine."""
    host = arguments[1][0] if event == "socket.connect" else arguments[0]
    return event in _NETWORK and host == "127.0.0.1"


def _audited(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of libvirt that connects, which raises no audit event by itself."""

    def connect(*arguments: object) -> Any:
        if not str(arguments[0]).startswith("test:"):  # libvirt's test driver: in this process
            sys.audit("libvirt.open", *arguments)
        return function(*arguments)

    return connect


for _name in ("open", "openReadOnly", "openAuth"):
    setattr(libvirt, _name, _audited(getattr(libvirt, _name)))


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers of what a test may do."""
    config.addinivalue_line("markers", "processes: starts small processes, all of them its own")
    config.addinivalue_line("markers", "loopback: talks to a server of its own on 127.0.0.1")


@pytest.fixture(autouse=True)
def _nothing_outside(request: pytest.FixtureRequest) -> Iterator[None]:
    """No process, no network and no libvirt, unless the test is marked."""
    if request.node.get_closest_marker("lab"):
        yield
        return
    allowed = _PROCESSES if request.node.get_closest_marker("processes") else frozenset()
    _watch.tried = []
    _watch.loopback = request.node.get_closest_marker("loopback") is not None
    _watch.forbidden = (_PROCESSES | _NETWORK | {"libvirt.open"}) - allowed
    yield
    _watch.forbidden = frozenset()
    assert not _watch.tried
