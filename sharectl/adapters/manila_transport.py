"""Requests to Manila, sent by the session that has logged in.

manilaclient sends them by the session from 6.3.0 on. Before, it used `requests` by itself: without
the certificates and the time-outs of the session, and at the endpoint of any region. So that all
versions do the same, its clients get this transport.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import manilaclient.exceptions as manila_errors
from keystoneauth1.session import Session

from sharectl.model.event import Requested
from sharectl.ports.events import Events

_VERSION_HEADER = "X-OpenStack-Manila-API-Version"
_REQUEST_ID_HEADER = "X-OpenStack-Request-ID"
_REQUEST_ID = re.compile(r"req-[0-9a-f-]{1,60}")
_VERSIONED = re.compile(r"/v\d+(\.\d+)?(/.*)?$")  # the end of an endpoint: /v2, /v2/PROJECT
_NO_ANSWER = 300  # statuses from here on are no answer to what was asked


class Transport:
    """The part of manilaclient's HTTP client that its managers and we use.

    Args:
        session: sends the requests.
        endpoint: Manila's address in the catalog.
        version: the microversion to ask for, such as `2.82`.
        events: hear of each request that changes something.
    """

    def __init__(self, session: Session, endpoint: str, version: str, events: Events) -> None:
        self._session = session
        self._events = events
        self._endpoint = endpoint.rstrip("/")
        self._headers = {"Accept": "application/json", _VERSION_HEADER: version}

    def get(self, path: str) -> tuple[Any, Any]:
        """The answer to GET and its body as JSON, None where it is none.

        Raises what the session does, and the errors of manilaclient for each status but 2xx.
        """
        return self._ask("GET", self._endpoint + path)

    def get_with_base_url(self, path: str) -> tuple[Any, Any]:
        """The same at the root of the API, above all versions.

        Manila answers there with 300, Multiple Choices, and the list of its versions.
        """
        parts = urlsplit(self._endpoint)
        root = parts._replace(path=_VERSIONED.sub("", parts.path) + "/").geturl()
        return self._ask("GET", root + path, wanted=_NO_ANSWER)

    def post(self, path: str, body: object) -> tuple[Any, Any]:
        """As `get`, for a POST of JSON."""
        return self._ask("POST", self._endpoint + path, body)

    def put(self, path: str, body: object) -> tuple[Any, Any]:
        """As `get`, for a PUT of JSON."""
        return self._ask("PUT", self._endpoint + path, body)

    def delete(self, path: str) -> tuple[Any, Any]:
        """As `get`, for DELETE."""
        return self._ask("DELETE", self._endpoint + path)

    def _ask(
        self, method: str, url: str, body: object = None, wanted: int | None = None
    ) -> tuple[Any, Any]:
        answer: Any = self._session.request(
            url, method, json=body, headers=dict(self._headers), authenticated=True, raise_exc=False
        )
        if method != "GET":
            self._events.emit(_requested(answer, method, url))
        if answer.status_code >= _NO_ANSWER and answer.status_code != wanted:
            raise _failure(answer, method, url)
        return answer, _json(answer)


def _requested(answer: Any, method: str, url: str) -> Requested:
    """With the ID by which Manila's log knows the request, if it is one."""
    found = answer.headers.get(_REQUEST_ID_HEADER, "")
    request_id = found if _REQUEST_ID.fullmatch(found) else ""
    return Requested(method, urlsplit(url).path, answer.status_code, request_id)


def _failure(answer: Any, method: str, url: str) -> Exception:
    """What manilaclient would raise, which cannot read each answer that comes.

    It hands Retry-After to exceptions that do not take it, with a TypeError, for most statuses.
    """
    wait = answer.headers.pop("Retry-After", None)
    try:
        error: Exception = manila_errors.from_response(answer, method, url)
    except Exception:  # noqa: BLE001 - the status is known, whatever the body is
        error = manila_errors.HttpError(
            response=answer, method=method, url=url, http_status=answer.status_code
        )
    if wait is not None:
        answer.headers["Retry-After"] = wait
    return error


def _json(answer: Any) -> object:
    """The body; None for what is no JSON, or nested so deep that nobody can read it."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        return None
