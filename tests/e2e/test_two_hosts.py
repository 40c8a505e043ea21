"""Two hosts with one name and one real Ceph: neither takes what is the other's for its own."""

from __future__ import annotations

import pytest

from tests.e2e.nodes import Host
from tests.lab.cloud.api import Share
from tests.lab.cloud.cloud import Cloud
from tests.lab.fixtures_trixie import NodeFactory
from tests.lab.guest import Guest

pytestmark = pytest.mark.lab

NAMES = {
    "short": ("node1.site-a.example.org", "node1.site-b.example.org"),
    "whole": ("localhost", "localhost"),
}


def _host(nodes: NodeFactory, cloud: Cloud, name: str) -> tuple[Host, Guest]:
    host = Host(nodes(), cloud)
    host.rename(name)
    return host, host.node.define("web1", script="share docs; true", stay=True)


@pytest.fixture(params=NAMES)
def hosts(
    request: pytest.FixtureRequest, trixie_nodes: NodeFactory, clean_cloud: Cloud
) -> tuple[tuple[Host, Guest], tuple[Host, Guest], Share]:
    """Both have share docs attached to a domain web1."""
    share = clean_cloud.create_share("docs", "CEPHFS", backend="ceph")
    first, second = (_host(trixie_nodes, clean_cloud, name) for name in NAMES[request.param])
    for host, _guest in (first, second):
        host.sharectl("add", "web1", "docs", "--tag", "docs")
    return first, second, share


def test_what_one_host_removes_the_other_keeps(
    hosts: tuple[tuple[Host, Guest], tuple[Host, Guest], Share], clean_cloud: Cloud
) -> None:
    (first, _), (second, guest), share = hosts
    clients = [rule.access_to for rule in clean_cloud.rules(share.id)]
    assert len(set(clients)) == 2
    guest.domain.create()
    guest.wait_for("script ended")
    assert guest.sh("echo one >/mnt/docs/log")[0] == 0

    assert first.sharectl("reconcile", "--prune") == ""
    first.sharectl("remove", "web1", "docs")
    (rule,) = clean_cloud.rules(share.id)
    assert rule.access_to in clients
    assert first.sharectl("reconcile", "--prune") == ""
    assert guest.sh("echo two >>/mnt/docs/log; cat /mnt/docs/log") == (0, "one\ntwo\n")
    assert second.health() == "ok"
    assert second.sharectl("reconcile", "--prune") == ""
    assert second.mounted(share) == "fuse.ceph-fuse"


def test_what_a_dead_host_left_is_taken_away_and_no_more(
    hosts: tuple[tuple[Host, Guest], tuple[Host, Guest], Share], clean_cloud: Cloud
) -> None:
    (first, _), (second, guest), share = hosts
    rules = {rule.metadata["sharectl-host-id"]: rule.id for rule in clean_cloud.rules(share.id)}
    own = second.host_id()
    (dead,) = set(rules) - {own}
    first.node.stop()  # and never comes back

    named = second.sharectl("shares", "--long", "-f", "value", "-c", "Hosts").strip()
    assert len(named.split(", ")) == 2
    assert f"{own} is this host" in second.sharectl("forget", "--from-host", own, status=4)
    assert "access rule" in second.sharectl("forget", "--from-host", dead, "docs", "--dry-run")
    assert len(clean_cloud.rules(share.id)) == 2
    told = second.sharectl("forget", "--from-host", dead, "docs", "-y")
    assert told.startswith(f"withdrew access rule {rules[dead]} of share docs for cephx ")
    (rule,) = clean_cloud.rules(share.id)
    assert rule.id == rules[own]
    assert {lock.resource_id for lock in clean_cloud.locks()} == {rule.id, share.id}

    guest.domain.create()
    guest.wait_for("script ended")
    assert guest.sh("echo still >/mnt/docs/log")[0] == 0
    guest.domain.destroy()
    second.sharectl("remove", "web1", "docs")
    assert clean_cloud.locks() == []
    clean_cloud.delete_share(share.id)
