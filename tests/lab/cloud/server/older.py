"""One Manila that answers as an older one on some of its ports.

The version is negotiated by Manila's own code, so that a client meets the real 406 and 404
answers; only the newest version that this code believes in depends on the port.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from manila.api.openstack import api_version_request
from manila.api.views import versions

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]

_request = threading.local()


def by_port(app: WsgiApp, newest: Mapping[int, str]) -> WsgiApp:
    """`app`, limited on each port of `newest` to that microversion."""
    own_newest: str = api_version_request._MAX_API_VERSION

    def current() -> str:
        return getattr(_request, "newest", own_newest)

    def limited(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        _request.newest = newest.get(int(environ["SERVER_PORT"]), own_newest)
        return app(environ, start_response)

    api_version_request.max_api_version = lambda: api_version_request.APIVersionRequest(current())
    _patch_version_document(current)
    return limited


def _patch_version_document(current: Callable[[], str]) -> None:
    """Let the version document name the version of the port it is read from."""
    original = versions.ViewBuilder._build_version

    def build_version(self: Any, version: dict[str, Any]) -> Any:
        return original(self, {**version, "version": current()})

    versions.ViewBuilder._build_version = build_version
