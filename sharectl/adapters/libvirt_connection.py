"""libvirt's connection: that of this host, opened in time, with its errors named by situation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import libvirt

from sharectl.adapters import deadline
from sharectl.adapters import libvirt_answers as answers
from sharectl.errors import (
    BackendError,
    Denied,
    NotFound,
    Refused,
    SharectlError,
    Unavailable,
    said,
)
from sharectl.foreign import as_ours
from sharectl.model.commands import domain_word
from sharectl.model.host import canonical_uri, check_local

T = TypeVar("T")

_DENIED = frozenset(
    {libvirt.VIR_ERR_AUTH_FAILED, libvirt.VIR_ERR_ACCESS_DENIED, libvirt.VIR_ERR_AUTH_CANCELLED}
)
_REFUSED = frozenset(
    {
        libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
        libvirt.VIR_ERR_INVALID_ARG,
        libvirt.VIR_ERR_OPERATION_DENIED,
        libvirt.VIR_ERR_OPERATION_INVALID,
        libvirt.VIR_ERR_XML_DETAIL,
        libvirt.VIR_ERR_XML_ERROR,
    }
)
_HINT = (
    "see whether it answers and what it logs: virsh list --all; journalctl -u 'libvirtd*'"
    " -u 'virtqemud*'"
)


def _silent(_context: object, _error: object) -> None:
    """libvirt prints errors on stderr by itself unless it is given a handler."""


libvirt.registerErrorHandler(_silent, None)


class Connection:
    """The connection to the libvirt at `uri`, opened when first needed.

    Each call has `timeout` seconds. libvirt serves five calls of a connection at a time and never
    takes one back, so one in which a call hangs is left behind, and the next call opens another.
    """

    def __init__(self, uri: str, timeout: float) -> None:
        self.uri = uri
        self.timeout = timeout
        self._open: Any = None

    @property
    def connection(self) -> Any:
        """libvirt's own object. Raises what `open_local` does."""
        if self._open is None:
            self._open = open_local(self.uri, self.timeout)
        return self._open

    @property
    def name(self) -> str:
        """The one spelling of where it leads."""
        return self.call(lambda connection: canonical_uri(_uri(connection)))

    def leave_behind(self) -> None:
        """A call hangs in it; the next one opens another."""
        self._open = None

    def call(self, function: Callable[[Any], T], *, change: bool = False) -> T:
        """`function(connection)` in time, with libvirt's errors named by situation."""
        connection = self.connection
        try:
            return deadline.call(
                lambda: function(connection), self.timeout, f"libvirt at {self.uri}", change=change
            )
        except deadline.DeadlinePassed as error:
            self.leave_behind()
            raise error.hinting(_HINT) from error
        except Exception as error:
            raise translate(error, self.uri) from error


def open_local(uri: str, timeout: float) -> Any:
    """A connection to this host's libvirt, opened within `timeout` seconds.

    Raises `Refused` for the libvirt of another host, `Denied` and `Unavailable`.
    """
    check_local(uri)

    def work() -> tuple[Any, str]:
        connection = libvirt.open(uri)
        return connection, _uri(connection)

    try:
        connection, real = deadline.call(work, timeout, f"libvirt at {uri}")
    except libvirt.libvirtError as error:
        if error.get_error_code() in _DENIED:
            raise Denied(f"libvirt at {uri}: {_text(error)}") from error
        raise Unavailable(
            f"cannot connect to libvirt at {uri}: {_text(error)}",
            hint="start it: systemctl start libvirtd, or: systemctl start virtqemud; or name"
            " another with --connect URI",
        ) from error
    except deadline.DeadlinePassed as error:
        raise error.hinting(_HINT) from error
    except Exception as error:
        raise translate(error, uri) from error
    check_local(real)  # what libvirt made of an alias of its configuration
    return connection


def _uri(connection: Any) -> str:
    return answers.text(connection.getURI(), "its URI")


def translate(error: Exception, uri: str, domain: str | None = None) -> SharectlError:
    """The error of ours for what a call to libvirt raised, met while working on `domain`.

    The bindings raise more than `libvirtError`: whatever it is, the call has failed, and the rest
    of sharectl must be able to undo what was done and to go on with other domains.
    """
    if isinstance(error, libvirt.libvirtError):
        return _translated(error, uri, domain)
    if isinstance(error, SharectlError):
        return error
    if isinstance(error, OSError | MemoryError) and (ours := as_ours(error)) is not None:
        return ours
    return BackendError(f"libvirt at {uri} failed: {said(error)}", hint=_HINT)


def _translated(error: libvirt.libvirtError, uri: str, domain: str | None) -> SharectlError:
    code, text = error.get_error_code(), _text(error)
    if code == libvirt.VIR_ERR_NO_DOMAIN:
        return NotFound(f"the domain is gone: {text}", hint="see: virsh list --all")
    if code in _DENIED:
        return Denied(f"libvirt at {uri}: {text}")
    if code in _REFUSED:
        return Refused(f"libvirt refuses: {text}")
    if code == libvirt.VIR_ERR_OPERATION_TIMEOUT:  # another job has the domain
        target = domain_word(domain) if domain else "DOMAIN"
        return Unavailable(
            f"libvirt is busy with domain {domain or '(unknown)'}: {text}",
            hint=f"see what it does: virsh domjobinfo {target}",
            uncertain=True,
        )
    if error.get_error_domain() in (libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE):
        return Unavailable(f"lost libvirt at {uri}: {text}", hint=_HINT, uncertain=True)
    return BackendError(f"libvirt: {text}", hint=_HINT)


def _text(error: libvirt.libvirtError) -> str:
    return (error.get_error_message() or str(error)).strip()
