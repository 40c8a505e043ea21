"""What is raised in the place of a call."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator

import libvirt

from tests.edge.calls import SYSTEM, Call


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


_ANY: tuple[Callable[[], Exception], ...] = (
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


def faults(call: Call) -> tuple[Callable[[], Exception], ...]:
    """Those that such a call may end with; each makes a new one."""
    if call.package in SYSTEM:
        return (*_OF_SYSTEM, MemoryError)
    return (*_ANY, *_OF_LIBVIRT, *_OF_SYSTEM) if call.package == "libvirt" else (*_ANY, *_OF_SYSTEM)


def product(calls: list[Call]) -> Iterator[tuple[Call, Callable[[], Exception]]]:
    """Each call with every fault."""
    return ((call, make) for call in calls for make in faults(call))


def sample(calls: list[Call], size: int = 1) -> Iterator[tuple[Call, Callable[[], Exception]]]:
    """Each call with `size` faults; another call with others."""
    for number, call in enumerate(calls):
        every = faults(call)
        for again in range(size):
            yield call, every[(number + again) * 7 % len(every)]
