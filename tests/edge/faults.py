"""What is raised in the place of a call."""

from __future__ import annotations

import errno
import json
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator

import libvirt
import yaml
from lxml import etree

from tests.edge.calls import SYSTEM, THREADS, Call

Fault = Callable[[], Exception]


class OfNowhere(Exception):
    """Derived from nothing that anybody knows."""


def _of_libvirt(code: int | None, domain: int = 0) -> Callable[[], Exception]:
    def make() -> Exception:
        error: Exception = libvirt.libvirtError("fails")
        vars(error)["err"] = (
            None if code is None else (code, domain, "it fails", 2, None, None, None, -1, -1)
        )
        return error

    return make


def _refused(number: int) -> Callable[[], Exception]:
    return lambda: OSError(number, os.strerror(number))


def _syntax_error() -> Exception:
    try:
        etree.fromstring("<a><b></a>")
    except etree.XMLSyntaxError as error:
        return error
    raise AssertionError("lxml has read it")


_ANY: tuple[Fault, ...] = (
    lambda: RuntimeError("broken\nin two lines"),
    lambda: KeyError("status"),
    OfNowhere,
    lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    lambda: TypeError("'NoneType' object is not subscriptable"),
    lambda: RecursionError("maximum recursion depth exceeded"),
    MemoryError,
)
_OF_SYSTEM = tuple(
    _refused(number)
    for number in (
        errno.EMFILE, errno.ENOSPC, errno.EIO, errno.EACCES, errno.ENOMEM, errno.ENOENT,
        errno.EROFS, errno.ESTALE,
    )
)  # fmt: skip
_OF_LIBVIRT = (
    _of_libvirt(None),
    _of_libvirt(libvirt.VIR_ERR_INTERNAL_ERROR),
    _of_libvirt(libvirt.VIR_ERR_RPC, libvirt.VIR_FROM_RPC),
    _of_libvirt(libvirt.VIR_ERR_NO_DOMAIN),
    _of_libvirt(libvirt.VIR_ERR_OPERATION_TIMEOUT),
    _of_libvirt(libvirt.VIR_ERR_ACCESS_DENIED),
    _of_libvirt(libvirt.VIR_ERR_CONFIG_UNSUPPORTED),
    _of_libvirt(99999),
)
# What each package has of its own.
_OWN: dict[str, tuple[Fault, ...]] = {
    "libvirt": _OF_LIBVIRT,
    "lxml": (
        _syntax_error,
        lambda: etree.XPathEvalError("broken"),
        lambda: etree.SerialisationError("broken"),
    ),
    "yaml": (
        lambda: yaml.YAMLError("broken\nin two lines"),
        lambda: yaml.MarkedYAMLError(problem="broken"),
        lambda: yaml.reader.ReaderError("clouds.yaml", 1, 0, "utf-8", "broken"),
    ),
    "json": (lambda: json.JSONDecodeError("broken", "text", 0),),
    "tomllib": (lambda: tomllib.TOMLDecodeError("broken\nin two lines"),),
}


def faults(call: Call) -> tuple[Fault, ...]:
    """Those that such a call may end with; each makes a new one."""
    if call.package in THREADS:
        return (lambda: RuntimeError("can't start new thread"), MemoryError)
    if call.package in SYSTEM:
        return (*_OF_SYSTEM, MemoryError)
    return (*_OWN.get(call.package, ()), *_ANY, *_OF_SYSTEM)


def product(calls: Iterable[Call]) -> Iterator[tuple[Call, Fault]]:
    """Each call with every fault."""
    return ((call, make) for call in calls for make in faults(call))


def sample(calls: Iterable[Call], size: int = 1) -> Iterator[tuple[Call, Fault]]:
    """Each call with `size` faults; another call with others."""
    for number, call in enumerate(calls):
        every = faults(call)
        for again in range(min(size, len(every))):
            yield call, every[(number + again) * 7 % len(every)]
