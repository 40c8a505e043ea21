"""Nova's validations and failures of attach, one row each: what the admin sees, and no trace left.

The rows follow the order in which Nova checks and fails (its share attachment: API validation,
access rules, detach). Each is run through the command line against the real parts; afterwards
host, domains, Manila and store are as before.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from tests.e2e.world import ROOT, World
from tests.lab.cloud.api import Location

pytestmark = pytest.mark.lab

Arrange = Callable[[World], object]


def _ceph(name: str, **options: object) -> Arrange:
    return lambda world: world.cloud.create_share(name, "CEPHFS", backend="ceph", **options)  # type: ignore[arg-type]


def _nothing(_world: World) -> None: ...


@dataclass(frozen=True)
class Row:
    """One refusal: what is there, what is typed, and what must come of it."""

    name: str
    arrange: Arrange
    arguments: tuple[str, ...]
    status: int
    message: str
    cloud: str = "demo"
    config: str = ""


def _running(world: World) -> None:
    _ceph("docs")(world)
    world.guests[0].start()


def _transient(world: World) -> None:
    _ceph("docs")(world)
    world.guests[0].start()
    world.guests[0].domain.undefine()


def _managed_save(world: World) -> None:
    _ceph("docs")(world)
    saved = world.guest("saved", stay=True)  # without a virtiofs device, which cannot be saved
    saved.start()
    saved.domain.managedSave()


def _share_in(status: str) -> Arrange:
    def arrange(world: World) -> None:
        share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
        world.cloud.set_status(share.id, status)

    return arrange


def _rule_made_by_another(level: str, to: str = "somebody") -> Arrange:
    def arrange(world: World) -> None:
        share = world.cloud.create_share("docs", "CEPHFS", backend="ceph")
        world.cloud.allow(share.id, to, access_type="cephx", level=level)

    return arrange


def _two_of_a_name(world: World) -> None:
    _ceph("docs")(world)
    world.cloud.create_share("docs")


def _hostile(path: str) -> Arrange:
    return _ceph("docs", exports=[Location(path, preferred=True, admin_only=False)])


_FOREIGN_TAG = (
    "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs'/>"
    "<source dir='/tmp'/><target dir='theirs'/></filesystem>"
)
_AS_SOMEBODY = '[cephfs]\naccess_to = "somebody"\n'

ROWS = (
    # Local: the domain and the arguments.
    Row("no such domain", _nothing, ("vm9", "docs"), 3, "domain 'vm9' does not exist"),
    Row("running", _running, ("vm1", "docs"), 4, "domain vm1 is running"),
    Row("transient", _transient, ("vm1", "docs"), 4, "domain vm1 is transient"),
    Row("managed save", _managed_save, ("saved", "docs"), 4, "has a managed-save image"),
    Row("no shared memory", _ceph("docs"), ("bare", "docs"), 4, "has no shared memory"),
    Row("tag too long", _ceph("docs"), ("vm1", "docs", "--tag", "x" * 37), 2, "1 to 36"),
    Row("tag with a space", _ceph("docs"), ("vm1", "docs", "--tag", "a b"), 2, "1 to 36"),
    Row("tag with newline", _ceph("docs"), ("vm1", "docs", "--tag", "a\n"), 2, "1 to 36"),
    Row("tag of another", _ceph("docs"), ("vm1", "docs", "--tag", "theirs"), 4, "already taken"),
    Row("empty share", _nothing, ("vm1", ""), 2, "cannot be the name or ID of a share"),
    Row("bad timeout", _nothing, ("vm1", "docs", "--timeout", "-1"), 2, "--timeout"),
    # Manila: the share.
    Row("no such share", _nothing, ("vm1", "docs"), 3, "share 'docs' does not exist"),
    Row("no such share id", _nothing, ("vm1", "7" * 8 + "-7777-4777-8777-" + "7" * 12), 3,
        "does not exist in this project"),
    Row("another project's", _ceph("docs"), ("vm1", "docs"), 3, "does not exist", cloud="other"),
    Row("ambiguous name", _two_of_a_name, ("vm1", "docs"), 4, "2 shares are named 'docs'"),
    Row("in error", _share_in("error"), ("vm1", "docs"), 4, "status 'error'"),
    Row("deleting", _share_in("deleting"), ("vm1", "docs"), 4, "(status deleting)"),
    Row("other protocol", lambda world: world.cloud.create_share("docs", "CIFS"), ("vm1", "docs"),
        4, "protocol CIFS, and only NFS and CEPHFS"),
    Row("no export location", _ceph("no-export"), ("vm1", "no-export"), 4, "no export location"),
    Row("option as export", _hostile("-oexec:/x"), ("vm1", "docs"), 4, "is refused"),
    Row("escape in export", _hostile("mon:/x/../../etc"), ("vm1", "docs"), 4, "'..'"),
    Row("options in export", _hostile("mon:/x,rw,suid"), ("vm1", "docs"), 4, "comma"),
    # Manila: the access rule.
    Row("rule of another, too little", _rule_made_by_another("ro"), ("vm1", "docs"), 4,
        "was not made by sharectl and only gives ro access", config=_AS_SOMEBODY),
    Row("rule goes to error", _ceph("fail-rule"), ("vm1", "fail-rule"), 4, "state error"),
    Row("driver raises", _ceph("docs"), ("vm1", "docs"), 4, "state error",
        config='[cephfs]\naccess_to = "raise-it"\n'),
    Row("rule too slow", _ceph("slow-rule-3s"), ("vm1", "slow-rule-3s", "--timeout", "1"), 69,
        "waited 1 s for the access rule"),
    Row("key too late", _ceph("late-key-60s"), ("vm1", "late-key-60s", "--timeout", "2"), 69,
        "waited 2 s for the cephx key"),
    # The mount and the libvirt host.
    Row("path that the server lacks", _hostile("10.99.0.1:6789:/nowhere"), ("vm1", "docs"), 74,
        "cannot mount 10.99.0.1:6789:/nowhere"),
    Row("no libvirt", _ceph("docs"), ("vm1", "docs"), 69, "cannot connect to libvirt",
        config='[libvirt]\nuri = "qemu+unix:///system?socket=/nowhere"\n'),
    # Credentials and configuration.
    Row("unknown cloud", _ceph("docs"), ("vm1", "docs"), 78, "no usable credentials",
        cloud="nowhere"),
    Row("unknown setting", _nothing, ("vm1", "docs"), 78, "unknown key nfs.versoin",
        config='[nfs]\nversoin = "4"\n'),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))
def test_add_is_refused_without_a_trace(world: World, row: Row) -> None:
    world.guest("vm1", devices=_FOREIGN_TAG, stay=True)
    world.guest("bare", shared_memory=None)
    row.arrange(world)
    world.config = row.config
    before = world.snapshot()
    result = world.sharectl("add", *row.arguments, cloud=row.cloud)
    assert row.message in result.stderr
    assert result.status == row.status
    assert result.stdout == ""
    assert world.snapshot() == before


def test_errors_are_two_lines_the_second_a_hint(world: World) -> None:
    world.guest("bare", shared_memory=None)
    lines = world.sharectl("add", "bare", "docs").stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("sharectl: error: domain bare has no shared memory")
    assert '<access mode="shared"/>' in lines[1]


def test_another_options_for_an_attached_share_are_refused(world: World) -> None:
    world.guest("vm1")
    _ceph("docs")(world)
    world.sharectl("add", "vm1", "docs", "--tag", "one").ok()
    before = world.snapshot()
    for options in (("--tag", "two"), ("--read-only",)):
        result = world.sharectl("add", "vm1", "docs", *options)
        assert result.status == 4
        assert "is already attached to domain vm1 with tag one, read-write" in result.stderr
    assert world.snapshot() == before


def test_a_tag_is_taken_once_in_a_domain_but_free_in_another(world: World) -> None:
    world.guest("vm1")
    world.guest("vm2")
    _ceph("docs")(world)
    _ceph("data")(world)
    world.sharectl("add", "vm1", "docs", "--tag", "one").ok()
    before = world.snapshot()
    result = world.sharectl("add", "vm1", "data", "--tag", "one")
    assert (result.status, "tag one is already taken" in result.stderr) == (4, True)
    assert world.snapshot() == before
    world.sharectl("add", "vm2", "data", "--tag", "one").ok()


def test_read_write_and_read_only_do_not_share_a_mount(world: World) -> None:
    world.guest("vm1")
    world.guest("vm2")
    _ceph("docs")(world)
    world.sharectl("add", "vm1", "docs").ok()
    before = world.snapshot()
    result = world.sharectl("add", "vm2", "docs", "--read-only")
    assert (result.status, "attached read-write to domain vm1" in result.stderr) == (4, True)
    assert world.snapshot() == before


def test_a_rule_of_another_that_is_enough_is_used_and_stays(world: World) -> None:
    world.config = _AS_SOMEBODY
    world.guest("vm1")
    _rule_made_by_another("rw")(world)
    before = world.snapshot()
    world.sharectl("add", "vm1", "docs").ok()
    assert world.snapshot().rules == before.rules
    world.sharectl("remove", "vm1", "docs").ok()
    assert world.snapshot() == before


def test_only_root_may_change_anything(world: World) -> None:
    world.guest("vm1")
    code = (
        "import os; import sharectl.cli as c, sharectl.cli.attach, sharectl.app, sharectl.config;"
        " import sharectl.adapters.signals, traceback, difflib; os.setuid(65534); c.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "add", "vm1", "docs"],
        capture_output=True, text=True, check=False, env=world.environment(), cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 77
    assert "add must be run as root" in done.stderr


def test_an_undo_that_fails_is_recorded_and_finished_by_remove(world: World) -> None:
    world.guest("vm1")
    share = world.cloud.create_share("fail-rule-fail-deny", "CEPHFS", backend="ceph")
    before = world.snapshot()
    result = world.sharectl("add", "vm1", "fail-rule-fail-deny")
    assert result.status == 4
    assert "undoing it failed too: Manila could not withdraw access rule" in result.stderr
    assert "finish with: sharectl remove vm1" in result.stderr
    assert [intent for _share, intent in world.snapshot().mappings.values()] == ["detaching"]
    world.cloud.rename(share.id, "docs")
    world.sharectl("remove", "vm1", share.id).ok()
    assert replace(world.snapshot(), locks=0) == before
