"""Calls to OpenStack end in time, whatever its libraries wait for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from keystoneauth1 import exceptions as auth_errors

from sharectl.adapters.manila_credentials import Credentials
from sharectl.adapters.manila_errors import translate
from sharectl.adapters.manila_session import ManilaSession
from sharectl.adapters.manila_shares import ManilaShares
from sharectl.errors import ExitCode, Unavailable
from sharectl.model.enums import AccessLevel, AccessType
from sharectl.model.share import Access
from tests.adapters.openstack_server import SHARE_ID, Answer, OpenStack, Override, Request

pytestmark = pytest.mark.filterwarnings("ignore:Support for InfluxDB")  # of openstacksdk
_TIMEOUT = 0.2  # seconds for a request, so that a call may take twice that


def _nobody(_version: str) -> None:
    """Who wants to know of rules without locks."""


@pytest.fixture
def session(credentials: Credentials) -> ManilaSession:
    """A session with them, of little patience."""
    return ManilaSession(credentials, _TIMEOUT)


@pytest.fixture
def dead_name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Name lookups block until the test is over; what it left behind then ends."""
    over, before = threading.Event(), set(threading.enumerate())

    def block(*_arguments: Any, **_options: Any) -> Any:
        over.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", block)
    yield
    over.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(30)


_URL = "Unable to establish connection to http://h:8786/v2: "


@pytest.mark.parametrize(
    ("error", "uncertain"),
    [
        (auth_errors.ConnectFailure(f"{_URL}[Errno 111] Connection refused"), False),
        (
            auth_errors.ConnectFailure(f"{_URL}('Connection aborted.', RemoteDisconnected('x'))"),
            True,
        ),
        (auth_errors.ConnectTimeout("Request to http://h:8786/v2 timed out"), True),
        (auth_errors.http.BadGateway("no"), True),
    ],
)
def test_a_change_is_uncertain_once_it_may_have_been_sent(
    error: Exception, uncertain: bool, credentials: Credentials
) -> None:
    for change in (False, True):
        told = translate(error, credentials, change=change)
        assert isinstance(told, Unavailable)
        assert told.uncertain is (change and uncertain)


_ACCESS = Access(AccessType.IP, "192.0.2.7", AccessLevel.RW)
_CALLS: dict[str, tuple[Callable[[ManilaShares], object], bool]] = {
    "project": (lambda shares: shares.project_id(), False),
    "list": (lambda shares: shares.list(), False),
    "rules": (lambda shares: shares.rules("s1"), False),
    "survey": (lambda shares: shares.survey({f"s{number}" for number in range(20)}), False),
    "grant": (lambda shares: shares.grant("s1", _ACCESS, {}), True),
    "revoke": (lambda shares: shares.revoke("s1", "r1"), True),
}


@pytest.mark.usefixtures("dead_name_server")
@pytest.mark.parametrize(("ask", "change"), _CALLS.values(), ids=_CALLS)
def test_dead_name_server(
    session: ManilaSession, ask: Callable[[ManilaShares], object], change: bool
) -> None:
    start = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        ask(ManilaShares(session, _nobody))
    assert time.monotonic() - start < 30, "and not until the name server is given up"
    assert caught.value.message == (
        "Keystone does not answer: waited 0.4 s for keystone.example:5000"
    )
    assert "getent hosts" in str(caught.value.hint)
    assert (caught.value.uncertain, caught.value.exit_code) == (change, ExitCode.UNAVAILABLE)


def test_failed_connection_is_one_sentence(
    session: ManilaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_arguments: Any, **_options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unavailable) as caught:
        ManilaShares(session, _nobody).list()
    assert caught.value.message == (
        "Keystone does not answer: cannot connect to keystone.example:5000:"
        " Name or service not known"
    )


@pytest.mark.loopback
def test_each_call_has_a_client_of_its_own(
    openstack: OpenStack, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads on one took each other's attributes away."""
    monkeypatch.setenv("OS_AUTH_URL", f"{openstack.url}/v3")
    session = ManilaSession(credentials, 10)
    assert session.call(lambda client: client) is not session.call(lambda client: client)


def _limited(times: int, status: int, seconds: str) -> Override:
    """The first `times` requests after the login are over a limit."""
    left = list(range(times))

    def override(_request: Request) -> Answer | None:
        if not left:
            return None
        left.pop()
        return Answer(status, "slow down", "text/plain", {"Retry-After": seconds})

    return override


_GRANT = (lambda shares: shares.grant(SHARE_ID, _ACCESS, {}), "POST")
_RULES = (lambda shares: shares.rules(SHARE_ID), "GET")
_Ask = tuple[Callable[[ManilaShares], object], str]


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("status", "ask"), [(429, _GRANT), (429, _RULES), (413, _GRANT), (503, _RULES)]
)
def test_what_is_over_a_limit_is_sent_again_when_the_server_says(
    status: int, ask: _Ask, openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.override = _limited(2, status, "0.01")
    ask[0](shares)
    assert [request.method for request in openstack.manila.asked] == [ask[1]] * 3


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("status", "ask", "seconds", "asked"),
    [
        (429, _GRANT, "3600", 1),  # longer than a request may take
        (429, _RULES, "Fri, 31 Dec 2027 23:59:59 GMT", 1),
        (429, _RULES, "0", 6),  # not for ever
        (429, _RULES, "nan", 1),
        (503, _GRANT, "0", 1),  # it may have been carried out
    ],
)
def test_what_stays_over_a_limit_is_unavailable(
    status: int, ask: _Ask, seconds: str, asked: int, openstack: OpenStack, shares: ManilaShares
) -> None:
    openstack.manila.override = _limited(99, status, seconds)
    with pytest.raises(Unavailable) as caught:
        ask[0](shares)
    assert len(openstack.manila.asked) == asked
    assert caught.value.uncertain is (status == 503)
    if seconds == "3600":
        assert caught.value.hint == "run it again in 3600 s"
