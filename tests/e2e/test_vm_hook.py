"""The hook in front of a kernel NFS mount: a dead server, a server that is back, a reboot."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.e2e.vm_host import VmHost
from tests.lab.vm.channel import CommandFailed
from tests.lab.vm.nas import SERVER, Nas
from tests.lab.vm.virt import VmGuest

pytestmark = pytest.mark.lab

_LONGEST_S = 90  # the hook's 20 s, and what a slow VM takes to start its programs


@pytest.fixture
def hook(host: VmHost) -> Iterator[VmHost]:
    """Takes the hook away again."""
    yield host
    host.sharectl("hook", "uninstall")


def test_start_waits_for_the_share_or_is_refused(hook: VmHost, guest: VmGuest, nas: Nas) -> None:
    host = hook
    share = host.cloud.create_share("docs", backend="lvm")
    host.sharectl("add", "web1", "docs", "--tag", "docs")
    host.write(share.id, "hello", "from the host\n")
    host.reboot()
    with pytest.raises(CommandFailed, match=r"export directory .* does not exist"):
        guest.start()

    host.sharectl("hook", "install", "--no-boot", "--no-probe")
    host.virt.restart()
    with nas.silent():
        start = time.monotonic()
        with pytest.raises(CommandFailed, match=rf"share docs of domain web1: .*{SERVER}"):
            guest.start()
        assert time.monotonic() - start < _LONGEST_S
        assert host.mounts(share.id) == []

    guest.start()
    assert "from the host" in guest.wait_off()
    assert host.read(share.id, "from-guest") == "from the guest\n"
    with nas.silent(), pytest.raises(CommandFailed, match=f"file server {SERVER} does not answer"):
        guest.start()
    host.sharectl("remove", "web1", "docs")
    assert host.cloud.rules(share.id) == []
