"""Talk to Ceph as its admin: ``python -m ...ceph_admin CEPH_CONF create|wait|run ...``.

One process with librados instead of the `ceph` program, each call of which takes half a second.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import rados

_INTERVAL_S = 0.1


def main() -> None:
    conf, action, *arguments = sys.argv[1:]
    with rados.Rados(conffile=conf, name="client.admin") as cluster:
        if action == "create":
            _create(cluster, *arguments)
        elif action == "wait":
            _wait(cluster)
        else:
            print(_ask(cluster, json.loads(arguments[0])))


def _create(cluster: Any, osd_uuid: str, osd_key: str) -> None:
    """Announce the OSD, and create the pools and the file system."""
    secrets = json.dumps({"cephx_secret": osd_key}).encode()
    _ask(cluster, {"prefix": "osd new", "uuid": osd_uuid, "id": 0}, secrets)
    for pool in ("cephfs.meta", "cephfs.data"):
        _ask(cluster, {"prefix": "osd pool create", "pool": pool, "pg_num": 8})
    names = {"fs_name": "cephfs", "metadata": "cephfs.meta", "data": "cephfs.data"}
    _ask(cluster, {"prefix": "fs new", **names})


def _wait(cluster: Any) -> None:
    """Wait for the MDS and the manager; whoever called us has the deadline."""
    _until(lambda: "up:active" in _ask(cluster, {"prefix": "mds stat", "format": "json"}))
    _until(lambda: _answers(cluster, {"prefix": "fs subvolume ls", "vol_name": "cephfs"}))


def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(_INTERVAL_S)


def _answers(cluster: Any, command: dict[str, Any]) -> bool:
    status, _, _ = cluster.mgr_command(json.dumps(command), b"")
    return bool(status == 0)


def _ask(cluster: Any, command: dict[str, Any], data: bytes = b"") -> str:
    status, output, text = cluster.mon_command(json.dumps(command), data)
    if status:
        raise SystemExit(f"{command['prefix']}: {text} ({status})")
    return str(output.decode())


if __name__ == "__main__":
    main()
