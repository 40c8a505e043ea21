"""The mount point is there only with the share on it: NFS and CephFS of the kernel, in the VM."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.e2e.vm_host import VmHost
from tests.lab.processes import wait_until
from tests.lab.vm.machine import PROJECT
from tests.lab.vm.nas import Nas
from tests.lab.vm.virt import VmGuest

pytestmark = pytest.mark.lab

_STAGING, _POINTS = "/run/sharectl/staging", "/run/sharectl/mnt"


def _names(host: VmHost, folder: str) -> list[str]:
    """What is in the folder, by name alone: a server may be dead."""
    return host.vm.run(["ls", "-1", "-f", folder], check=False).stdout.split()[2:]


def _staged(host: VmHost) -> list[str]:
    lines = host.vm.run(["cat", "/proc/self/mountinfo"]).stdout.splitlines()
    return [line for line in lines if line.split(" ")[4].startswith(_STAGING)]


def _helpers(host: VmHost) -> list[str]:
    return host.vm.run(["pgrep", "-x", "mount.nfs4?"], check=False).stdout.split()


def test_nfs_server_dies_and_sharectl_is_killed(host: VmHost, guest: VmGuest, nas: Nas) -> None:
    host.vm.run(["mount", "--make-shared", "/run"])  # as systemd has it
    share = host.cloud.create_share("docs", backend="lvm")
    host.sharectl("add", "web1", "docs", "--tag", "docs")
    assert (_names(host, _STAGING), _staged(host)) == ([], [])
    host.vm.run(["umount", f"{_POINTS}/{share.id}"])  # and the folder stays, as after a kill
    argv = [str(PROJECT / ".venv/bin/sharectl"), "reconcile"]
    with nas.silent():
        with host.vm.start(argv, env=host.cloud.environment("demo")) as run:
            wait_until(lambda: bool(_helpers(host)), timeout=120, what="the server is waited for")
            assert _names(host, _POINTS) == []
            run.kill(signal.SIGKILL)
        assert _names(host, _POINTS) == []
        assert len(_names(host, _STAGING)) == 1
    wait_until(lambda: not _helpers(host), timeout=120, what="the helper is done")
    assert _names(host, _POINTS) == []

    host.sharectl("reconcile")
    assert host.mounts(share.id)[1] == "nfs4"
    assert (_names(host, _STAGING), _staged(host)) == ([], [])
    host.write(share.id, "hello", "from the host\n")
    guest.start()
    assert "from the host" in guest.wait_off()
    host.sharectl("remove", "web1", "docs")
    assert _names(host, _POINTS) == []


def test_kernel_client_that_was_cut_off(host: VmHost, guest: VmGuest) -> None:
    """The rule that is granted again has another key, and the mount keeps the old one."""
    share = host.cloud.create_share("docs", "CEPHFS", backend="ceph")
    added = host.sharectl("add", "web1", "docs", "--tag", "docs", "-f", "json")
    (note,) = _names(host, "/run/sharectl/mounts")
    assert Path(note).stem == share.id
    (rule,) = host.cloud.rules(share.id)
    host.cloud.deny(share.id, rule.id)
    host.cloud.allow(share.id, added["Access To"], access_type="cephx")
    (listed,) = host.sharectl("list", "-f", "json", "--long")
    assert listed["Health"] in ("stale", "no-access")
    host.sharectl("reconcile")
    (listed,) = host.sharectl("list", "-f", "json", "--long")
    assert listed["Health"] == "ok"
    host.write(share.id, "hello", "from the host\n")
