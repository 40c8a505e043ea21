"""A small client for Manila's API, and the records it returns.

The tests look at the cloud with this one, so that what they see does not depend on the
libraries that sharectl itself uses.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from tests.lab.cloud.places import KEYSTONE_URL, Account, manila_url

Json = dict[str, Any]
MICROVERSION = "2.82"
_TIMEOUT_S = 30
_UNAUTHORIZED = 401


class ApiError(RuntimeError):
    """The API answered with an error: `status` is the HTTP status, the text its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"HTTP {status}: {message}")
        self.status = status


@dataclass(frozen=True)
class Share:
    """A share as Manila shows it; `access_rules_status` is active, syncing or error."""

    id: str
    name: str
    status: str
    protocol: str
    access_rules_status: str
    backend: str

    @classmethod
    def from_json(cls, body: Json) -> Self:
        backend = (body.get("host") or "").partition("@")[2].partition("#")[0]
        return cls(body["id"], body["name"], body["status"], body["share_proto"],
                   body.get("access_rules_status", ""), backend)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """An access rule; `access_key` is None until Manila knows the cephx key."""

    id: str
    access_type: str
    access_to: str
    access_level: str
    state: str
    access_key: str | None
    metadata: Mapping[str, str]

    @classmethod
    def from_json(cls, body: Json) -> Self:
        return cls(body["id"], body["access_type"], body["access_to"], body["access_level"],
                   body["state"], body.get("access_key"), body.get("metadata", {}))  # fmt: skip


@dataclass(frozen=True)
class Lock:
    """A resource lock; `action` is what it forbids, delete or show."""

    id: str
    resource_type: str
    resource_id: str
    action: str
    reason: str | None

    @classmethod
    def from_json(cls, body: Json) -> Self:
        return cls(body["id"], body["resource_type"], body["resource_id"],
                   body["resource_action"], body["lock_reason"])  # fmt: skip


@dataclass(frozen=True)
class Location:
    """An export location; `admin_only` ones are shown to an administrator alone."""

    path: str
    preferred: bool = False
    admin_only: bool = False

    @classmethod
    def from_json(cls, body: Json) -> Self:
        return cls(body["path"], body["preferred"], body.get("is_admin_only", False))


@dataclass
class Api:
    """Manila as `account` sees it, at `port` and at `microversion`."""

    account: Account
    url: str = field(default_factory=manila_url)
    microversion: str = MICROVERSION
    _token: str | None = None

    def get(self, path: str, **query: str) -> Json:
        return self.call("GET", f"{path}?{urllib.parse.urlencode(query)}" if query else path)

    def post(self, path: str, body: Json) -> Json:
        return self.call("POST", path, body)

    def delete(self, path: str) -> None:
        self.call("DELETE", path)

    def action(self, share_id: str, name: str, arguments: Json | None = None) -> Json:
        """Ask for one of a share's actions, say `allow_access`."""
        return self.post(f"/shares/{share_id}/action", {name: arguments})

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """The answer's body, {} when it has none.

        Raises `ApiError` when Manila or Keystone refuses, `OSError` when it cannot be reached.
        """
        try:
            return self._send(method, path, body)
        except ApiError as error:
            if error.status != _UNAUTHORIZED or self._token is None:
                raise
            self._token = None
            return self._send(method, path, body)

    def _send(self, method: str, path: str, body: Json | None) -> Json:
        if self._token is None:
            self._token = log_in(self.account)
        headers = {
            "X-Auth-Token": self._token,
            "X-OpenStack-Manila-API-Version": self.microversion,
        }
        return exchange(method, self.url + path, body, headers)[0]


def log_in(account: Account) -> str:
    """A token for `account`; raises as `Api.call` does."""
    domain = {"id": "default"}
    user = {"name": account.user, "domain": domain, "password": account.password}
    identity = {"methods": ["password"], "password": {"user": user}}
    scope = {"project": {"name": account.project, "domain": domain}}
    request = {"auth": {"identity": identity, "scope": scope}}
    _, headers = exchange("POST", f"{KEYSTONE_URL}/auth/tokens", request, {})
    return headers["X-Subject-Token"]


def exchange(
    method: str, url: str, body: Json | None, headers: Mapping[str, str]
) -> tuple[Json, Mapping[str, str]]:
    """One request; returns the answer's body ({} when it has none) and headers."""
    request = urllib.request.Request(
        url, method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Accept": "application/json", **headers},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            text = answer.read()
            return (json.loads(text) if text else {}), answer.headers
    except urllib.error.HTTPError as error:
        raise ApiError(error.code, _message(error.read())) from error


def _message(text: bytes) -> str:
    """The message of OpenStack's error body, `{"<kind>": {"message": ...}}`."""
    try:
        return str(next(iter(json.loads(text).values()))["message"])
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return text.decode(errors="replace")
