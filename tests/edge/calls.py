"""Every call from sharectl's code into a library or the system: seen at run time, and made to fail.

Nothing is listed by hand but the libraries, so that a call which is added is found by itself. The
interpreter tells of each call through its profile hook, and what the hook raises is raised in the
place of the call.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

# What may fail for reasons that are not in our code. Libraries may raise anything.
LIBRARIES = frozenset(
    {"libvirt", "lxml", "tinydb", "manilaclient", "keystoneauth1", "openstack", "requests"}
)
# The system raises OSError alone.
SYSTEM = frozenset({"posix", "io", "_io", "fcntl", "socket", "_socket", "select"})
# Not for their results: what reads an error that is at hand, and what the interpreter calls.
_HARMLESS = frozenset({"get_error_code", "get_error_domain", "get_error_message", "__del__"})


@dataclass(frozen=True)
class Call:
    """A call to `callee`, of `package`, in a function of sharectl."""

    module: str
    function: str
    package: str
    callee: str


@dataclass
class Watch:
    """Notes each call, and raises `fault` in the place of the first that is `target`."""

    target: Call | None = None
    fault: BaseException | None = None
    seen: dict[Call, int] = field(default_factory=dict)
    raised: bool = False

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        call = _call(frame, event, argument)
        if call is None:
            return
        self.seen[call] = self.seen.get(call, 0) + 1
        if call == self.target and not self.raised and self.fault is not None:
            self.raised = True
            _raise(call.package, self.fault)


def _call(frame: FrameType, event: str, argument: Any) -> Call | None:
    if event == "c_call":
        caller: FrameType | None = frame
        owner = getattr(argument, "__self__", None)
        module = argument.__module__ or type(owner).__module__
        name = argument.__name__
        if module == "builtins" and name == "open":
            module = "io"
    elif event == "call":
        caller, module = frame.f_back, frame.f_globals.get("__name__", "")
        name = frame.f_code.co_name
    else:
        return None
    if module == "tests.guard":  # which stands before libvirt's own function
        module = "libvirt"
    library = str(module).partition(".")[0]
    if library not in LIBRARIES | SYSTEM or caller is None or name in _HARMLESS:
        return None
    own = caller.f_globals.get("__name__", "")
    if not own.startswith("sharectl.") or caller.f_code.co_name == "<module>":
        return None
    return Call(own, caller.f_code.co_qualname, library, name)


def _raise(library: str, fault: BaseException) -> None:
    """As code of the library does; the system has none."""
    if library in SYSTEM:
        raise fault
    code = compile("raise fault", f"/usr/lib/python3/dist-packages/{library}/code.py", "exec")
    exec(code, {"__name__": library, "fault": fault})


@contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """In this thread and those that are started inside the block."""
    before: Callable[..., Any] | None = sys.getprofile()
    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        yield watch
    finally:
        sys.setprofile(before)
        threading.setprofile(before)
