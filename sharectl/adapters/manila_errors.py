"""What the exceptions of keystoneauth1 and manilaclient mean, told in one place.

A proxy before Manila, or whatever else answers in its stead, uses the same HTTP statuses. An
answer counts as Manila's only if its body is one of Manila's own: `{"itemNotFound": {"code": 404,
"message": "..."}}`. That matters most for 404, which would say that a share or rule is gone.
"""

from __future__ import annotations

import re
from typing import Any

import manilaclient.exceptions as manila_errors
from keystoneauth1 import exceptions as auth_errors

from sharectl.adapters.connection_text import plain
from sharectl.adapters.manila_credentials import Credentials
from sharectl.errors import (
    BackendError,
    ConfigError,
    Denied,
    NotFound,
    Refused,
    RuleExists,
    SharectlError,
    Unavailable,
)

BAD_REQUEST, FORBIDDEN, MISSING = 400, 403, 404
NOT_ACCEPTABLE, CONFLICT, TOO_LARGE, TOO_MANY, SERVER_ERROR = 406, 409, 413, 429, 500

_NOT_FOUND = "itemNotFound"
# Manila answers 400 when the rules of an unknown share are asked for.
_NO_SHARE = re.compile(r"Share \S+ not found\.?")
_RULE_EXISTS = re.compile(r"Share access \S+ exists\.?")


class RequestFailed(Unavailable):
    """Manila is there, and failed at this very request: others may go well."""


def translate(error: Exception, credentials: Credentials, *, change: bool = False) -> SharectlError:
    """What an exception of keystoneauth1 or manilaclient means to the admin.

    Args:
        error: the exception.
        credentials: those in use, for what to type.
        change: whether the request would have changed something.

    `NotFound` means that Manila itself said so, this once.
    """
    text = _text(error)
    status = getattr(error, "http_status", None) or 0
    if isinstance(error, auth_errors.ConnectionError) or status >= SERVER_ERROR:
        kind = RequestFailed if status == SERVER_ERROR else Unavailable
        return _away(kind, text, credentials, uncertain=change and not _never_sent(error))
    if status in (TOO_LARGE, TOO_MANY):
        return _busy(error, text, credentials)
    if (refused := _login(error, text, credentials)) is not None:
        return refused
    if isinstance(error, manila_errors.HttpError):
        return _answered(error, text, credentials, change=change)
    if isinstance(error, manila_errors.CommandError):
        return Refused(f"Manila's client refuses: {text}")
    return BackendError(f"Manila: {text}")


def _busy(error: Any, text: str, credentials: Credentials) -> Unavailable:
    """A limit of requests: this one was not carried out."""
    seconds = getattr(error.response, "retry_after", None)
    when = f"in {seconds:g} s" if seconds else "in a minute"
    return Unavailable(
        f"{credentials.service} takes no more requests for now: {text}", hint=f"run it again {when}"
    )


def _login(error: Exception, text: str, credentials: Credentials) -> SharectlError | None:
    """What the credentials are to blame for."""
    if isinstance(error, auth_errors.http.Unauthorized | manila_errors.Unauthorized):
        who = "Manila" if isinstance(error, manila_errors.Unauthorized) else "Keystone"
        return ConfigError(
            f"{who} does not accept the credentials: {text}",
            hint=f"check them with: {credentials.command('token issue')}",
        )
    if isinstance(error, auth_errors.catalog.CatalogException):
        return ConfigError(
            f"the cloud has no Manila that can be used: {text}",
            hint=f"see: {credentials.command('catalog list')}",
        )
    if isinstance(error, auth_errors.ClientException):
        return credentials.unusable(text)
    return None


def _answered(error: Any, text: str, credentials: Credentials, *, change: bool) -> SharectlError:
    """A status of 4xx."""
    status = error.http_status
    if status == NOT_ACCEPTABLE:
        return BackendError(f"Manila: {text}")
    fault, message = _fault(error)
    if _is_foreign(status, fault, error):
        return not_manila(f"HTTP {status}", credentials, change=change)
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
        return NotFound(says)
    if _RULE_EXISTS.fullmatch(message):
        return RuleExists(says)
    return Refused(says) if status in (BAD_REQUEST, CONFLICT) else BackendError(f"Manila: {text}")


def _fault(error: Any) -> tuple[str, str]:
    """The name and the message of one of Manila's own errors; empty for what is none."""
    try:
        body = error.response.json()
        ((name, content),) = body.items()
        return str(name), str(content["message"])
    except (AttributeError, ValueError, TypeError, KeyError):
        return "", str(error.message or "") if error.response is None else ""


def not_manila(what: str, credentials: Credentials, *, change: bool = False) -> Unavailable:
    """The error for an answer that Manila did not give; it says nothing of a share or rule.

    Args:
        what: came back, for the message.
        credentials: those in use, for what to type.
        change: whether the request would have changed something, and may have.
    """
    return Unavailable(
        f"what answers in Manila's place is not Manila: {what}",
        hint="see what is between here and there, a proxy perhaps; the address is in:"
        f" {credentials.command('catalog list')}",
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
