"""A session with Keystone, and a Manila client at the newest microversion that both sides know.

The microversion is negotiated: 2.82 is asked for, since it is the first with locks on access
rules, and a server that answers 406 is asked for what it has.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import manilaclient.exceptions as manila_errors
from keystoneauth1 import exceptions as auth_errors
from keystoneauth1.session import Session
from manilaclient import api_versions
from manilaclient.v2.client import Client

from sharectl.adapters import deadline
from sharectl.adapters.connection_text import host_and_port
from sharectl.adapters.manila_answers import Malformed
from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_errors import TOO_LARGE, TOO_MANY, not_manila, translate
from sharectl.errors import SharectlError, Unavailable

T = TypeVar("T")
WANTED = "2.82"  # first with lock_visibility and lock_deletion on access rules
SERVICE = "shared-file-system"
_FIRST_ERROR, _AWAY = 400, 503  # HTTP statuses
_SECONDS = re.compile(r"\d{1,9}(\.\d+)?")
_TIMES = 5  # that a request is sent again at most

# Bodies of access rules carry cephx keys; keystoneauth logs them under this name only when the
# loggers are split, and there they stay off whatever --debug turns on.
logging.getLogger("keystoneauth.session.body").setLevel(logging.WARNING)
# Its warnings say what the exception says as well, and would stand between our two lines.
logging.getLogger("keystoneauth").addHandler(logging.NullHandler())


# What manilaclient raises over an answer that is not of the form that it expects.
_CONFUSED = (TypeError, ValueError, AttributeError, LookupError)


class _Session(Session):
    """A session that waits and asks again where the answer says when.

    An answer that is an error is given on without its Retry-After: manilaclient hands that header
    to exceptions that do not take it, with a TypeError, for every status but 413. The answer has
    the seconds as `retry_after`.

    Args:
        patience: seconds that the waits of one request may take in all.
    """

    def __init__(self, *, patience: float, **options: Any) -> None:
        super().__init__(**options)
        self._patience = patience

    def request(self, *arguments: Any, **options: Any) -> Any:
        method = options["method"] if "method" in options else arguments[1]
        left, again = self._patience, _TIMES
        while True:
            answer: Any = super().request(*arguments, **options)
            if answer.status_code < _FIRST_ERROR:
                return answer
            answer.retry_after = _seconds(answer.headers.pop("Retry-After", None))
            wait = answer.retry_after if _may_repeat(answer.status_code, method) else None
            if wait is None or wait > left or not again:
                return answer
            time.sleep(wait)
            left, again = left - wait, again - 1


def _may_repeat(status: int, method: str) -> bool:
    """Whether the request had no effect: what was over a limit was not carried out."""
    return status in (TOO_LARGE, TOO_MANY) or (status == _AWAY and method == "GET")


def _seconds(header: str | None) -> float | None:
    """What Retry-After says; None for a date, or what is neither."""
    return float(header) if header is not None and _SECONDS.fullmatch(header) else None


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
        return _Session(
            patience=self._timeout,
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

    def roles(self) -> frozenset[str]:
        """The names of the roles that the token has there."""
        auth = self._credentials.auth
        return self.call(lambda _client: frozenset(auth.get_access(self._session).role_names))

    def call(self, function: Callable[[Any], T], *, change: bool = False) -> T:
        """`function(client)`, with foreign exceptions translated.

        Args:
            function: makes the request and reads the answer; called again after a negotiation.
            change: whether it changes something, so that a lost answer is told as uncertain.

        Raises what `manila_errors.translate` gives, and `Unavailable` for an answer that cannot be
        read: it is not Manila's.
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
        except SharectlError:
            raise
        except OSError as error:  # a file of certificates that there is not
            raise self._credentials.unusable(error) from error
        except _CONFUSED as error:
            if self._credentials.service == "Keystone":  # not logged in yet
                raise self._credentials.unusable(error) from error
            raise not_manila(_what(error), self._credentials, change=change) from error
        except Exception as error:
            if type(error) is not Exception:
                raise
            # keystoneauth1 raises a bare one when OS_PASSWORD is missing.
            raise self._credentials.unusable(error) from error

    def _negotiate(self) -> None:
        base = self._connect(api_versions.APIVersion("2.0"))
        self._version = api_versions.discover_version(base, api_versions.APIVersion(WANTED))


def _what(error: Exception) -> str:
    """What came back, as far as `error` tells it."""
    if isinstance(error, Malformed):
        return str(error)
    return f"an answer that cannot be read ({type(error).__name__}: {error})"[:200]
