"""The stage of `make demo` and `make play`: a hypervisor host and a cloud with two shares.

In the sandbox: Keystone, Manila and Ceph; beside them a VM with a stock Debian kernel, whose NFS
server holds Manila's NFS shares. The VM is the hypervisor host: libvirt, the kernel's NFS and
CephFS clients, sharectl, and the guests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.cloud.cloud import Cloud
from tests.lab.vm import backend
from tests.lab.vm.channel import Channel
from tests.lab.vm.machine import COMMON, PROJECT, booted
from tests.lab.vm.nas import Nas
from tests.lab.vm.virt import Virt


@dataclass(frozen=True)
class Stage:
    """The host, its libvirt, and the cloud; `shares` has the ID of each share by its name."""

    vm: Channel
    virt: Virt
    cloud: Cloud
    shares: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a command on the host: credentials, and sharectl on the PATH."""
        return {
            **self.cloud.environment("demo"),
            "PATH": f"{PROJECT / '.venv/bin'}:/usr/sbin:/usr/bin:/sbin:/bin",
            "TERM": os.environ.get("TERM", "dumb"),
        }


@contextmanager
def stage() -> Iterator[Stage]:
    """Set it up, and take it down at the end. Raises `LabError`."""
    cloud = Cloud.start(COMMON / "cloud", ceph=True)
    try:
        with booted(Path("/run/lab-vm")) as machine:
            nas = Nas.start(machine.channel)
            backend.add(cloud, backend.lvm(nas.vm))
            shares = {
                "docs": cloud.create_share("docs", "NFS", backend="lvm").id,
                "data": cloud.create_share("data", "CEPHFS", backend="ceph").id,
            }
            yield Stage(machine.channel, Virt.start(machine.channel), cloud, shares)
    finally:
        cloud.stop()
