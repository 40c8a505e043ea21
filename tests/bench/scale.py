"""How list and a reconcile with nothing to do grow: 10, 100 and 1,000 mappings.

Half as many shares in a real Manila, a fifth as many domains on a real libvirt; the mounts are
those of `fuse_mounts`. The calls of Manila are counted, and the memory is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sharectl.adapters import store_schema
from sharectl.adapters.system import LocalHost
from sharectl.model import provenance
from sharectl.model.access import cephx_id
from sharectl.model.domain_xml import add_filesystem
from sharectl.model.enums import AccessLevel, AccessType, Intent, ShareProtocol
from sharectl.model.mapping import ShareMapping
from sharectl.model.marking import mark_of
from sharectl.model.rule_owner import rule_metadata
from tests.bench.fuse_mounts import FuseMounts
from tests.lab.cloud.api import Share
from tests.lab.cloud.cloud import Cloud
from tests.lab.cloud.places import DEMO
from tests.lab.guest import Guest

SIZES = (10, 100, 1000)
_HOST = LocalHost().identity
# Runs the command line and says on stderr what it took.
_MEASURED = """
import atexit, json, resource, sys, time
from keystoneauth1 import session
calls, start, request = [], time.perf_counter(), session.Session.request
def counted(self, url, *args, **kwargs):
    calls.append(url)
    return request(self, url, *args, **kwargs)
session.Session.request = counted
def tell():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([time.perf_counter() - start, usage.ru_utime + usage.ru_stime,
                      usage.ru_maxrss, len(calls)]), file=sys.stderr)
atexit.register(tell)
from sharectl.cli import main
main()
"""


@dataclass(frozen=True)
class Cost:
    """Of one run: seconds, seconds of CPU, KiB at most, calls of Manila and Keystone."""

    seconds: float
    cpu: float
    memory_kib: int
    calls: int


class Host:
    """A host that grows: mappings are added to those that are there."""

    def __init__(self, cloud: Cloud, connection: Any, folder: Path) -> None:
        self._cloud = cloud
        self._connection = connection
        self._folder = folder
        self._mounts = FuseMounts()
        self._shares: list[tuple[Share, str]] = []
        self._rules: dict[str, str] = {}
        self._mappings: list[ShareMapping] = []

    def grow(self, size: int) -> None:
        """Make it have `size` mappings."""
        if not self._shares:
            self._shares.append(self._share(0))
            self._lift_quota(self._shares[0][0])
        with ThreadPoolExecutor(4) as pool:
            missing = range(len(self._shares), size // 2)
            self._shares += pool.map(self._share, missing)
        first = len(self._mappings) // 5
        for number in range(first, size // 5):
            self._domain(number)
        documents = {str(n): store_schema.document(m) for n, m in enumerate(self._mappings, 1)}
        store = Path(os.environ["SHARECTL_STATE_DIR"]) / "mappings.json"
        store.parent.mkdir(parents=True, exist_ok=True)
        store.write_text(json.dumps({**store_schema.stamp(), "mappings": documents}))

    def _lift_quota(self, share: Share) -> None:
        project = self._cloud.admin.get(f"/shares/{share.id}")["share"]["project_id"]
        without_end = {"shares": -1, "gigabytes": -1}
        self._cloud.admin.call("PUT", f"/quota-sets/{project}", {"quota_set": without_end})

    def _share(self, number: int) -> tuple[Share, str]:
        share = self._cloud.create_share(f"scale{number}", "CEPHFS")
        to = cephx_id(_HOST, share.id)
        wish = {"access_type": "cephx", "access_to": to, "access_level": "rw"}
        api = self._cloud.as_account(DEMO)
        rule = api.action(share.id, "allow_access", wish)["access"]["id"]
        self._cloud.wait_for_rule(rule)
        self._rules[share.id] = rule
        (location,) = self._cloud.export_locations(share.id)
        source = location.path.replace(",", "/", location.path.partition(":/")[0].count(","))
        self._mounts.mount(source, self._mount_point(share))
        return share, location.path

    def _mount_point(self, share: Share) -> Path:
        return Path(os.environ["SHARECTL_RUNTIME_DIR"]) / "mnt" / share.id

    def _domain(self, number: int) -> None:
        """With five shares."""
        guest = Guest.define(self._connection, f"scale{number}", self._folder / "guests")
        xml, marks = guest.domain.XMLDesc(2), []
        for place in range(5):
            share, export = self._shares[(number * 5 + place) % len(self._shares)]
            mapping = self._mapping(guest, share, export)
            self._mappings.append(mapping)
            path = f"/share-access-rules/{self._rules[share.id]}/metadata"
            note = {"metadata": rule_metadata(_HOST, mapping)}
            self._cloud.as_account(DEMO).call("PUT", path, note)
            xml = add_filesystem(xml, mapping.filesystem)
            marks.append(mark_of(mapping, _HOST))
        self._connection.defineXML(provenance.replace_marks(xml, marks))

    def _mapping(self, guest: Guest, share: Share, export: str) -> ShareMapping:
        now = datetime.now(UTC).replace(microsecond=0)
        return ShareMapping(
            id=str(uuid4()),
            domain_uuid=guest.domain.UUIDString(),
            domain_name=guest.name,
            share_id=share.id,
            share_name=share.name,
            protocol=ShareProtocol.CEPHFS,
            export_location=export,
            tag=share.id,
            access_type=AccessType.CEPHX,
            access_to=cephx_id(_HOST, share.id),
            access_level=AccessLevel.RW,
            mount_point=str(self._mount_point(share)),
            intent=Intent.ATTACHED,
            created_at=now,
            updated_at=now,
            requested_by="root",
        )


def measure(*arguments: str) -> Cost:
    """Run sharectl; raises if it does, prints or fails anything that a no-op does not."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *arguments], capture_output=True, text=True, check=False
    )
    *said, cost = done.stderr.splitlines()
    if done.returncode or said or (arguments == ("reconcile",) and done.stdout):
        raise RuntimeError(f"{arguments}: {done.returncode}\n{done.stdout[:2000]}\n{said[:20]}")
    return Cost(*json.loads(cost))


def report(cloud: Cloud, connection: Any, folder: Path) -> None:
    """Print the table, for a host of its own in `folder`."""
    os.environ |= {
        "SHARECTL_STATE_DIR": str(folder / "state"),
        "SHARECTL_RUNTIME_DIR": str(folder / "run"),
    }
    host = Host(cloud, connection, folder)
    print("mappings  verb           seconds   CPU s   MiB   calls of OpenStack", flush=True)
    for size in SIZES:
        host.grow(size)
        for verb in (("list",), ("list", "--long"), ("reconcile",)):
            cost = measure(*verb)
            print(
                f"{size:>8}  {' '.join(verb):<12} {cost.seconds:9.2f} {cost.cpu:7.2f}"
                f" {cost.memory_kib / 1024:5.0f} {cost.calls:6}",
                flush=True,
            )
