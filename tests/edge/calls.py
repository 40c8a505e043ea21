"""Every call from sharectl's code into a library or the system: seen at run time, made to fail.

Nothing is listed by hand but the libraries, so that a call which is added is found by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from tests.edge.doors import Site, doors

# What may fail for reasons that are not in our code. Libraries may raise anything.
LIBRARIES = frozenset(
    {"libvirt", "lxml", "tinydb", "manilaclient", "keystoneauth1", "openstack", "requests", "yaml"}
)
# Python's own, which raise what they say, and cannot be replaced by something else.
PARSERS = frozenset({"json", "tomllib"})
# The system raises OSError alone.
SYSTEM = frozenset(
    {"posix", "os", "io", "_io", "pathlib", "fcntl", "socket", "_socket", "select", "selectors",
     "subprocess", "ctypes"}
)  # fmt: skip
# It refuses a thread with RuntimeError.
THREADS = frozenset({"threading", "concurrent"})
EDGE = LIBRARIES | PARSERS | SYSTEM | THREADS
_STARTS_THREADS = frozenset({"Thread.start", "Executor.map", "ThreadPoolExecutor.submit"})
# What asks nothing of anybody: it reads an error that is at hand, or takes a value apart.
_HARMLESS = frozenset(
    {"get_error_code", "get_error_domain", "get_error_message", "__del__", "fsencode", "fsdecode",
     "strerror", "getpid", "geteuid", "getuid", "get_errno", "uname",
     "BaseSelector.__exit__", "BufferedReader.fileno", "FileIO.fileno", "TextIOWrapper.fileno",
     "access", "isdir", "isfile", "islink", "_exit", "_Environ", "fspath", "PollSelector",
     "waitstatus_to_exitcode"}
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """A call of `callee`, which is of `package`."""

    site: Site
    package: str
    callee: str

    def __str__(self) -> str:
        return f"{self.site} [{self.package}.{self.callee}]"


def identify(called: Any) -> tuple[str, str] | None:
    """Package and name of what is called; None for what is not at the edge."""
    owner = getattr(called, "__self__", None)
    module = getattr(called, "__module__", None)
    if not isinstance(module, str):
        module = type(called if owner is None else owner).__module__
    name = str(getattr(called, "__qualname__", type(called).__name__))
    if module == "tests.guard":  # which stands before libvirt's own function
        return "libvirt", "open"
    package = module.partition(".")[0]
    harmless = name in _HARMLESS or name.rpartition(".")[2] in _HARMLESS
    if package not in EDGE or harmless or _is_value(package, name, called):
        return None
    return package, name


def _is_value(package: str, name: str, called: Any) -> bool:
    """Whether the call only makes a value."""
    if package in THREADS:
        return name not in _STARTS_THREADS
    if package == "pathlib":
        method = name.rpartition(".")[2]
        same = getattr(PurePath, method, None) is getattr(Path, method, None)
        return isinstance(called, type) or same
    return isinstance(called, type) and issubclass(called, BaseException)


@dataclass
class Watch:
    """Notes each call. Of a call among `faults`, the first raises that.

    Args:
        faults: what is raised in the place of each.
        lies: what each of these calls returns, made of what it had returned; each time.
        seen: how often each call was made.
        true: what it returned the last time, if it did.
    """

    faults: dict[Call, BaseException] = field(default_factory=dict)
    lies: dict[Call, Callable[[Any], Any]] = field(default_factory=dict)
    seen: dict[Call, int] = field(default_factory=dict)
    true: dict[Call, Any] = field(default_factory=dict)
    done: set[Call] = field(default_factory=set)

    def __call__(self, site: Site, called: Any) -> Any:
        known = identify(called)
        if known is None:
            return called
        call = Call(site, *known)
        self.seen[call] = self.seen.get(call, 0) + 1
        if call in self.lies:
            self.done.add(call)
            return _lying(called, self.lies[call])
        if call in self.faults and call not in self.done:
            self.done.add(call)
            return _failing(call.package, self.faults[call])
        return _noted(called, call, self.true) if call.package == "libvirt" else called


def _lying(called: Any, lie: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *arguments, **options: lie(called(*arguments, **options))


def _noted(called: Any, call: Call, results: dict[Call, Any]) -> Callable[..., Any]:
    def note(*arguments: object, **options: object) -> Any:
        results[call] = result = called(*arguments, **options)
        return result

    return note


def _failing(package: str, fault: BaseException) -> Callable[..., Any]:
    """Raises as code of the library does; the system has none."""

    def fail(*_arguments: object, **_options: object) -> Any:
        if package in SYSTEM:
            raise fault
        folder = "/usr/lib/python3/dist-packages" if package in LIBRARIES else "/usr/lib/python3.11"
        code = compile("raise fault", f"{folder}/{package}/code.py", "exec")
        exec(code, {"__name__": "threading" if package in THREADS else package, "fault": fault})

    return fail


_watching: list[Watch] = []


def _door(site: Site, called: Any) -> Any:
    return _watching[-1](site, called) if _watching else called


@contextmanager
def all_doors() -> Iterator[None]:
    """For the tests of this folder together; without, nothing is watched."""
    with doors(_door):
        yield


@contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """All threads."""
    _watching.append(watch)
    try:
        yield watch
    finally:
        _watching.remove(watch)
