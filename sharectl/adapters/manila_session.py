"""A session with Keystone, and a Manila client at the newest microversion that both sides know.

The microversion is negotiated: 2.82 is asked for, since it is the first with locks on access
rules, and a server that answers 406 is asked for what it has.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import manilaclient.exceptions as manila_errors
from keystoneauth1 import exceptions as auth_errors
from keystoneauth1.session import Session
from manilaclient import api_versions
from manilaclient.v2.client import Client

from sharectl.adapters import deadline
from sharectl.adapters.connection_text import host_and_port, plain
from sharectl.adapters.manila_credentials import Credentials
from sharectl.errors import (
    BackendError,
    ConfigError,
    Denied,
    NotFound,
    Refused,
    SharectlError,
    Unavailable,
)

T = TypeVar("T")
WANTED = "2.82"  # first with lock_visibility and lock_deletion on access rules
SERVICE = "shared-file-system"

# Bodies of access rules carry cephx keys; keystoneauth logs them under this name only when the
# loggers are split, and there they stay off whatever --debug turns on.
logging.getLogger("keystoneauth.session.body").setLevel(logging.WARNING)
# Its warnings say what the exception says as well, and would stand between our two lines.
logging.getLogger("keystoneauth").addHandler(logging.NullHandler())


class RequestFailed(Unavailable):
    """Manila is there, and failed at this very request: others may go well."""


class ManilaSession:
    """A client of one cloud, made at the first call.

    Args:
        credentials: of the cloud.
        timeout: seconds that one request may take; a call takes no more than twice that.
    """

    def __init__(self, credentials: Credentials, timeout: float) -> None:
        self._credentials = credentials
        self._timeout = timeout
        self._version = api_versions.APIVersion(WANTED)

    @cached_property
    def _session(self) -> Session:
        region = self._credentials.region
        verify, certificate = region.get_requests_verify_args()
        return Session(
            auth=self._credentials.auth, verify=verify, cert=certificate, timeout=self._timeout,
            app_name="sharectl", split_loggers=True,
        )  # fmt: skip

    def cloud(self) -> tuple[str, str]:
        """The cloud's name, empty for OS_* variables, and the address of its Keystone."""
        return self._credentials.cloud, str(getattr(self._credentials.auth, "auth_url", ""))

    def client(self) -> Any:
        """A client at the microversion in force: one for each call, at no cost.

        The managers of manilaclient keep what they list in attributes of their own, so that two
        threads must not share one.
        """
        return self._connect(self._version)

    def _connect(self, version: api_versions.APIVersion) -> Any:
        region = self._credentials.region
        return Client(
            session=self._session,
            api_version=version,
            service_type=SERVICE,
            endpoint_type=region.get_interface(SERVICE),
            region_name=region.get_region_name(SERVICE),
            service_catalog_url=region.get_endpoint(SERVICE),
        )

    @property
    def version(self) -> tuple[int, int]:
        """The microversion in force; what is asked for until the server has answered."""
        return self._version.ver_major, self._version.ver_minor

    def project_id(self) -> str:
        """The project that the token is scoped to."""
        return self.call(lambda _client: str(self._session.get_project_id() or ""))

    def call(self, function: Callable[[Any], T], *, change: bool = False) -> T:
        """`function(client)`, with foreign exceptions translated.

        Args:
            function: makes the request; called again after a negotiation.
            change: whether it changes something, so that a lost answer is told as uncertain.
        """

        def attempt() -> T:
            try:
                return function(self.client())
            except manila_errors.NotAcceptable:
                self._negotiate()
                return function(self.client())

        return self._in_time(attempt, change=change)

    def call_at(self, version: str, function: Callable[[Any], T]) -> T:
        """`function(client)` with a client of that microversion; for a read."""
        return self._in_time(lambda: function(self._connect(api_versions.APIVersion(version))))

    def _in_time(self, attempt: Callable[[], T], *, change: bool = False) -> T:
        """`attempt()` within the time of a login and a request.

        The requests themselves are timed too, but only from when the server's name is looked up,
        and only from one byte to the next. The credentials are read before: that takes no server.
        """
        self._translated(lambda: self._session)
        seconds = 2 * self._timeout
        try:
            return deadline.call(
                lambda: self._translated(attempt, change=change), seconds, "OpenStack",
                change=change,
            )  # fmt: skip
        except deadline.DeadlinePassed as error:
            service = self._credentials.service
            where = host_and_port(str(getattr(self._credentials.auth, "auth_url", "")))
            if service == "Manila":
                where = f"the address that Keystone at {where} names"
            raise Unavailable(
                f"{service} does not answer: waited {seconds:g} s for {where}",
                hint="see whether its name is found (getent hosts NAME) and the service runs",
                uncertain=error.uncertain,
            ) from error

    def _translated(self, attempt: Callable[[], T], *, change: bool = False) -> T:
        try:
            return attempt()
        except (manila_errors.ClientException, auth_errors.ClientException) as error:
            raise translate(error, self._credentials, change=change) from error
        except Exception as error:
            if type(error) is not Exception:
                raise
            # keystoneauth1 raises a bare one when OS_PASSWORD is missing.
            raise self._credentials.unusable(error) from error

    def _negotiate(self) -> None:
        base = self._connect(api_versions.APIVersion("2.0"))
        self._version = api_versions.discover_version(base, api_versions.APIVersion(WANTED))


_SERVER_ERROR = 500  # what is above says the same of all requests
_BY_STATUS: dict[int, type[SharectlError]] = {
    400: Refused,
    404: NotFound,
    409: Refused,
    413: Refused,
}


def translate(  # noqa: PLR0911 - one return for each kind
    error: Exception, credentials: Credentials, *, change: bool = False
) -> SharectlError:
    """What an exception of keystoneauth1 or manilaclient means to the admin."""
    text = _text(error)
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
    status = getattr(error, "http_status", None) or 0
    if isinstance(error, auth_errors.ConnectionError) or status >= 500:
        kind = RequestFailed if status == _SERVER_ERROR else Unavailable
        return _away(kind, text, credentials, uncertain=change and not _never_sent(error))
    if status == 403:
        return Denied(
            f"Manila says: {text}",
            hint="use credentials that may do this; these are those of:"
            f" {credentials.command('token issue')}",
        )
    if status in _BY_STATUS:
        return _BY_STATUS[status](f"Manila says: {text}")
    if isinstance(error, manila_errors.CommandError):
        return Refused(f"Manila's client refuses: {text}")
    if isinstance(error, auth_errors.ClientException):
        return credentials.unusable(text)
    return BackendError(f"Manila: {text}")


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
