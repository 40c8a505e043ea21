"""What sharectl 0.1.0 left on a host stays valid: its store, its marks and its access rules.

`tests/data/earlier/0.1.0` was written by 0.1.0 itself, with an NFS and a CephFS share attached.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharectl.adapters.json_store import JsonStore
from sharectl.errors import ConfigError
from sharectl.model.enums import AccessLevel, AccessType
from sharectl.model.mapping import ShareMapping
from sharectl.model.mounts import HostMount
from sharectl.model.secret import CephxKey
from sharectl.model.share import Access
from sharectl.operations.forget import forget_mapping, look
from sharectl.operations.list import list_mappings
from sharectl.operations.remove import RemoveRequest, remove
from tests.fakes import FakeApp
from tests.operations.reconciling import messages, run_adopt, run_reconcile
from tests.operations.scenarios import cephfs

_DATA = Path(__file__).parent.parent / "data" / "earlier" / "0.1.0"


def _rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((_DATA / "rules.json").read_text())
    return found


def _host(*, store: bool = True) -> FakeApp:
    """The host as 0.1.0 left it: attached, mounted, without notes of the mounts."""
    app = cephfs().app
    guest = app.domains.find("guest").uuid
    app.domains.edit(guest, app.domains.xml_of(guest), (_DATA / "guest.xml").read_text())
    for item in _rules():
        access = Access(
            AccessType(item["access_type"]), item["access_to"], AccessLevel(item["access_level"])
        )
        rule = app.shares.add_rule(item["share_id"], access, metadata=item["metadata"])
        assert rule.id == item["id"]
        if rule.key:
            app.secrets.put(item["share_id"], CephxKey(rule.key))
    for mapping in _mappings():
        kind = "ceph" if mapping.protocol == "CEPHFS" else "nfs4"
        options = frozenset({"rw", "nosuid", "nodev"})
        app.mounts.mounted.append(
            HostMount(mapping.mount_point, kind, mapping.export_location, options, device="0:77")
        )
        if store:
            with app.store.transaction() as transaction:
                transaction.put(mapping)
    return app


def _mappings() -> tuple[ShareMapping, ...]:
    return JsonStore(_DATA / "mappings.json").load()


def _forget_project(app: FakeApp) -> None:
    with app.store.transaction() as transaction:
        for mapping in transaction.mappings:
            transaction.put(replace(mapping, project_id=""))


def _health(app: FakeApp) -> list[str]:
    return [view.health.value for view in list_mappings(app, None, examine=True).views]


def test_store_is_read() -> None:
    docs, data = _mappings()
    assert (docs.share_name, data.share_name) == ("docs", "data")
    assert (docs.libvirt_uri, docs.cloud, docs.device) == ("", "", "")


def test_all_is_healthy_and_the_rules_get_the_host_id_once() -> None:
    app = _host()
    mounts = app.mounts.list()
    assert _health(app) == ["ok", "ok"]
    changes = run_reconcile(app).changes
    assert {line.split(":")[1].split()[0] for line in changes} == {"note"}
    assert run_reconcile(app).changes == ()
    assert app.mounts.list() == mounts
    for rule in app.shares.all_rules:
        assert rule.metadata["sharectl-host-id"] == app.host.id
        assert f"sharectl-domain-{app.domains.find('guest').uuid}" in rule.metadata
    assert [item.access_to for item in app.store.load()] == [it["access_to"] for it in _rules()]


@pytest.mark.parametrize("noted", [False, True])
def test_remove_leaves_nothing(noted: bool) -> None:
    app = _host()
    if noted:
        run_reconcile(app)
    for mapping in app.store.load():
        remove(app, RemoveRequest("guest", mapping.share_id))
    app.shares.settle()
    assert app.shares.all_rules == ()
    assert [item.mount_point for item in app.mounts.list() if "sharectl" in item.mount_point] == []
    assert app.secrets.files == {}


def test_share_of_an_unknown_project_is_not_taken_for_gone() -> None:
    """Before schema 2 it was not recorded, and to other projects a share does not exist."""
    app = _host()
    _forget_project(app)
    before = app.snapshot()
    own, app.shares.project = app.shares.project, "another"
    docs, data = app.store.load()
    assert _health(app) == ["unknown", "unknown"]
    dry = run_reconcile(app, prune=True, dry_run=True)
    assert "of which project is not recorded" in messages(dry)
    with pytest.raises(ConfigError, match="project another has no such share") as caught:
        remove(app, RemoveRequest("guest", docs.share_id))
    assert app.snapshot() == before
    # What the hint says for a share that was deleted.
    assert f"sharectl remove --force guest {docs.share_id}; then: " in (caught.value.hint or "")
    remove(app, RemoveRequest("guest", docs.share_id, force=True))
    forget_mapping(app, look(app, "guest", docs.share_id))
    assert [item.share_id for item in app.store.load()] == [data.share_id]
    assert docs.mount_point not in [item.mount_point for item in app.mounts.list()]
    app.shares.project = own
    assert [rule.id for rule in app.shares.all_rules] == [item["id"] for item in _rules()]


def test_reconcile_records_libvirt_and_project() -> None:
    app = _host()
    _forget_project(app)
    run_reconcile(app)
    for mapping in app.store.load():
        assert mapping.libvirt_uri == "qemu:///system"
        assert mapping.project_id == app.shares.project
        app.shares.delete(mapping.share_id)
    assert _health(app) == ["share-missing", "share-missing"]


def test_lost_store_is_adopted() -> None:
    app = _host(store=False)
    assert messages(run_adopt(app)) == ""
    assert _health(app) == ["ok", "ok"]
    assert [item.access_to for item in app.store.load()] == [it["access_to"] for it in _rules()]


def test_rule_of_a_host_of_the_same_name_is_not_ours() -> None:
    """Earlier versions noted the name alone, which two hosts may have."""
    app = _host()
    other = Access(AccessType.IP, "203.0.113.9", AccessLevel.RW)
    docs = _rules()[0]
    theirs = app.shares.add_rule(docs["share_id"], other, metadata=docs["metadata"])
    for mapping in app.store.load():
        remove(app, RemoveRequest("guest", mapping.share_id))
    run_reconcile(app, prune=True)
    app.shares.settle()
    assert [rule.id for rule in app.shares.all_rules] == [theirs.id]
