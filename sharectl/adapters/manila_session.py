"""A session with Keystone, and a Manila client at the newest microversion that both sides know.

The microversion is negotiated: 2.82 is asked for, since it is the first with locks on access
rules, or the newest that manilaclient knows; a server that answers 406 is asked for what it has.
"""

from __future__ import annotations

import logging
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
from sharectl.adapters import manila_answers as answers
from sharectl.adapters.connection_text import host_and_port
from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_errors import Limited, translate, unreadable
from sharectl.adapters.manila_limits import limit
from sharectl.adapters.manila_transport import Transport
from sharectl.errors import BackendError, SharectlError, Unavailable, said
from sharectl.ports.events import Events

T = TypeVar("T")
WANTED = (2, 82)  # first with lock_visibility and lock_deletion on access rules
SERVICE = "shared-file-system"
_TIMES = 5  # that a request is sent again at most

# Bodies of access rules carry cephx keys; keystoneauth logs them under this name only when the
# loggers are split, and there they stay off whatever --debug turns on.
logging.getLogger("keystoneauth.session.body").setLevel(logging.WARNING)
# Without --debug nobody listens, and then Python itself would print what is logged as a warning:
# the exceptions say it as well.
logging.lastResort = logging.NullHandler()


def known_by_client() -> tuple[int, int]:
    """The newest microversion that the installed manilaclient knows."""
    try:
        newest = api_versions.APIVersion(api_versions.MAX_VERSION)
        return newest.ver_major, newest.ver_minor
    except Exception as error:
        raise BackendError(f"library manilaclient failed: {said(error)}") from error


class ManilaSession:
    """A client of one cloud, made at the first call.

    Args:
        credentials: of the cloud.
        timeout: seconds that one request may take; a call takes no more than twice that.
        patience: seconds that a call may wait in all, beside that, where OpenStack says that there
            are too many requests and when to ask again; `timeout` if it is not given.
        events: hear of each request that changes something.
    """

    def __init__(
        self,
        credentials: Credentials,
        timeout: float,
        patience: float | None = None,
        events: Events | None = None,
    ) -> None:
        self._credentials = credentials
        self._events = events or Events()
        self._timeout = timeout
        self._patience = timeout if patience is None else patience
        self._version = min(WANTED, known_by_client())

    @cached_property
    def _session(self) -> Session:
        verify, certificate = self._credentials.tls
        made = Session(
            auth=self._credentials.auth, verify=verify, cert=certificate, timeout=self._timeout,
            app_name="sharectl", split_loggers=True,
        )  # fmt: skip
        return limit(made)

    @cached_property
    def _endpoint(self) -> str:
        """Manila's address: that of the configuration, else the catalog's."""
        place = self._credentials.place(SERVICE)
        found = place.endpoint or self._session.get_endpoint(
            service_type=SERVICE, interface=place.interface, region_name=place.region
        )
        if not found:
            where = f" in region {place.region}" if place.region else ""
            raise auth_errors.catalog.EndpointNotFound(
                f"{place.interface or 'public'} endpoint for {SERVICE} service{where} not found"
            )
        return str(found)

    def cloud(self) -> tuple[str, str]:
        """The cloud's name, empty for OS_* variables, and the address of its Keystone."""
        return self._credentials.cloud, self._credentials.auth_url

    def client(self) -> Any:
        """A client at the microversion in force: one for each call, at no cost.

        The managers of manilaclient keep what they list in attributes of their own, so that two
        threads must not share one.
        """
        return self._connect(self._version)

    def _connect(self, version: tuple[int, int]) -> Any:
        text = "{}.{}".format(*version)
        made = Client(
            input_auth_token="of the session",  # noqa: S106 - the transport has the real one
            service_catalog_url=self._endpoint,
            service_type=SERVICE,
            api_version=api_versions.APIVersion(text),
        )
        made.client = Transport(self._session, self._endpoint, text, self._events)
        return made

    @property
    def version(self) -> tuple[int, int]:
        """The microversion in force; what is asked for until the server has answered."""
        return self._version

    def limit(self) -> str:
        """What keeps the microversion from being newer: Manila, or its client on this host."""
        text = "{}.{}".format(*self._version)
        if self.client_is_older:
            return f"python-manilaclient on this host knows API {text} at most"
        return f"Manila is at API {text}"

    @property
    def client_is_older(self) -> bool:
        """Whether the client on this host keeps the microversion from being newer."""
        return self._version >= known_by_client()

    def project_id(self) -> str:
        """The project that the token is scoped to."""
        return self._in_time(lambda: str(self._session.get_project_id() or ""))

    def roles(self) -> frozenset[str]:
        """The names of the roles that the token has there."""
        auth = self._credentials.auth
        return self._in_time(lambda: frozenset(auth.get_access(self._session).role_names))

    def call(self, function: Callable[[Any], T], *, change: bool = False) -> T:
        """`function(client)`, with foreign exceptions translated.

        Args:
            function: makes the request and reads the answer; called again after a negotiation,
                and where there are too many requests.
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

    def call_at(self, version: tuple[int, int], function: Callable[[Any], T]) -> T:
        """`function(client)` with a client of that microversion; for a read."""
        return self._in_time(lambda: function(self._connect(version)))

    def change_at(self, version: tuple[int, int], function: Callable[[Transport], T]) -> T:
        """`function(transport)` at that microversion, which the client need not know."""
        text = "{}.{}".format(*version)

        def attempt() -> T:
            return function(Transport(self._session, self._endpoint, text, self._events))

        return self._in_time(attempt, change=True)

    def _in_time(self, attempt: Callable[[], T], *, change: bool = False) -> T:
        """`attempt()`, again when the service says so: it was not carried out then."""
        left, again = self._patience, _TIMES
        while True:
            try:
                return self._once(attempt, change=change)
            except Limited as limit:
                wait = limit.wait
                if wait is None or wait > left or not again:
                    raise
                time.sleep(wait)
                left, again = left - wait, again - 1

    def _once(self, attempt: Callable[[], T], *, change: bool) -> T:
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
            where = host_and_port(self._credentials.auth_url)
            if service == "Manila":
                where = f"the address that Keystone at {where} names"
            raise Unavailable(
                f"{service} does not answer: waited {seconds:g} s for {where}",
                hint="see whether its name is found (getent hosts NAME) and the service runs",
                uncertain=error.uncertain,
            ) from error

    def _translated(self, attempt: Callable[[], T], *, change: bool = False) -> T:
        """The boundary: whatever the libraries raise becomes an error of ours here."""
        try:
            return attempt()
        except SharectlError:
            raise
        except (manila_errors.ClientException, auth_errors.ClientException) as error:
            raise translate(error, self._credentials, change=change) from error
        except Exception as error:
            raise unreadable(error, self._credentials, change=change) from error

    def _negotiate(self) -> None:
        """Take the newest that the server has; 2.0 is the oldest that there is."""
        body = self._connect((2, 0)).client.get_with_base_url("")[1]
        self._version = min(self._version, answers.newest_version(body))
