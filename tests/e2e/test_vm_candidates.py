"""A share that Manila exports at an IPv4 and an IPv6 address, of which one does not answer."""

from __future__ import annotations

import pytest

from tests.e2e.vm_host import VmHost
from tests.lab.vm.nas import CLIENT, CLIENT_V6, SERVER, SERVER_V6, Nas
from tests.lab.vm.virt import VmGuest

pytestmark = pytest.mark.lab

_MOUNT_S = 12
_CONFIG = f"[mount]\ntimeout = {_MOUNT_S}\n"
_PATIENCE_S = 45  # besides the mount: the VM starts Python in seconds
_NOWHERE = "[2001:db8::9]"  # the VM has no route to it


def _clients(host: VmHost, share_id: str) -> list[str]:
    return [rule.access_to for rule in host.cloud.rules(share_id)]


def _paths(host: VmHost, share_id: str) -> tuple[str, str]:
    """The locations at the IPv4 and at the IPv6 address."""
    paths = [location.path for location in host.cloud.export_locations(share_id)]
    (v4,) = [path for path in paths if path.startswith(f"{SERVER}:")]
    (v6,) = [path for path in paths if path.startswith(f"[{SERVER_V6}]:")]
    return v4, v6


def test_one_that_does_not_answer_is_passed_over(host: VmHost, guest: VmGuest, nas: Nas) -> None:
    """Whichever is first: for `add` the one is silent, and after a reboot the other."""
    host.vm.run(["tee", "/run/short.toml"], input=_CONFIG)
    short = ("--config", "/run/short.toml")
    share = host.cloud.create_share("docs", backend="lvm")
    v4, v6 = _paths(host, share.id)
    with nas.silent("ip"):
        added, seconds = host.timed(*short, "add", "web1", "docs", "--tag", "docs", "-f", "json")
        assert (added["Export Location"], host.mounts(share.id)[0]) == (v6, v6)
        assert (added["Access To"], _clients(host, share.id)) == (CLIENT_V6, [CLIENT_V6])
        assert seconds < _MOUNT_S + _PATIENCE_S
    host.reboot()
    with nas.silent("ip6"):
        _, seconds = host.timed(*short, "reconcile")
        assert host.mounts(share.id)[0] == v4
        assert _clients(host, share.id) == [CLIENT]
        assert seconds < _MOUNT_S + _PATIENCE_S
    host.reboot()
    with nas.silent():
        said, seconds = host.timed(*short, "reconcile", status=69)
        assert (v4 in said, v6 in said) == (True, True)
        assert seconds < _MOUNT_S + _PATIENCE_S
    host.sharectl(*short, "reconcile")
    host.sharectl("remove", "web1", "docs")
    assert (host.mounts(share.id), _clients(host, share.id)) == ([], [])


def test_address_without_a_route_comes_last_and_one_can_be_chosen(
    host: VmHost, guest: VmGuest
) -> None:
    share = host.cloud.create_share("docs", backend="lvm")
    v4, v6 = _paths(host, share.id)
    nowhere = v6.replace(f"[{SERVER_V6}]", _NOWHERE)
    host.cloud.move_export(share.id, v6, nowhere)
    host.sharectl("add", "web1", "docs", "--tag", "docs")
    assert host.mounts(share.id)[0] == v4
    host.sharectl("remove", "web1", "docs")
    chosen = ("add", "web1", "docs", "--tag", "docs", "--export-location")
    assert "no route" in host.sharectl(*chosen, nowhere, status=69)
    assert v4 in host.sharectl(*chosen, "10.98.0.9:/other", status=4)

    host.cloud.move_export(share.id, nowhere, v6)
    for path, other in ((v6, v4), (v4, v6)):
        host.sharectl(*chosen, path)
        assert host.mounts(share.id)[0] == path
        assert f"from {path}" in host.sharectl(*chosen, other, status=4)
        host.sharectl("remove", "web1", "docs")
    assert (host.mounts(share.id), _clients(host, share.id)) == ([], [])
