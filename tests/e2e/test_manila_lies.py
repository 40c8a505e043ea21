"""A proxy before Manila that answers in its place: nothing is gone because it says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.e2e.world import World

pytestmark = pytest.mark.lab


@dataclass(frozen=True)
class Lie:
    """What the proxy answers to every request."""

    status: int
    body: str
    kind: str = "text/plain"


_LIES = {
    "404-text": Lie(404, "404 page not found\n"),
    "404-html": Lie(404, "<html><h1>Not Found</h1></html>", "text/html"),
    "404-empty": Lie(404, ""),
    "404-json": Lie(404, '{"detail": "Not Found"}', "application/json"),
    "200-html": Lie(200, "<html><h1>It works!</h1></html>", "text/html"),
}


@contextmanager
def _proxy(lie: Lie) -> Iterator[str]:
    """The URL of a server that answers with `lie` to everything."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(lie.status)
            self.send_header("Content-Type", lie.kind)
            self.send_header("Content-Length", str(len(lie.body)))
            self.end_headers()
            self.wfile.write(lie.body.encode())

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server's names

        def log_message(self, *_arguments: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v2"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("lie", _LIES.values(), ids=_LIES)
def test_nothing_is_gone_because_a_proxy_says_so(world: World, lie: Lie) -> None:
    world.guest("vm1")
    share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
    world.cloud.create_share("data", "CEPHFS", backend="ceph")
    empty = world.snapshot()
    world.sharectl("add", "vm1", "docs").ok()
    before = world.snapshot()
    assert before.locks
    clouds = world.cloud.clouds_yaml.read_text()
    with _proxy(lie) as url:
        # The same cloud, name and all, with the proxy in front of Manila.
        world.cloud.add_cloud("demo", shared_file_system_endpoint_override=url)
        try:
            for verb in (("add", "vm1", "data"), ("remove", "vm1", "docs"), ("shares",)):
                refused = world.sharectl(*verb)
                assert refused.status == 69, refused
                assert "not Manila" in refused.stderr
                assert "no longer exists" not in refused.stderr
                assert "does not exist" not in refused.stderr
                assert len(refused.stderr.splitlines()) == 2
            shown = world.sharectl("show", "vm1", "docs", "-f", "json").ok()
            assert (shown.json["Health"], "not Manila" in shown.stderr) == ("unknown", True)
            (listed,) = world.sharectl("list", "--long", "-f", "json").ok().json
            assert listed["Health"] == "unknown"
            repaired = world.sharectl("reconcile")
            assert repaired.status != 0
            assert "not Manila" in repaired.stderr
        finally:
            world.cloud.clouds_yaml.write_text(clouds)
    left = world.snapshot()
    assert (left.rules, left.locks, left.mappings) == (before.rules, before.locks, before.mappings)
    assert (left.mounts, left.domains) == (before.mounts, before.domains)
    assert world.cloud.rules(share.id)[0].state == "active"
    world.sharectl("remove", "vm1", "docs").ok()
    assert world.snapshot() == empty
