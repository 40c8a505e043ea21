"""A small HTTP server that answers as Keystone and Manila do, or as something broken does.

The real client code talks to it, over real connections. What real servers answer was taken from
Keystone 30 and Manila 23.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PROJECT = "0123456789abcdef0123456789abcdef"
SHARE_ID = "5a5a5a5a-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Request:
    """What was asked: `path` without the endpoint's own, `query` as names and values."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    version: str


@dataclass(frozen=True)
class Answer:
    """What comes back."""

    status: int
    body: str | bytes = ""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def as_json(body: object, status: int = 200, **headers: str) -> Answer:
    """`body` as JSON."""
    return Answer(status, json.dumps(body), headers=headers)


def fault(status: int, name: str, message: str) -> Answer:
    """One of Manila's own errors."""
    return as_json({name: {"code": status, "message": message}}, status)


MISSING = fault(404, "itemNotFound", "The resource could not be found.")
PROXY_404 = Answer(404, "404 page not found\n", "text/plain; charset=utf-8")
VERSIONS = as_json(
    {"versions": [{"id": "v2.0", "status": "CURRENT", "version": "2.99", "min_version": "2.0"}]}
)


def share(share_id: str = SHARE_ID, name: str = "docs", **fields: object) -> dict[str, Any]:
    """A share as Manila shows it in detail."""
    return {
        "id": share_id, "name": name, "share_proto": "NFS", "status": "available", "size": 1,
        "project_id": PROJECT, "metadata": {}, "task_state": None, "is_soft_deleted": False,
        "scheduled_to_be_deleted_at": None, "export_locations": ["192.0.2.1:/docs"], **fields,
    }  # fmt: skip


def rule(rule_id: str = "r1", **fields: object) -> dict[str, Any]:
    """An access rule as Manila shows it."""
    return {
        "id": rule_id, "access_type": "ip", "access_to": "192.0.2.7", "access_level": "rw",
        "state": "active", "access_key": None, "metadata": {}, **fields,
    }  # fmt: skip


Override = Callable[[Request], Answer | None]


class SmallManila:
    """The answers of a Manila with these shares and rules.

    Attributes:
        shares: by ID, those in the recycle bin included.
        rules: of all shares.
        page: the most that one page of a list has.
        override: asked first; what it returns is sent instead.
        newest: the microversion in force; a newer one gets 406.
        headers: of every answer.
    """

    def __init__(self) -> None:
        self.shares = {SHARE_ID: share()}
        self.rules = [rule()]
        self.page = 1000
        self.override: Override = lambda _request: None
        self.newest = (2, 99)
        self.headers: dict[str, str] = {}
        self.asked: list[Request] = []

    def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        answer = self.override(request) or self._own(request)
        return replace(answer, headers=self.headers | answer.headers)

    def _own(self, request: Request) -> Answer:
        if request.path in ("", "/", "/v2", "/v2/"):
            number = "{}.{}".format(*self.newest)
            status = 200 if "v2" in request.path else 300  # Multiple Choices, as Manila has it
            return Answer(status, str(VERSIONS.body).replace("2.99", number))
        if tuple(int(part) for part in request.version.split(".")) > self.newest:
            return fault(406, "computeFault", f"Version {request.version} is not supported")
        kind, _, rest = request.path.removeprefix("/v2/").partition("/")
        if kind == "shares":
            return self._shares(request, rest)
        if kind == "share-access-rules":
            return self._rules(request, rest)
        return MISSING

    def _shares(self, request: Request, rest: str) -> Answer:
        share_id, _, what = rest.partition("/")
        if share_id in ("", "detail"):
            return self._list(request.query)
        if share_id not in self.shares:
            return MISSING
        if what == "export_locations":
            paths = self.shares[share_id]["export_locations"]
            return as_json({"export_locations": [{"id": path, "path": path} for path in paths]})
        if what == "action":
            return self._action(share_id, request.body)
        return as_json({"share": self.shares[share_id]})

    def _list(self, query: dict[str, str]) -> Answer:
        binned = query.get("is_soft_deleted") == "True"
        found = [
            item
            for item in self.shares.values()
            if item["is_soft_deleted"] is binned and query.get("name") in (None, item.get("name"))
        ]
        start = int(query.get("offset", 0))
        page = found[start : start + min(int(query.get("limit", self.page)), self.page)]
        count = {"count": len(found)} if query.get("with_count") else {}
        return as_json({"shares": page, **count})

    def _action(self, share_id: str, body: Any) -> Answer:
        if "allow_access" in body:
            made = rule(f"r{len(self.rules) + 1}", **body["allow_access"])
            self.rules.append(made)
            return as_json({"access": made})
        if "access_list" in body or "os-access_list" in body:
            return as_json({"access_list": self.rules})
        wanted = next(iter(body.values()))["access_id"]
        left = [item for item in self.rules if item["id"] != wanted]
        if len(left) == len(self.rules):
            return fault(404, "itemNotFound", "Resource could not be found.")
        self.rules = left
        return Answer(202, kind="text/html")

    def _rules(self, request: Request, rest: str) -> Answer:
        rule_id, _, what = rest.partition("/")
        if not rule_id:
            if (share_id := request.query["share_id"]) not in self.shares:
                return fault(400, "badRequest", f"Share {share_id} not found.")
            return as_json({"access_list": self.rules})
        found = next((item for item in self.rules if item["id"] == rule_id), None)
        if found is None:
            return fault(404, "itemNotFound", "Resource could not be found.")
        return self._metadata(request, found["metadata"], what.partition("/")[2])

    def _metadata(self, request: Request, metadata: dict[str, str], key: str) -> Answer:
        if request.method == "PUT":
            if not all(request.body["metadata"].values()):
                return fault(400, "badRequest", "Invalid metadata.")
            metadata.update(request.body["metadata"])
            return as_json({"metadata": metadata})
        if metadata.pop(key, None) is None:
            return fault(404, "itemNotFound", "Share access rule metadata does not exist.")
        return Answer(200)


class OpenStack:
    """Keystone and `manila` at `url`; `projects` and `roles` are of the users by name.

    The catalog has `manila_url`, if that is set, as the endpoint of Manila.
    """

    def __init__(self) -> None:
        self.manila = SmallManila()
        self.url = ""
        self.manila_url = ""
        self.projects: dict[str, str] = {}
        self.roles: dict[str, tuple[str, ...]] = {}

    def answer(self, request: Request) -> Answer:
        if not request.path.startswith("/v3"):
            return self.manila.answer(request)
        if request.method == "GET":
            links = [{"rel": "self", "href": f"{self.url}/v3"}]
            return as_json({"version": {"id": "v3.14", "status": "stable", "links": links}})
        user = request.body["auth"]["identity"]["password"]["user"]["name"]
        return self._token(user)

    def _token(self, user: str) -> Answer:
        endpoint = {"interface": "public", "region": "R", "region_id": "R", "id": "e",
                    "url": self.manila_url or f"{self.url}/v2"}  # fmt: skip
        service = {"type": "shared-file-system", "id": "s", "name": "manila",
                   "endpoints": [endpoint]}  # fmt: skip
        roles = self.roles.get(user, ("member",))
        project_id = self.projects.get(user, PROJECT)
        domain = {"id": "default", "name": "Default"}
        token = {
            "methods": ["password"], "catalog": [service], "issued_at": "2026-01-01T00:00:00Z",
            "expires_at": "2099-01-01T00:00:00Z",
            "user": {"id": user, "name": user, "domain": domain},
            "project": {"id": project_id, "name": project_id, "domain": domain},
            "roles": [{"id": role, "name": role} for role in roles],
        }  # fmt: skip
        return as_json({"token": token}, 201, **{"X-Subject-Token": f"token-of-{user}"})


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_arguments: Any) -> None:
        """A client that does not like the certificate goes away."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[OpenStack]:
    """One that runs inside the block; it speaks TLS if it is given a context for that."""
    served = OpenStack()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            version = self.headers.get("X-OpenStack-Manila-API-Version") or "2.0"
            request = Request(
                self.command, parts.path, dict(parse_qsl(parts.query)),
                json.loads(text) if text else None, version,
            )  # fmt: skip
            answer = served.answer(request)
            body = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
            self.send_response(answer.status)
            headers = {"Content-Type": answer.kind, "Content-Length": str(len(body))}
            for name, value in (headers | answer.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server's names

        def log_message(self, *_arguments: Any) -> None:
            """Nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    if tls is not None:  # the handshake in the thread of the request
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    served.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
