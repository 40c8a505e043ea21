"""python -m tests.bench, in the sandbox: print how long sharectl takes beside its raw parts."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import libvirt

from sharectl.adapters.json_store import JsonStore
from sharectl.model.enums import AccessLevel, AccessType, Intent, ShareProtocol
from sharectl.model.mapping import ShareMapping
from tests.bench import hook, scale
from tests.bench.timing import Amount, Comparison, compare, process
from tests.lab import libvirtd
from tests.lab.cloud.cloud import Cloud
from tests.lab.guest import Guest

_LIST_LIMIT, _ADD_LIMIT, _HOOK_LIMIT = 1.5, 1.3, 2.0
_HOOK_CPU_SECONDS = 0.15
_IMPORTS = "import click, tinydb, libvirt, lxml.etree"
_SHARECTL = (str(Path(sys.executable).with_name("sharectl")),)


def main() -> int:
    """Print one line for each comparison; exit status 1 if one is over its limit."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/run"))
    daemon = libvirtd.start(folder / "libvirtd")
    cloud = Cloud.start(folder / "cloud", ceph=True)
    os.environ |= {
        **cloud.environment(),
        "SHARECTL_STATE_DIR": str(folder / "state"),
        "SHARECTL_RUNTIME_DIR": str(folder / "run"),
    }
    try:
        connection = libvirt.open(libvirtd.URI)
        results: list[tuple[Comparison | Amount, float]] = [
            (_list(connection, folder), _LIST_LIMIT),
            (_add(connection, cloud, folder), _ADD_LIMIT),
            *_hook(connection, cloud, folder),
        ]
        for result, limit in results:
            print(result.line(limit), flush=True)
        scale.report(cloud, connection, folder / "scale")
    finally:
        cloud.stop()
        daemon.stop()
    return int(any(result.over(limit) for result, limit in results))


def _hook(
    connection: Any, cloud: Cloud, folder: Path
) -> Iterator[tuple[Comparison | Amount, float]]:
    """The hook as it is installed, run as libvirt would."""
    subprocess.run(
        [*_SHARECTL, "hook", "install", "--no-boot", "--no-probe"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    yield hook.without_shares(connection, folder), _HOOK_LIMIT
    yield hook.with_shares(connection, cloud, folder, _SHARECTL), _HOOK_CPU_SECONDS


def _list(connection: Any, folder: Path) -> Comparison:
    """`list` with ten mappings on ten domains, against nothing but its imports."""
    store = JsonStore(folder / "state/mappings.json")
    with store.transaction() as transaction:
        for number in range(10):
            guest = Guest.define(connection, f"list{number}", folder / "guests")
            transaction.put(_mapping(guest))
    ours = process([*_SHARECTL, "list"])
    return compare(
        "list, 10 mappings / its imports", ours, process([sys.executable, "-c", _IMPORTS]), 15
    )


def _mapping(guest: Guest) -> ShareMapping:
    now, share_id = datetime.now(UTC), str(uuid4())
    return ShareMapping(
        id=str(uuid4()),
        domain_uuid=guest.domain.UUIDString(),
        domain_name=guest.name,
        share_id=share_id,
        share_name="",
        protocol=ShareProtocol.NFS,
        export_location=f"10.0.0.1:/{share_id}",
        tag=share_id,
        access_type=AccessType.IP,
        access_to="10.0.0.2",
        access_level=AccessLevel.RW,
        mount_point=f"/run/sharectl/mnt/{share_id}",
        intent=Intent.ATTACHED,
        created_at=now,
        updated_at=now,
        requested_by="root",
    )


def _add(connection: Any, cloud: Cloud, folder: Path) -> Comparison:
    """`add` of a CephFS share, against the same calls made directly."""
    share = cloud.create_share("bench", "CEPHFS", backend="ceph")
    for name in ("ours", "raw"):
        Guest.define(connection, name, folder / "guests")

    def ours() -> float:
        seconds = process([*_SHARECTL, "add", "ours", share.id])()
        subprocess.run([*_SHARECTL, "remove", "ours", share.id], check=True)
        return seconds

    return compare(
        "add of a CephFS share / its raw parts", ours, _raw(connection, cloud, share.id, folder), 5
    )


def _raw(connection: Any, cloud: Cloud, share_id: str, folder: Path) -> Callable[[], float]:
    as_before = connection.lookupByName("raw").XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)

    def run() -> float:
        mount_point = folder / f"raw-{uuid4()}"
        argv = [
            sys.executable,
            "-m",
            "tests.bench.raw_add",
            "raw",
            share_id,
            "bench",
            str(mount_point),
        ]
        start = time.perf_counter()
        rule = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        seconds = time.perf_counter() - start
        subprocess.run(["umount", mount_point], check=True)
        cloud.deny(share_id, rule)
        connection.defineXML(as_before)
        return seconds

    return run


if __name__ == "__main__":
    sys.exit(main())
