"""Foreign exceptions that no adapter has put into better words, as errors to show."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import FrameType

from sharectl.errors import BackendError, HostFailed, SharectlError, said
from sharectl.host_files import advice, denied, quoted, reason_of

_INSTALLED = frozenset({"site-packages", "dist-packages"})  # folders of libraries
_PARSERS = frozenset({"json", "tomllib"})  # of Python itself
_NO_MEMORY = OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))


def as_ours(error: Exception) -> SharectlError | None:
    """An exception as an error to show; None for a mistake of sharectl's own.

    What the system refuses and nobody has put into better words is no mistake. Libraries have
    subclasses of `OSError` as well, which tell of other things: what is raised inside a library,
    and that no adapter has put into better words, is the library's.
    """
    if isinstance(error, SharectlError):
        return error
    if isinstance(error, MemoryError):
        return HostFailed("there is no memory left", hint=advice(_NO_MEMORY, Path("/")))
    if isinstance(error, ImportError) and error.name is not None:
        return _not_loaded(error, error.name.partition(".")[0])
    if (library := _raised_in(error)) is not None:
        return BackendError(f"library {library} failed: {said(error)}")
    return _of_python(error)


def _of_python(error: Exception) -> SharectlError | None:
    if isinstance(error, OSError) and type(error).__module__ == "builtins":
        return _of_system(error)
    if isinstance(error, RuntimeError) and _last_module(error) == "threading":
        return no_thread()
    return None


def _not_loaded(error: ImportError, library: str) -> SharectlError | None:
    if library == "sharectl":
        return None
    return HostFailed(
        f"library {library} cannot be loaded: {' '.join(str(error).split())}",
        hint=f"see what it lacks: {quoted(Path(sys.executable))} -c 'import {library}'",
    )


def no_thread() -> HostFailed:
    """The error for a thread that cannot be started, which Python tells as a `RuntimeError`."""
    return HostFailed(
        "the system does not let a thread be started",
        hint="see how many there may be: ulimit -u; cat /proc/sys/kernel/threads-max",
    )


def _last_module(error: Exception) -> str:
    """In which it was raised."""
    trace, name = error.__traceback__, ""
    while trace is not None:
        name, trace = str(trace.tb_frame.f_globals.get("__name__", "")), trace.tb_next
    return name


def _of_system(error: OSError) -> SharectlError:
    if error.filename is None:
        return HostFailed(f"the system refused: {reason_of(error)}")
    file = Path(os.fsdecode(error.filename))
    text = f"{file}: {reason_of(error)}"
    if isinstance(error, PermissionError):
        return denied(text, advice(error, file))
    return HostFailed(text, hint=advice(error, file))


def _raised_in(error: Exception) -> str | None:
    """The library that sharectl had called when it was raised; None for Python and sharectl.

    The parsers that come with Python are libraries as well.
    """
    library, trace = None, error.__traceback__
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if package == "sharectl":  # also one that a library has called back
            library = None
        elif library is None and (
            package in _PARSERS or not _INSTALLED.isdisjoint(_parts(trace.tb_frame))
        ):
            library = package
        trace = trace.tb_next
    return library


def _parts(frame: FrameType) -> tuple[str, ...]:
    return Path(frame.f_code.co_filename).parts
