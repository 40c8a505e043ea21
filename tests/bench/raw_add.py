"""The raw parts of `add`: the same imports, REST calls, mount and attach, with nothing around.

python -m tests.bench.raw_add DOMAIN SHARE_ID CEPHX_ID FOLDER; prints the rule's id.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click  # noqa: F401 - what sharectl needs for the same job
import libvirt
import lxml.etree  # noqa: F401
import tinydb  # noqa: F401
from keystoneauth1.session import Session
from manilaclient.api_versions import APIVersion
from manilaclient.v2.client import Client
from openstack.config import OpenStackConfig


def main(domain: str, share_id: str, user: str, folder: Path) -> None:
    """Grant, wait, mount, attach."""
    region = OpenStackConfig().get_one()
    client = Client(
        session=Session(auth=region.get_auth()),
        api_version=APIVersion("2.82"),
        service_type="shared-file-system",
    )
    client.shares.get(share_id)
    export = client.share_export_locations.list(share_id)[0].path
    client.share_access_rules.access_list(share_id)
    rule = client.shares.allow(
        share_id, "cephx", user, "rw", lock_visibility=True, lock_deletion=True, lock_reason="bench"
    )["id"]
    while not (seen := client.share_access_rules.get(rule)).access_key or seen.state != "active":
        time.sleep(0.1)
    mount(export, user, seen.access_key, folder)
    connection = libvirt.open("qemu:///system")
    connection.lookupByName(domain).attachDeviceFlags(
        f"<filesystem type='mount'><driver type='virtiofs'/><source dir='{folder}'/>"
        f"<target dir='{share_id}'/></filesystem>",
        libvirt.VIR_DOMAIN_AFFECT_CONFIG,
    )
    print(rule)


def mount(export: str, user: str, key: str, folder: Path) -> None:
    """Mount with ceph-fuse."""
    monitors, _, path = export.partition(":/")
    folder.mkdir(parents=True)
    keyring, conf = folder.with_suffix(".keyring"), folder.with_suffix(".conf")
    keyring.write_text(f"[client.{user}]\nkey = {key}\n")
    conf.write_text(f"[global]\nmon host = {monitors}\nlog file =\nadmin socket =\n")
    subprocess.run(
        ["ceph-fuse", "--conf", conf, "--name", f"client.{user}", "--keyring", keyring,
         "--client_mountpoint", f"/{path}", folder],
        check=True, capture_output=True,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
