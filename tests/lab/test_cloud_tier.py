"""The cloud tier is what the tests above it take it for: Keystone, Manila and Ceph themselves."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab import processes
from tests.lab.cloud import api, places
from tests.lab.cloud.api import Api, ApiError, Location, Rule, Share
from tests.lab.cloud.cloud import Cloud
from tests.lab.cloud.places import DEMO, MATE, OTHER

pytestmark = pytest.mark.lab
pytest_plugins = ("tests.lab.fixtures_cloud",)


@contextmanager
def ceph_fuse(cloud: Cloud, share: Share, rule: Rule, folder: Path) -> Iterator[Path]:
    """The share, mounted with the rule's id and key."""
    monitors, path = cloud.export_locations(share.id)[0].path.rsplit(":", 1)
    conf, keyring, target = folder / "ceph.conf", folder / "keyring", folder / "mnt"
    conf.write_text(f"[global]\nmon host = {monitors}\nclient mount timeout = 8\n")
    keyring.write_text(f"[client.{rule.access_to}]\nkey = {rule.access_key}\n")
    target.mkdir()
    subprocess.run(["ceph-fuse", "-c", conf, "-n", f"client.{rule.access_to}", "--keyring",
                    keyring, "-r", path, target], check=True, capture_output=True)  # fmt: skip
    try:
        yield target
    finally:
        subprocess.run(["umount", target], check=True)


def test_cephfs_share_is_mounted_with_its_key(clean_cloud: Cloud, tmp_path: Path) -> None:
    share = clean_cloud.create_share("data", "CEPHFS", backend="ceph")
    writer = clean_cloud.allow(share.id, "writer", access_type="cephx")
    reader = clean_cloud.allow(share.id, "reader", access_type="cephx", level="ro")
    for folder in (tmp_path / "rw", tmp_path / "ro"):
        folder.mkdir()

    with ceph_fuse(clean_cloud, share, writer, tmp_path / "rw") as mounted:
        (mounted / "greeting").write_text("hello\n")
    with ceph_fuse(clean_cloud, share, reader, tmp_path / "ro") as mounted:
        assert (mounted / "greeting").read_text() == "hello\n"
        with pytest.raises(OSError, match=r"denied|Read-only"):
            (mounted / "other").write_text("")


def test_rule_with_metadata_and_locks(clean_cloud: Cloud) -> None:
    share = clean_cloud.create_share("data", "CEPHFS", backend="ceph")
    demo, mate = (clean_cloud.as_account(account) for account in (DEMO, MATE))
    wish = {"access_type": "cephx", "access_to": "host-1", "access_level": "rw",
            "metadata": {"managed-by": "test"}, "lock_visibility": True, "lock_deletion": True,
            "lock_reason": "in use"}  # fmt: skip

    rule_id = demo.action(share.id, "allow_access", wish)["access"]["id"]
    clean_cloud.wait_for_rule(rule_id)

    rule = clean_cloud.rule(rule_id)
    assert (rule.state, rule.metadata) == ("active", {"managed-by": "test"})
    assert rule.access_key
    assert {lock.action for lock in clean_cloud.locks() if lock.resource_id == rule_id} == {
        "delete", "show"}  # fmt: skip
    seen = Rule.from_json(mate.get(f"/share-access-rules/{rule_id}")["access"])
    assert seen.access_key == "******"
    with pytest.raises(ApiError, match="locked"):
        demo.action(share.id, "deny_access", {"access_id": rule_id})

    clean_cloud.deny(share.id, rule_id)
    assert (clean_cloud.rules(share.id), clean_cloud.locks()) == ([], [])
    assert "client.host-1" not in _ceph_ids(clean_cloud)


@pytest.mark.parametrize(("port", "newest"), places.OLDER_APIS.items())
def test_older_api_admits_to_nothing_newer(clean_cloud: Cloud, port: int, newest: str) -> None:
    url = places.manila_url(port)
    document = Api(DEMO, url, newest).get("/")["versions"][0]
    assert (document["version"], document["links"][-1]["href"]) == (newest, f"{url}/")

    assert Api(DEMO, url, newest).get("/shares") == {"shares": []}
    with pytest.raises(ApiError, match=f"maximum is {newest}") as refused:
        Api(DEMO, url, "2.83").get("/shares")
    assert refused.value.status == 406


def test_openstack_libraries_find_each_cloud(
    clean_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keystoneauth1.exceptions import EndpointNotFound
    from openstack.config import OpenStackConfig

    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clean_cloud.clouds_yaml))

    def newest(cloud: str) -> Any:
        region = OpenStackConfig().get_one(cloud=cloud)
        adapter: Any = region.get_session_client("shared-file-system")
        return adapter.get_endpoint_data().max_microversion

    assert newest("demo") > (2, 82)
    assert newest("demo-2.45") == (2, 45)
    clean_cloud.add_cloud("far", region_name="Far")
    with pytest.raises(EndpointNotFound):
        newest("far")


def test_faults_asked_for_by_the_name_of_a_share(clean_cloud: Cloud) -> None:
    assert clean_cloud.create_share("fail-create").status == "error"
    empty = clean_cloud.create_share("no-export", "CEPHFS", backend="ceph")
    assert (empty.status, clean_cloud.export_locations(empty.id)) == ("available", [])
    slow = clean_cloud.create_share("slow-create-9s", wait=False)
    assert slow.status == "creating"

    share = clean_cloud.create_share("fail-rule", "CEPHFS", backend="ceph")
    assert clean_cloud.allow(share.id, "host", access_type="cephx").state == "error"
    processes.wait_until(lambda: clean_cloud.share(share.id).access_rules_status == "error",
                         timeout=10, what="the share to show that a rule failed")  # fmt: skip


def test_faults_asked_for_by_the_rule(clean_cloud: Cloud) -> None:
    share = clean_cloud.create_share("data")
    assert clean_cloud.allow(share.id, "203.0.113.7").state == "error"
    assert clean_cloud.allow(share.id, "192.0.2.1").state == "active"
    slow = clean_cloud.create_share("slow-rule-9s")
    waiting = clean_cloud.allow(slow.id, "192.0.2.1", wait=False)
    assert waiting.state in ("queued_to_apply", "applying")


def test_key_comes_after_the_rule_is_active(clean_cloud: Cloud) -> None:
    share = clean_cloud.create_share("late-key-3s", "CEPHFS", backend="ceph")
    rule = clean_cloud.allow(share.id, "host", access_type="cephx")
    assert (rule.state, rule.access_key) == ("active", None)
    processes.wait_until(lambda: clean_cloud.rule(rule.id).access_key, timeout=10, what="the key")


def test_export_locations_are_what_the_test_says(clean_cloud: Cloud) -> None:
    wanted = [
        Location("[2001:db8::1]:/shares/a", preferred=True),
        Location("192.0.2.1:/a", admin_only=True),
        Location("-o evil\n:/../x"),
    ]
    share = clean_cloud.create_share("odd", exports=wanted)
    seen = clean_cloud.export_locations(share.id)
    assert sorted(seen, key=str) == sorted(wanted, key=str)

    clean_cloud.move_export(share.id, "[2001:db8::1]:/shares/a", "192.0.2.9:/b")
    assert "192.0.2.9:/b" in {location.path for location in clean_cloud.export_locations(share.id)}


def test_purge_leaves_nothing(cloud: Cloud) -> None:
    stuck = cloud.create_share("fail-deny", "CEPHFS", backend="ceph")
    cloud.allow(stuck.id, "host", access_type="cephx")
    cloud.create_share("theirs", account=OTHER, metadata={"a": "b"})
    cloud.set_status(stuck.id, "error")
    lock = {"resource_id": stuck.id, "resource_type": "share", "resource_action": "delete"}
    cloud.as_account(DEMO).post("/resource-locks", {"resource_lock": lock})

    cloud.purge()

    assert (cloud.shares(), cloud.locks()) == ([], [])
    assert "client.host" not in _ceph_ids(cloud)
    assert cloud.create_share("next").status == "available"


def test_outages(clean_cloud: Cloud) -> None:
    share = clean_cloud.create_share("data")
    with clean_cloud.manila.frozen(), pytest.raises(TimeoutError):
        urllib.request.urlopen(places.manila_url(), timeout=0.5)
    with clean_cloud.keystone.down(), pytest.raises(urllib.error.URLError, match="refused"):
        api.log_in(DEMO)
    with clean_cloud.manila.down(), pytest.raises(urllib.error.URLError, match="refused"):
        clean_cloud.share(share.id)
    assert clean_cloud.share(share.id) == share


def _ceph_ids(cloud: Cloud) -> str:
    assert cloud.ceph is not None
    return cloud.ceph.command("auth ls")
