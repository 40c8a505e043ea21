"""The share drivers of the lab."""

# mypy: disable-error-code="import-not-found"
# mypy: disallow-subclassing-any=False

from __future__ import annotations

import base64
import os
import struct
import time
from typing import Any

from manila import exception
from manila.share.drivers.cephfs import driver as cephfs
from manila.tests.share.drivers import dummy

from tests.lab.cloud.server.faults import Faults, Rule, Updates

_ACCESS_TYPE = {"NFS": "ip", "CIFS": "user", "CEPHFS": "cephx"}
_MONITORS = "192.0.2.11:6789,192.0.2.12:6789,192.0.2.13:6789"


class LabCephFSDriver(Faults, cephfs.CephFSDriver):
    """Manila's own CephFS driver; only what a share's name asks for is different."""


class CephFSLookalike(dummy.DummyDriver):
    """Manila's dummy driver, with CephFS shares that have an export path and keys, but no Ceph."""

    ipv6_implemented = True

    def _create_share(self, context: Any, share: Any, share_server: Any = None) -> Any:
        if share["share_proto"].upper() != "CEPHFS":
            return super()._create_share(context, share, share_server)
        path = f"/volumes/_nogroup/{share['id']}/{share['share_id']}"
        self.private_storage.update(share["id"], {"fake_provider_location": path})
        location = {"path": f"{_MONITORS}:{path}", "is_admin_only": False}
        return [{**location, "metadata": {"preferred": False}}]

    def _update_share_stats(self, data: Any = None) -> None:
        super()._update_share_stats(data)
        # Else the scheduler finds no host for a CephFS share.
        self._stats["storage_protocol"] = "NFS_CIFS_CEPHFS"

    @dummy.slow_me_down  # type: ignore[untyped-decorator]
    def update_access(  # noqa: PLR0917 - Manila's interface
        self,
        context: Any,
        share: Any,
        access_rules: list[Rule],
        add_rules: list[Rule],
        delete_rules: list[Rule],
        update_rules: list[Rule],
        share_server: Any = None,
    ) -> Updates:
        protocol = share["share_proto"].upper()
        for rule in (*access_rules, *add_rules):
            if rule["access_type"] != _ACCESS_TYPE[protocol]:
                raise exception.InvalidShareAccessType(type=rule["access_type"])
        if protocol != "CEPHFS":
            return {}
        return {rule["access_id"]: {"access_key": _new_cephx_key()} for rule in add_rules}


class LabDummyDriver(Faults, CephFSLookalike):
    """Takes any protocol at once; its export paths lead nowhere."""


def _new_cephx_key() -> str:
    """A secret in the form Ceph prints it: type 1, time (s, ns), length, 16 random bytes."""
    secret = struct.pack("<HIIH", 1, int(time.time()), 0, 16) + os.urandom(16)
    return base64.b64encode(secret).decode()
