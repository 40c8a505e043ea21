"""What the exceptions of keystoneauth1 and manilaclient mean, told in one place.

A proxy before Manila, or whatever else answers in its stead, uses the same HTTP statuses. An
answer counts as Manila's only if its body is one of Manila's own: `{"itemNotFound": {"code": 404,
"message": "..."}}`. That matters most for 404, which would say that a share or rule is gone.
"""

from __future__ import annotations

import os
import re
from typing import Any

import manilaclient
import manilaclient.exceptions as manila_errors
from keystoneauth1 import exceptions as auth_errors
from urllib3.exceptions import LocationValueError

from sharectl.adapters.connection_text import failed_at, host_and_port, plain
from sharectl.adapters.manila_answers import Malformed
from sharectl.adapters.manila_credential_faults import is_address
from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.retry_after import seconds_of
from sharectl.adapters.tls_text import tls_fault
from sharectl.errors import (
    ConfigError,
    Denied,
    NotFound,
    Refused,
    RuleExists,
    SharectlError,
    Unavailable,
    said,
)

BAD_REQUEST, FORBIDDEN, MISSING = 400, 403, 404
NOT_ACCEPTABLE, CONFLICT, TOO_LARGE, TOO_MANY = 406, 409, 413, 429
SERVER_ERROR, AWAY = 500, 503

_NOT_FOUND = "itemNotFound"
# Manila answers 400 when the rules of an unknown share are asked for.
_NO_SHARE = re.compile(r"Share \S+ not found\.?")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_RULE_EXISTS = re.compile(r"Share access \S+ exists\.?")


def _update() -> str:
    """Not by pip, which does not know, or must not change, what a distribution has installed."""
    return f"upgrade python-manilaclient, which is version {manilaclient.__version__} here"


class RequestFailed(Unavailable):
    """Manila is there, and failed at this very request: others may go well."""


class Limited(Unavailable):
    """There are too many requests for now; this one was not carried out.

    `wait` is in how many seconds it may be sent again, None if that was not said.
    """

    wait: float | None = None


def translate(error: Exception, credentials: Credentials, *, change: bool = False) -> SharectlError:
    """What an exception of keystoneauth1 or manilaclient means to the admin.

    Args:
        error: the exception.
        credentials: those in use, for what to type.
        change: whether the request would have changed something.

    `NotFound` means that Manila itself said so, this once.
    """
    error = _cause(error)
    text = _text(error)
    status = getattr(error, "http_status", None) or 0
    if isinstance(error, auth_errors.ConnectionError):
        return _no_connection(error, text, credentials, change=change)
    if status in (TOO_LARGE, TOO_MANY) or (status == AWAY and not change):
        return _limited(error, text, credentials)
    if status >= SERVER_ERROR:
        kind = RequestFailed if status == SERVER_ERROR else Unavailable
        return _away(kind, text, credentials, uncertain=change)
    if (refused := _login(error, text, credentials)) is not None:
        return refused
    if isinstance(error, manila_errors.HttpError):
        return _answered(error, text, credentials, change=change)
    return Refused(f"Manila's client refuses: {text}", hint=_update())


def unreadable(
    error: Exception, credentials: Credentials, *, change: bool = False
) -> SharectlError:
    """What another exception means, raised by a library that was asked to send a request.

    A library that is confused was given wrong values, or an answer of something else.
    """
    if isinstance(error, LocationValueError | UnicodeError):
        return _no_address(str(error), credentials)
    if credentials.fault() is not None or isinstance(error, OSError) or type(error) is Exception:
        return credentials.unusable(error)  # keystoneauth1 raises a bare one for no OS_PASSWORD
    what = f"an answer that cannot be read ({said(error)})"
    if isinstance(error, Malformed):
        what = " ".join(str(error).split())
    return not_manila(what[:200], credentials, change=change)


def _cause(error: Exception) -> Exception:
    """keystoneauth1 tells a server that is away as one without versions of the API."""
    below: BaseException | None = error
    while isinstance(below, auth_errors.DiscoveryFailure):
        below = below.__cause__ or below.__context__
    return below if isinstance(below, auth_errors.ClientException) else error


def _no_connection(
    error: Exception, text: str, credentials: Credentials, *, change: bool
) -> SharectlError:
    fault, url = None, credentials.auth_url
    plain_failure = isinstance(error, auth_errors.ConnectFailure | auth_errors.ConnectTimeout)
    if credentials.fault() is not None and not (plain_failure and is_address(url or "http://h")):
        return credentials.unusable(error)
    if isinstance(getattr(error, "original", None), ValueError):  # no address at all
        return _no_address(text, credentials)
    if not isinstance(error, auth_errors.ConnectTimeout):
        place = failed_at(str(error)) or host_and_port(credentials.auth_url)
        fault = tls_fault(str(error), place, _address(credentials), credentials.setting)
    if fault is not None:
        return ConfigError(f"{credentials.service} at {place} {fault.what}", hint=fault.hint)
    return _away(Unavailable, text, credentials, uncertain=change and not _never_sent(error))


def _no_address(text: str, credentials: Credentials) -> SharectlError:
    """Of Keystone, as configured, or of Manila, as in the catalog."""
    if credentials.service != "Keystone":
        return not_manila(text, credentials)
    proxies = [name for name in os.environ if name.upper() in _PROXIES]
    return ConfigError(
        f"Keystone has no address that can be asked: {text}",
        hint=f"mend {' or '.join([credentials.url_setting, *proxies])}",
    )


def _address(credentials: Credentials) -> str:
    """What says where the service is that is asked now."""
    if credentials.service == "Keystone":
        return credentials.url_setting
    return f"its endpoint in the catalog ({credentials.command('catalog list')})"


def _limited(error: Any, text: str, credentials: Credentials) -> Unavailable:
    """A limit of requests, or maintenance: this one was not carried out."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    wait = seconds_of(headers.get("Retry-After"), headers.get("Date"))
    when = f"in {max(wait, 1):.0f} s" if wait is not None else "in a minute"
    if error.http_status == AWAY and wait is None:
        return _away(Unavailable, text, credentials, uncertain=False)
    limited = Limited(
        f"{credentials.service} takes no more requests for now: {text}", hint=f"run it again {when}"
    )
    limited.wait = wait
    return limited


def _login(error: Exception, text: str, credentials: Credentials) -> SharectlError | None:
    """What the credentials are to blame for."""
    if isinstance(error, auth_errors.http.Unauthorized | manila_errors.Unauthorized):
        who = "Manila" if isinstance(error, manila_errors.Unauthorized) else "Keystone"
        return ConfigError(
            f"{who} does not accept the credentials: {text}",
            hint=f"check them with: {credentials.command('token issue')}",
        )
    if not isinstance(error, auth_errors.ClientException):
        return None
    return _no_login(error, text, credentials)


def _no_login(
    error: auth_errors.ClientException, text: str, credentials: Credentials
) -> SharectlError:
    by_keystone = isinstance(error, auth_errors.HttpError) or credentials.service != "Keystone"
    if not by_keystone and credentials.fault() is not None:
        return credentials.unusable(error)
    if isinstance(error, auth_errors.catalog.CatalogException):
        return ConfigError(
            f"the cloud has no Manila that can be used: {text}",
            hint=f"see: {credentials.command('catalog list')}",
        )
    if isinstance(error, auth_errors.InvalidResponse):
        return not_manila(text, credentials)
    if isinstance(error, auth_errors.DiscoveryFailure):
        return ConfigError(
            f"{credentials.url_setting} is no Keystone's address: {text}",
            hint=f"mend {credentials.url_setting}; it ends in /v3 as a rule",
        )
    return credentials.unusable(error)


def _answered(error: Any, text: str, credentials: Credentials, *, change: bool) -> SharectlError:
    """A status of 3xx or 4xx."""
    status = error.http_status
    fault, message = _fault(error)
    if _is_foreign(status, fault, error):
        return not_manila(f"HTTP {status}", credentials, change=change)
    if status == NOT_ACCEPTABLE:
        return Refused(
            f"Manila does not speak the API that its client wants: {text}", hint=_update()
        )
    return _refused(status, message, text, credentials)


def _is_foreign(status: int, fault: str, error: Any) -> bool:
    """Whether Manila would not answer so."""
    if status == MISSING:
        return fault != _NOT_FOUND
    return not fault and error.response is not None


def _refused(status: int, message: str, text: str, credentials: Credentials) -> SharectlError:
    """One of Manila's own answers."""
    says = f"Manila says: {text}"
    if status == FORBIDDEN:
        return Denied(
            says,
            hint="use credentials that may do this; these are those of:"
            f" {credentials.command('token issue')}",
        )
    if status == MISSING or (status == BAD_REQUEST and _NO_SHARE.fullmatch(message)):
        return NotFound(says, hint=f"see which there are: {credentials.command('share list')}")
    if _RULE_EXISTS.fullmatch(message):
        return RuleExists(says)
    if status == CONFLICT:
        busy = f"see whether it is busy: {credentials.command('share list')}; then run it again"
        return Refused(says, hint=busy)
    return Refused(says, hint=f"see what it is about: {credentials.command('share list')}")


def _fault(error: Any) -> tuple[str, str]:
    """The name and the message of one of Manila's own errors; empty for what is none."""
    try:
        body = error.response.json()
        ((name, content),) = body.items()
        return str(name), str(content["message"])
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is none
        return "", str(error.message or "") if error.response is None else ""


def not_manila(what: str, credentials: Credentials, *, change: bool = False) -> Unavailable:
    """The error for an answer that the service did not give; it says nothing of a share or rule.

    Args:
        what: came back, for the message.
        credentials: those in use, for what to type.
        change: whether the request would have changed something, and may have.
    """
    service = credentials.service
    where = f"the address is in: {credentials.command('catalog list')}"
    if service == "Keystone":
        where = f"the address is {credentials.url_setting}"
    return Unavailable(
        f"what answers in {service}'s place is not {service}: {what}",
        hint=f"see what is between here and there, a proxy perhaps; {where}",
        uncertain=change,
    )


def _away(
    kind: type[Unavailable], text: str, credentials: Credentials, *, uncertain: bool
) -> Unavailable:
    service = credentials.service
    hint = f"see whether it runs; where it should: {credentials.command('catalog list')}"
    if service == "Keystone":  # which would have to give the catalog
        hint = f"see whether it runs, and whether {credentials.url_setting} is its address"
    return kind(f"{service} does not answer: {text}", hint=hint, uncertain=uncertain)


def _never_sent(error: Exception) -> bool:
    """Whether there was no connection at all; one that broke may have carried the request."""
    if isinstance(error, auth_errors.ConnectTimeout | auth_errors.UnknownConnectionError):
        return False  # keystoneauth1 calls every timeout so
    return isinstance(error, auth_errors.ConnectFailure) and "Connection aborted" not in str(error)


def _text(error: Exception) -> str:
    """The error as one line without the request id, which only an operator can use."""
    text = " ".join(str(error).split()) or type(error).__name__
    return plain(text.partition(" (Request-ID:")[0])[:500]
